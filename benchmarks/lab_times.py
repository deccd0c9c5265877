#!/usr/bin/env python3
"""The lab's times: from nothing, with warm caches, again with nothing to change, verification; and its memory.

    benchmarks/lab_times.py --yes [--steps nothing,warm,again,verify,memory] [--name benchmark]

    nothing  no containers, no image, empty caches, no .venv; OS packages of this machine stay      ./lab up
    warm     as that left it, but no containers                                                     ./lab up
    again    nothing to change; the median of --rounds                                              ./lab up --no-verify
    verify   all cases                                                                              ./lab verify
    memory   of all processes on both hosts, after that

`nothing` and `warm` remove the containers and data of the lab they measure, hence a name of its own; `nothing` also
this clone's .venv and the images of hosts. From `nothing` on, the caches are build/benchmarks/cache; without it, yours.
Take other labs on this machine down first: they share its processors, and an image in use is not removed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import resident_memory
from measure import OUTPUT, ROOT, BenchmarkError, machine, report, timed

STEPS = ("nothing", "warm", "again", "verify", "memory")
# Seconds, and MB for memory; for two cores and 24 GiB.
BARS = {"nothing": 480, "warm": 240, "again": 25, "verify": 120, "memory": 4096}
COMMANDS = {"nothing": "up", "warm": "up", "again": "up --no-verify", "verify": "verify"}
LOG = OUTPUT / "lab_times.log"
CACHE = OUTPUT / "cache"
PODMAN = ROOT / "roles" / "containers" / "files" / "podman.sh"
IMAGES = "localhost/streaming-lab-"


def lab(options: argparse.Namespace, *words: str) -> float:
    """Time ./lab on the lab that is measured."""
    caches = {"XDG_CACHE_HOME": str(CACHE)} if options.own_cache else {}
    return timed(["./lab", "--name", options.name, *words], LOG, caches)


def images_left() -> list[str]:
    """Images of hosts that podman has on this machine."""
    argv = [*(["sudo"] if os.geteuid() else []), str(PODMAN), "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]
    done = subprocess.run(argv, cwd=ROOT, text=True, capture_output=True, check=False)
    return [line for line in done.stdout.splitlines() if line.startswith(IMAGES)]


def make_nothing(options: argparse.Namespace) -> None:
    """Leave neither containers nor images, caches or .venv.

    Raises:
        BenchmarkError: another lab holds an image.
    """
    if shutil.which("podman"):
        lab(options, "down", "--purge", "--yes")
        left = images_left()
        if left:
            raise BenchmarkError(f"{', '.join(left)} is still there: take the lab that uses it down first (./lab down)")
    for folder in (CACHE, ROOT / ".venv"):
        shutil.rmtree(folder, ignore_errors=True)


def changes(log: Path) -> str:
    """The last `changed=N` that ./lab printed into the log."""
    found = re.findall(r"changed=(\d+)", log.read_text(encoding="utf-8"))
    return found[-1] if found else "?"


def measure(step: str, options: argparse.Namespace) -> dict[str, Any]:
    """Take one step's figure.

    Returns:
        a row: step, command, how many runs, their median in seconds, the bar.
    Raises:
        BenchmarkError: a command failed, or something changed where nothing was to change.
    """
    if step == "nothing":
        make_nothing(options)
    elif step == "warm":
        lab(options, "down", "--yes")
    seconds = []
    for _ in range(options.rounds if step == "again" else 1):
        seconds.append(lab(options, *COMMANDS[step].split()))
        if step == "again" and changes(LOG) != "0":
            raise BenchmarkError(f"a run with nothing to change reported changed={changes(LOG)}; see {LOG}")
    median = statistics.median(seconds)
    return {
        "step": step,
        "command": f"./lab {COMMANDS[step]}",
        "runs": len(seconds),
        "seconds": median,
        "bar": BARS[step],
    }


def main() -> int:
    """Measure what was asked for, print it, and return 0 if every figure is within its bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", default=",".join(STEPS), help="which, in the order above")
    parser.add_argument("--name", default="benchmark", help="of the lab that is made and measured")
    parser.add_argument("--rounds", type=int, default=3, help="runs of step `again`")
    parser.add_argument("--hosts", default="kafka,hadoopmaster", help="hosts; their memory is summed")
    parser.add_argument("--keep", action="store_true", help="leave the lab up at the end")
    parser.add_argument("--yes", action="store_true", help="you have read what is removed")
    options = parser.parse_args()
    wanted = [step for step in STEPS if step in options.steps.split(",")]
    unknown = sorted(set(options.steps.split(",")) - set(STEPS))
    if unknown or not wanted:
        parser.error(f"no step is called {', '.join(unknown) or 'nothing'}; known: {', '.join(STEPS)}")
    if {"nothing", "warm"} & set(wanted) and not options.yes:
        parser.error("this removes containers, caches or .venv (see --help); add --yes")
    options.own_cache = "nothing" in wanted
    about = machine()
    LOG.parent.mkdir(parents=True, exist_ok=True)
    LOG.write_text("", encoding="utf-8")
    rows: list[dict[str, Any]] = []
    memory: list[dict[str, Any]] = []
    try:
        for step in wanted:
            print(f"{step} ...", flush=True)
            if step == "memory":
                memory = resident_memory.of_hosts(["--name", options.name], options.hosts.split(","))
            else:
                rows.append(measure(step, options))
        if not options.keep and "nothing" in wanted:
            lab(options, "down", "--yes")
            shutil.rmtree(CACHE, ignore_errors=True)
    except BenchmarkError as error:
        print(f"lab_times: {error}", file=sys.stderr)
        return 2
    finally:
        add_ratios(rows)
        if rows:
            report("lab_times", rows, about)
        if memory:
            report("lab_memory", memory, about, bar_mb=BARS["memory"])
    missed = [row["step"] for row in rows if row["seconds"] > row["bar"]]
    missed += ["memory"] * bool(memory and memory[-1]["rss_mb"] > BARS["memory"])
    print(f"missed: {', '.join(missed)}" if missed else "every figure is within its bar")
    return 1 if missed else 0


def add_ratios(rows: list[dict[str, Any]]) -> None:
    """Say of each time what part of the one before it is: warm of nothing, again of warm."""
    times = {row["step"]: row["seconds"] for row in rows}
    for row in rows:
        base = {"warm": "nothing", "again": "warm"}.get(row["step"])
        row["ratio"] = row["seconds"] / times[base] if base in times else None
        row["of"] = base if base in times else None


if __name__ == "__main__":
    sys.exit(main())
