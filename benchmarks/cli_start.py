#!/usr/bin/env python3
"""How long `kafka-topics.sh --list` takes: the lab's launcher against Kafka's own flags, same jars, same run.

The two take turns on the lab's Kafka host, so that what else the machine does falls on both. Reads only.
`cpu_s` is the processor time, which other load does not stretch.

    benchmarks/cli_start.py [--rounds 15] [--host kafka] [-- OPTIONS OF ./lab]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys

from measure import BenchmarkError, machine, on_host, report

BAR = 0.6
# Load average a core above which wall times are of little use.
BUSY = 0.5
# What bin/kafka-run-class.sh of Apache's Kafka 3.8.1 gives java where nothing is set, the log settings of its tools
# (bin/kafka-topics.sh) and the class path as a wildcard.
STOCK = (
    "-Xmx256M -server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 "
    "-XX:+ExplicitGCInvokesConcurrent -Djava.awt.headless=true"
)
PROBE = r"""
import json, os, resource, subprocess, sys, time
home, rounds, stock, address = sys.argv[1], int(sys.argv[2]), sys.argv[3].split(), sys.argv[4]
end = ["--bootstrap-server", address, "--list"]
java = os.path.join(os.environ.get("JAVA_HOME", ""), "bin", "java") if os.environ.get("JAVA_HOME") else "java"
commands = {
    "lab": [home + "/bin/kafka-topics.sh", *end],
    "stock": [java, *stock, "-Dlog4j.configuration=file:" + home + "/config/tools-log4j.properties",
              "-cp", home + "/libs/*", "org.apache.kafka.tools.TopicCommand", *end],
}
def used():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


seconds = {name: [] for name in commands}
cpu = {name: [] for name in commands}
said = {}
for number in range(rounds + 1):
    for name, argv in commands.items():
        started, before = time.perf_counter(), used()
        done = subprocess.run(argv, capture_output=True, text=True)
        took = time.perf_counter() - started
        if done.returncode:
            sys.exit(name + ": " + (done.stderr.strip() or done.stdout.strip()).splitlines()[-1])
        said.setdefault(name, done.stdout)
        # The first round warms the page cache and does not count.
        if number:
            seconds[name].append(took)
            cpu[name].append(used() - before)
json.dump({"seconds": seconds, "cpu": cpu, "same_output": said["lab"] == said["stock"]}, sys.stdout)
"""


def main() -> int:
    """Measure, print, and return 0 if the ratio is within the bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--host", default="kafka")
    parser.add_argument("--home", default="/opt/kafka", help="Kafka's home on the host")
    parser.add_argument("--bootstrap", default="localhost:9092")
    parser.add_argument("lab", nargs="*", help="options of ./lab, after --, such as --name other")
    options = parser.parse_args()
    about = machine()
    line = f"python3 - {options.home} {options.rounds} '{STOCK}' {options.bootstrap}"
    try:
        found = json.loads(on_host(options.lab, options.host, line, PROBE))
    except BenchmarkError as error:
        print(f"cli_start: {error}", file=sys.stderr)
        return 2
    if not found["same_output"]:
        print("cli_start: the two printed different topics; the figures are of different work", file=sys.stderr)
        return 2
    medians = {name: statistics.median(values) for name, values in found["seconds"].items()}
    rows = [
        {
            "launcher": {"lab": "the lab's kafka-topics.sh", "stock": "Kafka's own flags"}[name],
            "rounds": len(values),
            "median_s": medians[name],
            "min_s": min(values),
            "max_s": max(values),
            "cpu_s": statistics.median(found["cpu"][name]),
            "ratio": medians[name] / medians["stock"],
            "cpu_ratio": statistics.median(found["cpu"][name]) / statistics.median(found["cpu"]["stock"]),
        }
        for name, values in found["seconds"].items()
    ]
    ratio = medians["lab"] / medians["stock"]
    report(
        "cli_start", rows, about, ratio=ratio, bar=BAR, stock_flags=STOCK, seconds=found["seconds"], cpu=found["cpu"]
    )
    if about["load_before"] > BUSY * about["cores"]:
        print(f"note: load average {about['load_before']} before the run; this machine was busy, see cpu_s")
    print(f"ratio {ratio:.2f}, to be {BAR} or less: {'reached' if ratio <= BAR else 'MISSED'}")
    return 0 if ratio <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
