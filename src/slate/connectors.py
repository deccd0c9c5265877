"""Kafka Connect: connectors, and offsets stored for connectors."""

from __future__ import annotations

import json
import time

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from connect_rest import Connect, history_topic
from slate import topics
from slate.topics import TIMEOUT


def _connect(settings: dict[str, str]) -> Connect:
    return Connect(settings["connect"], timeout=TIMEOUT, patience=TIMEOUT)


def existing(settings: dict[str, str], names: list[str]) -> list[tuple[str, str, str]]:
    """List existing connectors, and deleted ones with stored offsets (Connect keeps those)."""
    known = _connect(settings).names()
    deleted = [name for name in names if name not in known]
    stored = {name for name, _, _ in _stored_offsets(settings, deleted)} if deleted else set()
    connectors = [("connector", name, "") for name in names if name in known]
    return connectors + [("offsets", name, "") for name in sorted(stored)]


def all_names(settings: dict[str, str]) -> list[str]:
    """List all connectors."""
    return sorted(_connect(settings).names())


def all_offsets(settings: dict[str, str]) -> list[str]:
    """List all connectors with stored offsets, also deleted ones."""
    return sorted({name for name, _, _ in _stored_offsets(settings)})


def delete(settings: dict[str, str], names: list[str]) -> list[str]:
    """Stop connectors, reset their offsets (KIP-875) and delete them.

    A new connector of that name then starts from the beginning. Connect resets offsets with the connector's class.
    Without its plugin, the offsets are deleted in Kafka.

    Returns:
        The topics of schema histories that Debezium's connectors leave.

    Raises:
        RestError: with Connect's last answer, if it does not do so in time.
    """
    deleted = _connect(settings).delete(names, offsets=True)
    if deleted.kept:
        # The offsets of a source are in the worker's topic, those of a sink belong to its group.
        delete_offsets(settings, list(deleted.kept))
        topics.delete(settings, [], [f"connect-{name}" for name in deleted.kept])
    remaining = [history for config in deleted.kept.values() for history in history_topic(config)]
    return [topic for _, topic in [*deleted.histories, *remaining]]


def _stored_offsets(settings: dict[str, str], names: list[str] | None = None) -> list[tuple[str, int, bytes]]:
    """Read the worker's offsets topic: connector, partition and key of each offset, of some connectors or of all."""
    topic = settings["connect_offsets"]
    consumer = KafkaConsumer(bootstrap_servers=settings["bootstrap"], enable_auto_commit=False)
    latest: dict[tuple[int, bytes], bytes | None] = {}
    try:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        ends = {tp: end for tp, end in consumer.end_offsets(partitions).items() if end} if partitions else {}
        if not ends:
            return []
        consumer.assign(list(ends))
        consumer.seek_to_beginning(*ends)
        deadline = time.monotonic() + TIMEOUT
        while any(consumer.position(tp) < end for tp, end in ends.items()) and time.monotonic() < deadline:
            for batch in consumer.poll(timeout_ms=200).values():
                latest.update({(record.partition, record.key): record.value for record in batch})
    finally:
        consumer.close()
    offsets = [(json.loads(key)[0], partition, key) for (partition, key), value in latest.items() if key and value]
    return [offset for offset in offsets if names is None or offset[0] in names]


def delete_offsets(settings: dict[str, str], names: list[str]) -> None:
    """Write a tombstone for each offset of deleted connectors; the running worker reads it too."""
    producer = KafkaProducer(bootstrap_servers=settings["bootstrap"])
    try:
        for _, partition, key in _stored_offsets(settings, names):
            producer.send(settings["connect_offsets"], key=key, value=None, partition=partition)
        producer.flush(timeout=TIMEOUT)
    finally:
        producer.close()
