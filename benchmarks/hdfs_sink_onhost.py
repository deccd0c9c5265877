"""Runs on the workspace host by the course's Python, for hdfs_sink.py: fills topics, runs the programs, and times them.

Its one argument, a JSON text, names one of these functions and what it takes; one JSON line is printed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

LAB = json.loads(Path("/usr/local/lib/streaming-lab/slate.json").read_text())
BROKERS, WEBHDFS, PROGRAMS = LAB["bootstrap"], LAB["webhdfs"], Path(LAB["programs"])
FOLDER = "/user/hadoop/bench-sink"
# The CSV consumer of the notes, section 5.4, as printed; only the topic, the group and the file are the benchmark's.
NOTES = """
import json
from datetime import datetime
from kafka import KafkaConsumer
from hdfs import InsecureClient
hdfs_client = InsecureClient("{webhdfs}", user="hadoop")
hdfs_file = "{folder}/notes.txt"
if not hdfs_client.status(hdfs_file, strict=False):
    with hdfs_client.write(hdfs_file, overwrite=True) as writer:
        writer.write(b"")
consumer = KafkaConsumer("{topic}", bootstrap_servers="{brokers}", auto_offset_reset="earliest",
    enable_auto_commit=True, group_id="{group}", value_deserializer=lambda x: json.loads(x.decode("utf-8")))
for message in consumer:
    payload = message.value.get("payload", {{}})
    datahora = datetime.utcfromtimestamp(payload.get("datahora", 0) / 1000).strftime("%d/%m/%Y %H:%M:%S")
    valor = payload.get("valor", 0.0)
    with hdfs_client.write(hdfs_file, append=True) as writer:
        writer.write(f"{{datahora}},{{valor}}\\n".encode("utf-8"))
    print("row", flush=True)
"""
BARE = """
import sys, time
from kafka import KafkaConsumer, TopicPartition
consumer = KafkaConsumer(bootstrap_servers="{brokers}", enable_auto_commit=False, fetch_max_bytes=8 << 20,
    isolation_level="read_committed")
parts = [TopicPartition("{topic}", n) for n in range({partitions})]
consumer.assign(parts)
for part in parts:
    consumer.seek(part, 0)
seen, began, cpu = 0, time.monotonic(), time.process_time()
while seen < {count}:
    for records in consumer.poll(timeout_ms=200, max_records=10000).values():
        seen += len(records)
print(time.monotonic() - began, time.process_time() - cpu, flush=True)
"""


def fill(topic: str, count: int, partitions: int) -> dict[str, Any]:
    """Delete and create a topic, and send rows of the notes' shape, spread over its partitions."""
    from kafka import KafkaAdminClient, KafkaProducer
    from kafka.errors import TopicAlreadyExistsError

    remove(topic)
    admin = KafkaAdminClient(bootstrap_servers=BROKERS)
    for left in reversed(range(60)):
        try:
            admin.create_topics(
                {topic: {"num_partitions": partitions, "replication_factor": 1}}, wait_for_metadata=True
            )
            break
        except TopicAlreadyExistsError:
            # No longer listed, and not gone yet.
            if not left:
                raise
            time.sleep(0.5)
    producer = KafkaProducer(bootstrap_servers=BROKERS, linger_ms=50, batch_size=1 << 17)
    for number in range(count):
        producer.send(topic, row(number), partition=number % partitions)
    producer.flush()
    return {"sent": count}


def row(number: int, when: int | None = None) -> bytes:
    """A row as the notes' connector sends it."""
    payload = {"id": number, "datahora": 1740132000000 + number * 1000 if when is None else when, "valor": 14.5}
    return json.dumps({"schema": None, "payload": payload}).encode()


def remove(topic: str) -> dict[str, Any]:
    """Delete a topic and everything in the benchmark's folder."""
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=BROKERS)
    if topic in admin.list_topics():
        admin.delete_topics([topic])
        while topic in admin.list_topics():
            time.sleep(0.2)
    clean()
    return {}


def clean() -> None:
    """Delete the benchmark's folder of HDFS."""
    url = f"{WEBHDFS}/webhdfs/v1{FOLDER}?op=DELETE&recursive=true&user.name=hadoop"
    request = urllib.request.Request(url, method="DELETE")  # noqa: S310 - the lab's own address
    urllib.request.urlopen(request, timeout=60).close()  # noqa: S310


def run_python(program: str) -> subprocess.Popen[str]:
    """Start a program that is given as text."""
    return subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def bare(topic: str, count: int) -> dict[str, Any]:
    """The poll loop that writes nowhere, from the moment it begins to read to its last record."""
    partitions = int(topic.rsplit("-", 1)[1])
    child = run_python(BARE.format(brokers=BROKERS, topic=topic, partitions=partitions, count=count))
    try:
        seconds, processor = child.communicate(timeout=600)[0].split()
    finally:
        child.kill()
    return {"seconds": float(seconds), "cpu": float(processor)}


def notes(topic: str, count: int) -> dict[str, Any]:
    """The notes' consumer, from its first row to its last."""
    clean()
    group = f"bench-sink-{time.time_ns()}"
    child = run_python(NOTES.format(brokers=BROKERS, webhdfs=WEBHDFS, folder=FOLDER, topic=topic, group=group))
    return {"seconds": until_lines(child, "row", count)}


