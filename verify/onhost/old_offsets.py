"""Runs on the workspace host by the course's Python: places of consumer groups as a lab has them that slept for months.

Called with JSON: {"bootstrap": ..., "topic": ..., "groups": {NAME: AGE IN DAYS}}. It writes the records that the broker
would have written at that time: their own time of commit decides when they expire. Format: kafka/coordinator,
OffsetCommitKey version 1 and OffsetCommitValue version 3 (Kafka 3.8.1). Only a client of the name `__admin_client` may
write to that topic.
"""

from __future__ import annotations

import json
import struct
import sys
import time

from kafka import KafkaProducer

OFFSETS, WRITER = "__consumer_offsets", "__admin_client"
OFFSET = 3


class Producer(KafkaProducer):
    """kafka-python's producer that sends to the partition it is given; the original one refuses internal topics."""

    def _partition(self, topic: str, partition: int, *_: object) -> int:
        return partition


def text(value: str) -> bytes:
    """A string in Kafka's format."""
    return struct.pack(">h", len(value.encode())) + value.encode()


def java_hash(value: str) -> int:
    """String.hashCode() of Java; it picks a group's partition."""
    found = 0
    for character in value:
        found = (31 * found + ord(character)) & 0xFFFFFFFF
    return found - (1 << 32) if found & 0x80000000 else found


def main() -> None:
    """Write the records."""
    request = json.loads(sys.argv[1])
    producer = Producer(bootstrap_servers=request["bootstrap"], client_id=WRITER)
    partitions = len(producer.partitions_for(OFFSETS))
    for group, days in request["groups"].items():
        then = int((time.time() - days * 86400) * 1000)
        key = struct.pack(">h", 1) + text(group) + text(request["topic"]) + struct.pack(">i", 0)
        value = struct.pack(">hqi", 3, OFFSET, -1) + text("") + struct.pack(">q", then)
        producer.send(OFFSETS, value, key, partition=abs(java_hash(group)) % partitions)
    producer.flush()


if __name__ == "__main__":
    main()
