"""Runs on the workspace host by the course's Python: bookkeeping of topics and groups, one call a step.

Called with one JSON argument: {"do": NAME, ...}; prints one JSON value. It is not what is verified: it looks at what
the student's programs and the notes' commands did.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import TopicAlreadyExistsError


def topics(bootstrap: str) -> list[str]:
    """List the topics."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    return sorted(admin.list_topics())


def create(bootstrap: str, topic: str, partitions: int = 1) -> dict:
    """Make a topic and wait until it has leaders; one of its name that is on its way out is waited for."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    for left in reversed(range(60)):
        try:
            about = {"num_partitions": partitions, "replication_factor": 1}
            admin.create_topics({topic: about}, wait_for_metadata=True)
            break
        except TopicAlreadyExistsError as error:
            # Brokers list it no longer some moments before it is gone.
            if "marked for deletion" not in str(error) or not left:
                raise
            time.sleep(0.5)
    return {"topic": topic, "partitions": partitions}


def delete(bootstrap: str, topic: str) -> dict:
    """Delete a topic."""
    KafkaAdminClient(bootstrap_servers=bootstrap).delete_topics([topic])
    return {"topic": topic}


def partitions(bootstrap: str, topic: str) -> int:
    """Count a topic's partitions."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    return len(admin.describe_topics([topic])[0]["partitions"])


def send(bootstrap: str, topic: str, values: list[str | None]) -> int:
    """Send texts and wait until the broker has them; None is a record without a value, which needs a key."""
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for value in values:
        producer.send(topic, key=b"null" if value is None else None, value=None if value is None else value.encode())
    producer.flush()
    return len(values)


def fill(bootstrap: str, topics: dict[str, list[str]], codecs: list[str] | None = None, times: int = 1) -> dict:
    """Send texts to several topics and wait until the broker has them.

    Args:
        bootstrap: the brokers.
        topics: texts by topic.
        codecs: of the first text of each topic, of the second ...; not compressed where there are none.
        times: how often to send the texts, one after the other.
    """
    for number in range(max(map(len, topics.values()))) if codecs else [None]:
        producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type=codecs[number] if codecs else None)
        for topic, values in topics.items():
            for value in values[number : number + 1] if codecs else values * times:
                producer.send(topic, value=value.encode())
        producer.flush()
        producer.close()
    return {topic: len(values) for topic, values in topics.items()}


def read(bootstrap: str, topic: str, count: int, seconds: float, committed: bool = False) -> list[dict[str, Any]]:
    """Read a topic from its beginning.

    Args:
        bootstrap: the brokers.
        topic: its name; it may not exist yet.
        count: how many records to wait for.
        seconds: how long.
        committed: whether to pass over what no transaction has committed (its end's mark counts for `count`).

    Returns:
        Every record up to the end of each partition at the moment when `count` were there, or at the
        deadline: partition, offset, timestamp (ms), key, value. More than `count` means that more were written.
    """
    isolation = "read_committed" if committed else "read_uncommitted"
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, isolation_level=isolation)
    try:
        return _read(consumer, topic, count, seconds)
    finally:
        consumer.close()


def _read(consumer: KafkaConsumer, topic: str, count: int, seconds: float) -> list[dict[str, Any]]:
    deadline = time.monotonic() + seconds
    ends: dict[TopicPartition, int] = {}
    while True:
        known = consumer.partitions_for_topic(topic) if topic in consumer.topics() else None
        parts = [TopicPartition(topic, number) for number in sorted(known or ())]
        ends = consumer.end_offsets(parts) if parts else {}
        if sum(ends.values()) >= count or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    records: list[dict[str, Any]] = []
    ends = {part: end for part, end in ends.items() if end}
    if not ends:
        return []
    consumer.assign(list(ends))
    consumer.seek_to_beginning(*ends)
    # A few seconds more than the deadline, if what is there is much.
    while any(consumer.position(part) < end for part, end in ends.items()) and time.monotonic() < deadline + 10:
        for batch in consumer.poll(timeout_ms=500).values():
            records += [
                {
                    "partition": r.partition,
                    "offset": r.offset,
                    "timestamp": r.timestamp,
                    "key": _text(r.key),
                    "value": _text(r.value),
                }
                for r in batch
            ]
    return records


