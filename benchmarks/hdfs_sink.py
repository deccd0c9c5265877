#!/usr/bin/env python3
"""hdfs-sink against the notes' consumer, the small correct one, and a bare kafka-python poll loop that writes nowhere.

    benchmarks/hdfs_sink.py [--quick] [--name lab] [--steps speed,memory,latency]

    speed    rows per second, 200,000 rows on one partition and on four; the notes' consumer on 300 of them
    memory   resident growth of the sink from 10,000 to 2,000,000 rows
    latency  from produce to visible in HDFS at 100 rows/s with --seconds 2: median and 95th percentile

--quick takes a tenth of the rows. All run on the lab's workspace host, one after the other; topics and folders named
bench-sink-* are made and removed.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

from measure import BenchmarkError, machine, on_host, report

PROGRAM = Path(__file__).with_name("hdfs_sink_onhost.py")
STEPS = ("speed", "memory", "latency")
BARS = {"sink against the notes": 1000.0, "sink against the bare loop": 0.8, "growth in MB": 50.0, "p95 in s": 3.0}


def ask(options: argparse.Namespace, do: str, **arguments: Any) -> dict[str, Any]:
    """Run one function of hdfs_sink_onhost.py on the workspace host and return its answer."""
    command = f"/opt/course-venv/bin/python3 - {shlex.quote(json.dumps({'do': do, **arguments}))}"
    program = PROGRAM.read_text(encoding="utf-8")
    printed = on_host(["--name", options.name], options.host, command, program, "student")
    try:
        return json.loads(printed.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise BenchmarkError(f"{options.host} answered {printed[-200:]!r}") from None


def speed(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Rows per second of all four, on one partition and on four."""
    found = []
    count = options.rows // 10 if options.quick else options.rows
    for partitions in (1, 4):
        topic = f"bench-sink-{partitions}"
        ask(options, "fill", topic=topic, count=count, partitions=partitions)
        for what in ("bare", "sink", "small", "sink", "bare", "sink", "bare", "notes"):
            # The notes' consumer takes minutes for more; on four partitions it does nothing else than on one.
            if what == "notes" and partitions > 1:
                continue
            rows = 300 if what == "notes" else count
            seen = ask(options, what, topic=topic, count=rows)
            found.append({"program": what, "partitions": partitions, **seen, "per_second": rows / seen["seconds"]})
            print(f"{what} on {partitions}: {rows / seen['seconds']:.0f} rows/s", flush=True)
        ask(options, "remove", topic=topic)
    return found


def best(rows: list[dict[str, Any]], program: str, partitions: int) -> float:
    """A program's best rate: what else this machine did is not the program's."""
    return max(row["per_second"] for row in rows if (row["program"], row["partitions"]) == (program, partitions))


def least_cpu(rows: list[dict[str, Any]], program: str, partitions: int) -> float:
    """The least processor time, in seconds, that a program took."""
    return min(row["cpu"] for row in rows if (row["program"], row["partitions"]) == (program, partitions))


def verdicts(rows: list[dict[str, Any]], memory: dict[str, Any], latency: dict[str, Any]) -> list[dict[str, Any]]:
    """Each figure that has a bar, with it and whether it is met."""
    found = []

    def add(figure: str, value: float, bar: str, above: bool) -> None:
        met = value >= BARS[bar] if above else value < BARS[bar]
        found.append({"figure": figure, "value": float(value), "bar": BARS[bar], "met": "yes" if met else "NO"})

    if rows:
        notes = best(rows, "notes", 1)
        for partitions in (1, 4):
            sink, bare = best(rows, "sink", partitions), best(rows, "bare", partitions)
            add(f"sink : notes, {partitions} partitions", sink / notes, "sink against the notes", True)
            add(f"sink : bare loop, {partitions} partitions", sink / bare, "sink against the bare loop", True)
            least = {what: least_cpu(rows, what, partitions) for what in ("bare", "sink")}
            # What else this machine does weighs less on processor time.
            add(f"the same in processor time, {partitions} partitions", least["bare"] / least["sink"],
                "sink against the bare loop", True)  # fmt: skip
    if memory:
        add("resident growth, MB", memory["growth_mb"], "growth in MB", False)
    if latency:
        add("produce to visible, p95, s", latency["p95"], "p95 in s", False)
    return found


def main() -> int:
    """Measure, print, and return 0 if every bar is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--name", default="lab", help="the lab that is measured")
    parser.add_argument("--host", default="kafka", help="its workspace host")
    parser.add_argument("--rows", type=int, default=200_000, help="of step speed; default: 200000")
    parser.add_argument("--steps", default=",".join(STEPS), help="which")
    options = parser.parse_args()
    steps = options.steps.split(",")
    if not set(steps) <= set(STEPS):
        parser.error(f"known steps: {', '.join(STEPS)}")
    about = machine()
    try:
        rows = speed(options) if "speed" in steps else []
        memory = ask(options, "memory", count=200_000 if options.quick else 2_000_000) if "memory" in steps else {}
        latency = ask(options, "latency", seconds=20 if options.quick else 60) if "latency" in steps else {}
    except BenchmarkError as error:
        print(f"hdfs_sink: {error}", file=sys.stderr)
        return 2
    found = verdicts(rows, memory, latency)
    report("hdfs_sink", found, about, runs=rows, memory=memory, latency=latency)
    return 0 if all(row["met"] == "yes" for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
