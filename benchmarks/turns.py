#!/usr/bin/env python3
"""Times commands that take turns, so that whatever else the machine does falls on all of them.

    benchmarks/turns.py [--rounds 9] NAME='COMMAND' NAME='COMMAND' ...

Each command is a line for the shell. The first round warms caches and does not count. The ratios are those to the last
command. The file needs nothing else of the project, so a host can run it: ./lab shell kafka -- python3 - ... < turns.py
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time


def named(text: str) -> tuple[str, str]:
    """Split NAME=COMMAND.

    Raises:
        argparse.ArgumentTypeError: one of them is missing.
    """
    name, _, command = text.partition("=")
    if not name or not command:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=COMMAND")
    return name, command


def rounds(text: str) -> int:
    """Read a number of rounds.

    Raises:
        argparse.ArgumentTypeError: it is below 1.
    """
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text} is below 1")
    return number


def run(command: str) -> tuple[float, float]:
    """Run a command to its end.

    Returns:
        wall time and processor time of the command, in seconds.
    Raises:
        SystemExit: it failed; with the last line that it printed.
    """
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, shell=True, capture_output=True, text=True, errors="replace", check=False)  # noqa: S602
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()
        sys.exit(f"turns: {command} ended with status {done.returncode}: {lines[-1]}")
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=rounds, default=9)
    parser.add_argument("commands", nargs="+", metavar="NAME=COMMAND", type=named)
    options = parser.parse_args()
    commands = dict(options.commands)
    if len(commands) < len(options.commands):
        parser.error("two commands have one name")
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for number in range(options.rounds + 1):
        for name, command in commands.items():
            taken = run(command)
            if number:
                times[name].append(taken)
    rows = {}
    for name, taken in times.items():
        walls, processor = zip(*taken, strict=True)
        rows[name] = statistics.median(walls), min(walls), max(walls), statistics.median(processor)
    base = list(rows.values())[-1]
    width = max(map(len, rows))
    print(f"{options.rounds} rounds\n{'':{width}}  median s   min s   max s   cpu s  ratio  cpu ratio")
    for name, (median, least, most, cpu) in rows.items():
        ratios = f"{median / base[0]:5.2f}  {cpu / base[3]:9.2f}"
        print(f"{name:{width}}  {median:8.2f}  {least:6.2f}  {most:6.2f}  {cpu:6.2f}  {ratios}")


if __name__ == "__main__":
    main()
