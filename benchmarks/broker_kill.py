#!/usr/bin/env python3
"""A broker killed with -9: seconds until a new producer and consumer are served, and how often systemd started it.

    benchmarks/broker_kill.py [--rounds 5] [--host kafka] [-- OPTIONS OF ./lab]

The lab must be up. Each round kills the broker of one host, and waits until a record of its own went in and came out
again. It makes a topic `lab-benchmark-kill` and removes it at the end.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from typing import Any

from measure import BenchmarkError, machine, on_host, report, table

BAR_SECONDS = 15.0
PYTHON = "/opt/course-venv/bin/python3"
# Clients start only when the port answers: one that starts while the broker is down waits half a minute by itself.
PROGRAM = r"""
import json, socket, subprocess, sys, time
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

rounds, port, pause = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
broker, part = "localhost:%d" % port, TopicPartition("lab-benchmark-kill", 0)

def systemd(*words):
    return subprocess.run(["systemctl", *words], check=True, text=True, capture_output=True).stdout.strip()

def process():
    return systemd("show", "--property=MainPID", "--value", "kafka")

def starts():
    return int(systemd("show", "--property=NRestarts", "--value", "kafka"))

def answers():
    try:
        socket.create_connection(("localhost", port), timeout=1).close()
        return True
    except OSError:
        return False

def served(text):
    clients = []
    try:
        producer = KafkaProducer(bootstrap_servers=broker, request_timeout_ms=5000, max_block_ms=5000)
        clients.append(producer)
        offset = producer.send(part.topic, text.encode(), partition=0).get(timeout=5).offset
        consumer = KafkaConsumer(bootstrap_servers=broker, enable_auto_commit=False)
        clients.append(consumer)
        consumer.assign([part])
        consumer.seek(part, offset)
        found = consumer.poll(timeout_ms=5000, max_records=1)
        return [record.value.decode() for records in found.values() for record in records] == [text]
    except KafkaError:
        return False
    finally:
        for client in clients:
            client.close()

assert served("before"), "the broker does not serve before anything is killed"
seen = []
for number in range(rounds):
    before, old, text, killed = starts(), process(), "round %d" % number, time.monotonic()
    systemd("kill", "--signal=KILL", "kafka")
    # Not the one that dies: its port answers for a moment yet.
    while process() in ("", "0", old) or not answers():
        time.sleep(0.05)
        assert time.monotonic() - killed < 300, "the port does not answer within 300 s"
    port_after = time.monotonic() - killed
    while not served(text):
        time.sleep(0.05)
        assert time.monotonic() - killed < 300, "nothing is served within 300 s"
    seconds = time.monotonic() - killed
    while systemd("show", "--property=ActiveState", "--value", "kafka") != "active":
        time.sleep(0.1)
    seen.append({"port_s": port_after, "served_s": seconds, "starts": starts() - before})
    time.sleep(pause)
admin = KafkaAdminClient(bootstrap_servers=broker)
admin.delete_topics([part.topic])
admin.close()
print(json.dumps(seen))
"""


def summary(seen: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The table: what was waited for, over all rounds.

    Args:
        seen: a round each: port_s and served_s in seconds, starts.
    """
    rows = []
    for key, what in (("port_s", "port answers"), ("served_s", "a record in and out")):
        values = [one[key] for one in seen]
        rows.append(
            {
                "after kill -9": what,
                "runs": len(values),
                "median_s": statistics.median(values),
                "min_s": min(values),
                "max_s": max(values),
                "starts": max(one["starts"] for one in seen),
            }
        )
    return rows


def main() -> int:
    """Measure, print, and return 0 if every round was within the bar, in one start."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--host", default="kafka", help="host of the broker that is killed")
    parser.add_argument("--port", type=int, default=9092)
    parser.add_argument("--pause", type=float, default=10, help="seconds between two rounds, for Connect to settle")
    parser.add_argument("lab", nargs="*", help="options of ./lab, after --, such as --name other")
    options = parser.parse_args()
    about = machine()
    command = f"sudo -n {PYTHON} - {options.rounds} {options.port} {options.pause}"
    try:
        seen = json.loads(on_host(options.lab, options.host, command, PROGRAM, "ubuntu").splitlines()[-1])
    except (BenchmarkError, ValueError, IndexError) as error:
        print(f"broker_kill: {error}", file=sys.stderr)
        return 2
    print(table(seen), end="\n\n")
    report("broker_kill", summary(seen), about, rounds=seen, bar_s=BAR_SECONDS)
    late = [one for one in seen if one["served_s"] > BAR_SECONDS]
    again = [one for one in seen if one["starts"] != 1]
    print(f"bar {BAR_SECONDS:g} s: {len(late)} of {len(seen)} rounds late, {len(again)} with more than one start")
    return 1 if late or again else 0


if __name__ == "__main__":
    sys.exit(main())
