#!/usr/bin/env python3
"""How long a row of MySQL takes to its topic: from the INSERT's commit until a consumer has the record.

Rows go in one by one at a steady rate, each a transaction; none may be missing and none may come twice. Measures the
engine that the lab has. Makes a table, a connector and topics of its own and removes them.

    benchmarks/mysql_latency.py [--rows 10000] [--rate 200] [--poll-ms 100] [--host kafka] [-- OPTIONS OF ./lab]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path

from measure import BenchmarkError, machine, on_host, report

PROBE = Path(__file__).with_name("mysql_latency_probe.py")
# Engine and bar of the 95th percentile, in seconds, by the connector's package.
ENGINES = {"io.debezium": ("debezium", 1.0), "io.confluent": ("jdbc", 2.0), "io.aiven": ("aiven", 2.0)}
# Below this share of the rate that was asked for, the machine could not insert fast enough.
STEADY = 0.95


def main() -> int:
    """Measure, print, and return 0 if the 95th percentile is within the bar, nothing missing and nothing doubled."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=200.0, help="inserts a second")
    parser.add_argument("--poll-ms", type=int, default=100, help="poll.interval.ms of the JDBC connectors")
    parser.add_argument("--host", default="kafka", help="host with MySQL and the student's programs")
    parser.add_argument("--python", default="/opt/course-venv/bin/python3")
    parser.add_argument("--connector", default="/opt/kafka/config/mysql-source.json")
    parser.add_argument("--connect", default="http://localhost:8083")
    parser.add_argument("--bootstrap", default="localhost:9092")
    parser.add_argument("lab", nargs="*", help="options of ./lab, after --, such as --name other")
    options = parser.parse_args()
    about = machine()
    line = (
        f"{options.python} - {options.connector} {options.connect} {options.bootstrap} {options.rows} {options.rate} "
        f"{options.poll_ms}"
    )
    try:
        found = json.loads(on_host(options.lab, options.host, line, PROBE.read_text(encoding="utf-8")))
    except BenchmarkError as error:
        print(f"mysql_latency: {error}", file=sys.stderr)
        return 2
    if found["rate"] < STEADY * options.rate:
        print(
            f"mysql_latency: {found['rate']:.0f} inserts a second were reached of {options.rate:.0f}; "
            "ask for fewer with --rate",
            file=sys.stderr,
        )
        return 2
    engine, bar = next((pair for prefix, pair in ENGINES.items() if found["class"].startswith(prefix)), ("other", 2.0))
    latency = sorted(found["latency"])
    hundredths = statistics.quantiles(latency, n=100, method="inclusive") if len(latency) > 1 else latency * 99
    row = {
        "engine": engine,
        "rows": found["rows"],
        "per_s": round(found["rate"], 1),
        "p50_s": hundredths[49],
        "p95_s": hundredths[94],
        "p99_s": hundredths[98],
        "max_s": latency[-1],
        "missing": len(found["missing"]),
        "repeated": len(found["repeated"]),
    }
    kept = {key: found[key] for key in ("class", "missing", "repeated", "latency")}
    report(f"mysql_latency-{engine}", [row], about, bar=bar, poll_ms=options.poll_ms, **kept)
    exact = not found["missing"] and not found["repeated"]
    print(f"p95 {row['p95_s']:.3f} s, to be under {bar} s: {'reached' if row['p95_s'] < bar else 'MISSED'}")
    print(f"every row once: {'yes' if exact else 'NO, see missing and repeated'}")
    return 0 if row["p95_s"] < bar and exact else 1


if __name__ == "__main__":
    sys.exit(main())
