#!/usr/bin/env python3
"""A run with nothing to change, with mitogen and without (LAB_MITOGEN=0), taking turns.

    benchmarks/mitogen.py [--rounds 3] [-- OPTIONS OF ./lab]

The lab must be up and provisioned; a run that changes anything ends the benchmark.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys

from measure import OUTPUT, BenchmarkError, machine, report, timed

LOG = OUTPUT / "mitogen.log"
WAYS = {"with mitogen": "1", "without": "0"}


def main() -> int:
    """Measure, print, and return 0 if both ways changed nothing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("lab", nargs="*", help="options of ./lab, after --, such as --name other")
    options = parser.parse_args()
    about = machine()
    LOG.parent.mkdir(parents=True, exist_ok=True)
    LOG.write_text("", encoding="utf-8")
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    try:
        for _ in range(options.rounds):
            for way, value in WAYS.items():
                seconds[way].append(timed(["./lab", *options.lab, "up", "--no-verify"], LOG, {"LAB_MITOGEN": value}))
                changed = re.findall(r"changed=(\d+)", LOG.read_text(encoding="utf-8"))
                if changed[-1:] != ["0"]:
                    raise BenchmarkError(
                        f"{way}: changed={(changed or ['?'])[-1]}, so this was no run without changes; see {LOG}"
                    )
    except BenchmarkError as error:
        print(f"mitogen: {error}", file=sys.stderr)
        return 2
    base = statistics.median(seconds["without"])
    rows = [
        {
            "strategy": way,
            "runs": len(values),
            "median_s": statistics.median(values),
            "min_s": min(values),
            "max_s": max(values),
            "ratio": statistics.median(values) / base,
        }
        for way, values in seconds.items()
    ]
    report("mitogen", rows, about, seconds=seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
