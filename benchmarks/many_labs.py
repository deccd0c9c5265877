#!/usr/bin/env python3
"""Verification of several labs beside that of one: wall time, and processor time of this machine and of the hosts.

    benchmarks/many_labs.py --yes [--labs 4] [--rounds 2] [--cores 0.4] [CASE ...]

Makes the containers of a classroom with a number of students, each a lab of its own, and the Hadoop cluster; then
verifies one lab and all labs, taking turns. Bar: all labs take at most twice as long as one. With --cores each host has
that part of a processor for itself, as VMs of their own have theirs.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from typing import Any

from classroom import CLUSTER, Classroom
from measure import BenchmarkError, machine, processor_time, report, timed

BAR = 2.0


def verify(classroom: Classroom, students: list[str], cases: list[str]) -> dict[str, Any]:
    """Verify the labs of some students. Returns a row of the table."""
    limit = ",".join([*students, CLUSTER])
    before = classroom.cost()
    argv = ["./lab", "--name", classroom.name, "verify", "-i", str(classroom.inventory), "--limit", limit, *cases]
    wall, control = processor_time(argv, classroom.log)
    used = classroom.cost() - before
    return {"labs": len(students), "wall s": wall, "control cpu s": control, "hosts cpu s": used.cpu}


def main() -> int:
    """Measure, print, and return 0 if the ratio is within its bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="default: all")
    parser.add_argument("--labs", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--cores", type=float, default=0, help="of each host; 0: not limited")
    parser.add_argument("--name", default="many-labs", help="of the lab that is made and measured")
    parser.add_argument("--keep", action="store_true", help="take hosts that an earlier run left up, and leave them up")
    parser.add_argument("--yes", action="store_true", help="containers of that name may be removed")
    options = parser.parse_args()
    if not options.yes:
        parser.error("this makes and removes containers; add --yes")
    about = machine()
    classroom = Classroom(options.labs, options.name, bare=False)
    rows: list[dict[str, Any]] = []
    try:
        if not options.keep or not classroom.is_up():
            classroom.make()
            timed(["./lab", "--name", options.name, "up", "--no-verify", "-i", str(classroom.inventory)], classroom.log)
        if options.cores:
            classroom.limit_processors(options.cores)
        for _ in range(options.rounds):
            for students in (classroom.students[:1], classroom.students):
                rows.append(verify(classroom, students, options.cases))
                print(rows[-1], flush=True)
    except BenchmarkError as error:
        print(f"many_labs: {error}", file=sys.stderr)
        return 2
    finally:
        if not options.keep:
            classroom.remove()
    one, all_labs = (statistics.median(row["wall s"] for row in rows if row["labs"] == n) for n in (1, options.labs))
    ratio = all_labs / one
    report("many_labs", rows, about, bar=BAR, ratio=ratio, cores=options.cores)
    print(f"{options.labs} labs take {ratio:.2f} times as long as one (bar {BAR:g})")
    return 1 if ratio > BAR else 0


if __name__ == "__main__":
    sys.exit(main())