def read_each(bootstrap: str, counts: dict[str, int], seconds: float) -> dict[str, list[dict[str, Any]]]:
    """Read several topics, each as `read` does; `counts` says how many records to wait for in each."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    try:
        return {topic: _read(consumer, topic, count, seconds) for topic, count in counts.items()}
    finally:
        consumer.close()


def last(bootstrap: str, topic: str, wanted: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Read the committed records of a topic of updates until the last value of each key is as wanted.

    Args:
        bootstrap: the brokers.
        topic: its values are JSON: a count, or an object with its count `n`, which grows with each update of a key.
        wanted: values by key.
        seconds: how long to wait.

    Returns:
        `right`: how many keys have their value; `wrong`: key -> last value where it differs (none: null); `read`: how
        many records there are; `stale`: how many of them have a count that is not above the key's earlier ones.
    """
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, isolation_level="read_committed")
    found: dict[str, Any] = {}
    deadline, read, stale = time.monotonic() + seconds, 0, 0
    try:
        while topic not in consumer.topics() and time.monotonic() < deadline:
            time.sleep(0.2)
        parts = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        if parts:
            consumer.assign(parts)
            consumer.seek_to_beginning(*parts)
        while parts and found != wanted and time.monotonic() < deadline:
            for batch in consumer.poll(timeout_ms=500).values():
                for record in batch:
                    key, value = _text(record.key) or "", json.loads(record.value)
                    read += 1
                    stale += key in found and _count(value) <= _count(found[key])
                    found[key] = value
    finally:
        consumer.close()
    wrong = {key: found.get(key) for key in {*found, *wanted} if found.get(key) != wanted.get(key)}
    return {"right": len(wanted) - len(wrong.keys() & wanted.keys()), "wrong": wrong, "read": read, "stale": stale}


def _count(value: Any) -> int:
    return value["n"] if isinstance(value, dict) else value


def copy(bootstrap: str, target: str, counts: dict[str, int], steps: list[dict[str, Any]], seconds: float) -> list[str]:
    """Send records of several topics to another topic, byte for byte but for the names of columns.

    Args:
        bootstrap: the brokers.
        target: the other topic.
        counts: how many records to wait for in each topic.
        steps: one after the other, `topic` and `names` (old and new, replaced in this order).
        seconds: how long to wait for a topic's records.

    Returns:
        What was sent, as text.
    """
    records = read_each(bootstrap, counts, seconds)
    sent = []
    for step in steps:
        for record in records[step["topic"]]:
            text = record["value"]
            for old, new in step["names"].items():
                text = text.replace(f'"{old}"', f'"{new}"')
            sent.append(text)
    send(bootstrap, target, sent)
    return sent


def group(bootstrap: str, group: str, wanted: dict[str, Any] | None = None, seconds: float = 0) -> dict[str, Any]:
    """Say how many members a group has, in which state it is, and what it has committed, summed over partitions.

    Args:
        bootstrap: the brokers.
        group: its id.
        wanted: values of the answer to wait for.
        seconds: how long to wait.
    """
    admin, deadline = KafkaAdminClient(bootstrap_servers=bootstrap), time.monotonic() + seconds
    while True:
        known = admin.describe_groups([group])[group]
        offsets = admin.list_group_offsets([group]).get(group, {})
        found = {
            "members": len(known.get("members") or []),
            "state": known.get("group_state") or known.get("state"),
            "committed": sum(place.offset for place in offsets.values() if place.offset > 0),
        }
        if found | (wanted or {}) == found or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", errors="backslashreplace")


if __name__ == "__main__":
    request = json.loads(sys.argv[1])
    print(json.dumps(globals()[request.pop("do")](**request)))
