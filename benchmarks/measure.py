"""What the benchmarks share: time a command, say what machine this is, print a table and keep it as JSON."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import resource
import signal
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "build" / "benchmarks"
SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2)."""


class BenchmarkError(Exception):
    """Why a figure could not be had, in one line."""


def timed(argv: Sequence[str], log: Path, environment: dict[str, str] | None = None, cwd: Path = ROOT) -> float:
    """Run a command of a clone to its end.

    Args:
        argv: the command; a relative path is one of the clone's.
        log: file that its output is appended to.
        environment: variables added to this process's own.
        cwd: the clone.
    Returns:
        wall time in seconds.
    Raises:
        BenchmarkError: it did not end with status 0.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(f"\n$ {' '.join(argv)}\n")
        file.flush()
        started = time.monotonic()
        status = subprocess.run(
            argv,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
        seconds = time.monotonic() - started
    if status != 0:
        raise BenchmarkError(f"{' '.join(argv)} ended with status {status}; its output is in {log}")
    return seconds


def processor_time(argv: Sequence[str], log: Path, environment: dict[str, str] | None = None) -> tuple[float, float]:
    """Run a command, end the processes that outlive it, and take the processor time of all; see `timed`.

    Returns:
        wall time of the command, and processor time, in seconds.
    """
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = timed(argv, log, environment)
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == os.getpid():
            os.kill(int(path.parent.name), signal.SIGTERM)
    try:
        while True:
            os.wait()
    except ChildProcessError:
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def on_host(lab: Sequence[str], host: str, command: str, program: str = "", user: str = "") -> str:
    """Run a shell line on a host of the lab.

    Args:
        lab: options of ./lab that say which lab.
        host: name in the inventory.
        command: the line.
        program: what the line reads from its standard input.
        user: who runs it; default: as ./lab shell decides.
    Returns:
        what it printed.
    Raises:
        BenchmarkError: it did not end with status 0; the message has its last line.
    """
    argv = ["./lab", *lab, "shell", *(["--user", user] if user else []), host, "--", command]
    done = subprocess.run(argv, cwd=ROOT, input=program, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise BenchmarkError(f"{host}: status {done.returncode}: {said}")
    return done.stdout


def machine() -> dict[str, Any]:
    """This machine: cores, memory in GiB, system and kernel. No name of it."""
    memory = next(
        int(line.split()[1])
        for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("MemTotal:")
    )
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**20, 1),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        "kernel": platform.release(),
        "load_before": round(os.getloadavg()[0], 1),
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as text, a column for each key of the first one; numbers stand to the right."""
    if not rows:
        return "nothing measured"
    columns = list(rows[0])
    cells = [columns, *[[_cell(row.get(column)) for column in columns] for row in rows]]
    widths = [max(len(line[number]) for line in cells) for number in range(len(columns))]
    right = [all(isinstance(row.get(column), int | float | None) for row in rows) for column in columns]
    lines = [
        "  ".join(
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _cell(value: Any) -> str:
    """A value as the table shows it."""
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def report(name: str, rows: Sequence[dict[str, Any]], about: dict[str, Any], **more: Any) -> Path:
    """Print the table and write build/benchmarks/NAME.json.

    Args:
        name: of the benchmark.
        rows: the table.
        about: the machine, as `machine` gave it before the first measurement.
        more: what else belongs in the file.
    Returns:
        the file's path.
    """
    OUTPUT.mkdir(parents=True, exist_ok=True)
    path = OUTPUT / f"{name}.json"
    content = {
        "benchmark": name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": about,
        "rows": list(rows),
        **more,
    }
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table(rows))
    print(f"({path.relative_to(ROOT)})")
    return path
