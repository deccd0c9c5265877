"""Runs on the student's host by the course's Python: writes and reads records, groups and files of HDFS.

Called with one JSON argument: {"do": NAME, ...}; prints one JSON value. It uses only what both releases have, and
nothing of verify/, which may change with the present release.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from typing import Any

from hdfs import InsecureClient
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

BROKER = "localhost:9092"
WEBHDFS = "http://hadoopmaster:9870"


def send(topic: str, values: list[str]) -> int:
    """Send texts to the partitions in turn, with keys and a header, and wait for their acknowledgement."""
    producer = KafkaProducer(bootstrap_servers=BROKER)
    partitions = sorted(producer.partitions_for(topic))
    for number, value in enumerate(values):
        producer.send(
            topic, value.encode(), f"clau-{number}".encode(), partition=partitions[number % len(partitions)],
            headers=[("origen", b"prova")],
        )  # fmt: skip
    producer.flush()
    return len(values)


def commit(topic: str, group: str, records: int) -> int:
    """Read some records of each partition as a member of a group, and commit."""
    consumer = KafkaConsumer(
        topic, bootstrap_servers=BROKER, group_id=group, enable_auto_commit=False, auto_offset_reset="earliest",
        max_poll_records=1,
    )  # fmt: skip
    count, deadline = 0, time.monotonic() + 60
    while count < records and time.monotonic() < deadline:
        count += sum(len(batch) for batch in consumer.poll(timeout_ms=500).values())
    consumer.commit()
    consumer.close()
    return count


def read(topics: list[str], least: dict[str, int] | None = None, seconds: float = 0) -> dict[str, list[Any]]:
    """Every record of topics: partition, offset, timestamp in ms, key, value, headers.

    `least` waits until topics hold that number of records, for `seconds` at most.
    """
    consumer = KafkaConsumer(bootstrap_servers=BROKER, enable_auto_commit=False)
    deadline, found = time.monotonic() + seconds, {}
    for topic in topics:
        while True:
            parts = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
            ends = consumer.end_offsets(parts) if parts else {}
            if sum(ends.values()) >= (least or {}).get(topic, 0) or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        consumer.assign(parts)
        if parts:
            consumer.seek_to_beginning(*parts)
        records = []
        until = time.monotonic() + 30
        while any(consumer.position(part) < ends[part] for part in parts) and time.monotonic() < until:
            records += [record for batch in consumer.poll(timeout_ms=500).values() for record in batch]
        found[topic] = sorted(
            [
                record.partition, record.offset, record.timestamp, _text(record.key), _text(record.value),
                [[name, _text(value)] for name, value in record.headers],
            ]
            for record in records
        )  # fmt: skip
    return found


def offsets(group: str, topic: str) -> dict[str, int | None]:
    """A group's committed offset by partition."""
    consumer = KafkaConsumer(bootstrap_servers=BROKER, group_id=group, enable_auto_commit=False)
    parts = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
    return {str(part.partition): consumer.committed(part) for part in parts}


def hdfs(folder: str) -> dict[str, list[Any]]:
    """Every file below a folder of HDFS: length, owner, mode, replication, lines and sha256 of its content."""
    client = InsecureClient(WEBHDFS, user="hadoop")
    found: dict[str, list[Any]] = {}
    for name, about in client.list(folder, status=True) if client.status(folder, strict=False) else ():
        path = f"{folder}/{name}"
        if about["type"] == "DIRECTORY":
            found |= hdfs(path)
            continue
        with client.read(path) as answer:
            data = answer.read()
        described = [about[key] for key in ("length", "owner", "permission", "replication")]
        found[path] = [*described, data.count(b"\n"), hashlib.sha256(data).hexdigest()]
    return found


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", errors="backslashreplace")


if __name__ == "__main__":
    request = json.loads(sys.argv[1])
    print(json.dumps(globals()[request.pop("do")](**request)))