def small(topic: str, count: int) -> dict[str, Any]:
    """The lab's small consumer of the notes, corrected: one append a poll."""
    clean()
    text = (PROGRAMS / "consumer_hdfs_temperatures_csv.py").read_text()
    text = text.replace('"mysql_temperatures"', f'"{topic}"').replace("my_group_id_csv", f"bench-sink-{time.time_ns()}")
    text = re.sub(r'hdfs_file = ".*"', f'hdfs_file = "{FOLDER}/small.txt"', text)
    return {"seconds": until_lines(run_python(text), "/", count)}


def until_lines(child: subprocess.Popen[str], mark: str, count: int) -> float:
    """Seconds from a program's first line that holds a mark to its count-th; then it is ended."""
    assert child.stdout is not None
    seen, began = 0, time.monotonic()
    for line in child.stdout:
        if mark in line:
            began = time.monotonic() if not seen else began
            seen += 1
            if seen >= count:
                break
    took = time.monotonic() - began
    child.kill()
    child.wait()
    if seen < count:
        raise SystemExit(f"the program ended after {seen} of {count} rows")
    return took


def start_sink(topic: str, *more: str) -> subprocess.Popen[str]:
    """Start hdfs-sink; it says what it does on a pipe."""
    argv = ["hdfs-sink", "--topic", topic, "--folder", f"{FOLDER}/{topic}", *more]
    return subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)


def sink(topic: str, count: int) -> dict[str, Any]:
    """hdfs-sink, from the moment it knows the first partition's place to the moment its last file is published."""
    clean()
    # Files come out even, so that the last one does not wait for its age.
    rows_a_file = min(50_000, count // int(topic.rsplit("-", 1)[1]))
    child = start_sink(topic, "--seconds", "5", "--rows", str(rows_a_file))
    assert child.stderr is not None
    began, rows, before = None, 0, 0.0
    for line in child.stderr:
        if "event=place" in line:
            began, before = began or time.monotonic(), processor(child.pid)
        if found := re.search(r"event=wrote .*?rows=(\d+)", line):
            rows += int(found[1])
            if rows >= count:
                break
    took, used = time.monotonic() - (began or time.monotonic()), processor(child.pid) - before
    child.terminate()
    child.wait(30)
    return {"seconds": took, "cpu": used}


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(count: int) -> dict[str, Any]:
    """Resident memory of the sink after 10,000 rows and after `count`, of one topic that is filled meanwhile."""
    topic = "bench-sink-memory"
    fill(topic, 10_000, 1)
    child = start_sink(topic, "--seconds", "1")
    assert child.stderr is not None
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=BROKERS, linger_ms=50, batch_size=1 << 17)
    sent, rows, points = 10_000, 0, {}
    for line in child.stderr:
        if found := re.search(r"event=wrote .*?rows=(\d+)", line):
            rows += int(found[1])
            points[rows] = resident(child.pid)
            if rows >= count:
                break
            if rows == sent:
                more = min(100_000, count - sent)
                for number in range(more):
                    producer.send(topic, row(sent + number))
                producer.flush()
                sent += more
    child.terminate()
    child.wait(30)
    remove(topic)
    first, peak = points[min(p for p in points if p >= 10_000)], max(points.values())
    return {"rows": rows, "at_first_mb": first, "peak_mb": peak, "growth_mb": round(peak - first, 1)}


def resident(pid: int) -> float:
    """Resident memory of a process in MB."""
    return round(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


def latency(seconds: int) -> dict[str, Any]:
    """Produce 100 rows a second that hold their own time; a row is visible when its file has its name."""
    import threading

    from kafka import KafkaProducer

    topic = "bench-sink-latency"
    fill(topic, 1, 1)
    child = start_sink(topic, "--seconds", "2", "--format", "jsonl")
    assert child.stderr is not None
    sent: dict[int, float] = {}
    seen: dict[int, float] = {}

    def produce() -> None:
        producer = KafkaProducer(bootstrap_servers=BROKERS, linger_ms=0)
        began = time.monotonic()
        for number in range(1, seconds * 100 + 1):
            time.sleep(max(0.0, began + number / 100 - time.monotonic()))
            sent[number] = time.monotonic()
            producer.send(topic, row(number))
        producer.flush()

    thread = None
    for line in child.stderr:
        # The sink says so after the rename, so what is measured is never earlier than what a reader sees.
        if found := re.search(r"event=wrote .*?start=(\d+) end=(\d+)", line):
            now = time.monotonic()
            seen.update(dict.fromkeys(range(int(found[1]), int(found[2])), now))
            if thread is None:
                thread = threading.Thread(target=produce)
                thread.start()
            if len(seen) > seconds * 100:
                break
    child.terminate()
    child.wait(30)
    waits = sorted(seen[number] - sent[number] for number in sent)
    remove(topic)
    return {
        "rows": len(waits),
        "median": waits[len(waits) // 2],
        "p95": waits[int(len(waits) * 0.95)],
        "most": waits[-1],
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as here:
        os.chdir(here)
        request = json.loads(sys.argv[1])
        print(json.dumps(globals()[request.pop("do")](**request)))
