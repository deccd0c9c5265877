"""A stand-in for confluent-kafka, which only hosts have."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import NamedTuple


class TopicPartition(NamedTuple):
    """A partition, and an offset in it."""

    topic: str
    partition: int
    offset: int = 0


class KafkaException(Exception):  # noqa: N818 - confluent-kafka's name
    """An error of librdkafka."""


class Consumer:
    """A consumer that no test may make."""

    def __init__(self, _options: dict[str, object]) -> None:
        raise AssertionError("a test connects to Kafka")


stand_in = ModuleType("confluent_kafka")
stand_in.__dict__.update(Consumer=Consumer, KafkaException=KafkaException, TopicPartition=TopicPartition)
sys.modules.setdefault("confluent_kafka", stand_in)
