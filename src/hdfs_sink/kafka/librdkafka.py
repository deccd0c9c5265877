"""A source of records with librdkafka (confluent-kafka), which fetches and decodes in C, on another core.

https://docs.confluent.io/platform/current/clients/confluent-kafka-python/html/index.html
"""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition
from kafka.errors import KafkaError

from hdfs_sink.arguments import Settings
from hdfs_sink.kafka.source import FETCH_BYTES, FETCH_WAIT_MS, METADATA_MS, RECORDS, TIMEOUT_MS, Source

QUEUE_KIB = 16 << 10
"""Records that are fetched ahead, in KiB."""


class Record(NamedTuple):
    """A record, under kafka-python's names."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class Librdkafka(Source):
    """See Source; without `--share`. Each partition is assigned together with its offset."""

    def __init__(self, settings: Settings, make: Callable[[dict[str, Any]], Consumer] = Consumer) -> None:
        """Connect to nothing yet.

        Args:
            settings: see Source.
            make: makes a consumer with a configuration.
        """
        super().__init__(settings)
        self._at: dict[int, int] = {}
        """Next offset of each partition."""
        self._moved = self._held = False
        self._consumer = make(
            {
                "bootstrap.servers": ",".join(settings.bootstrap),
                "group.id": settings.group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                # See KafkaPython.
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "allow.auto.create.topics": False,
                "check.crcs": True,
                "topic.metadata.refresh.interval.ms": METADATA_MS,
                "fetch.max.bytes": FETCH_BYTES,
                "fetch.wait.max.ms": FETCH_WAIT_MS,
                "queued.max.messages.kbytes": QUEUE_KIB,
                # With a full queue it tries again after this time, not after a second.
                "fetch.queue.backoff.ms": 20,
                "reconnect.backoff.max.ms": 2000,
                # It logs each attempt to connect; the sink itself logs what it waits for.
                "log_level": 0,
                "error_cb": lambda _: None,
            }
        )

    def _assign(self, partitions: set[int]) -> None:
        self._at, self._moved = {}, True

    def seek(self, partition: int, offset: int) -> None:
        self._at[partition], self._moved = offset, True
        self.fresh.discard(partition)

    def hold(self, hold: bool) -> None:
        # Records that were fetched ahead stay in the queue, which is bounded.
        self._held = hold

    def poll(self, seconds: float) -> dict[int, list[Any]]:
        if self._held:
            time.sleep(seconds)
            return {}
        with _errors():
            if self._moved:
                self._consumer.assign([self._tp(partition, at) for partition, at in sorted(self._at.items())])
                self._moved = False
            # `consume` waits for the full number of records or until the timeout, so it waits for one record.
            messages = self._consumer.consume(RECORDS, 0) or self._consumer.consume(1, seconds)
        batches: dict[int, list[Any]] = defaultdict(list)
        for message in messages:
            error = message.error()
            if error is not None:
                # All records of this poll are read again.
                self._moved = True
                raise KafkaError(error.str())
            partition = message.partition()
            batches[partition].append(
                Record(partition, message.offset(), message.timestamp()[1], message.key(), message.value())
            )
        for partition, records in batches.items():
            self._at[partition] = records[-1].offset + 1
        return {partition: records for partition, records in batches.items() if partition not in self.fresh}

    def first(self, partition: int) -> int:
        return self._ends(partition)[0]

    def end(self, partition: int) -> int:
        return self._ends(partition)[1]

    def _ends(self, partition: int) -> tuple[int, int]:
        with _errors():
            return self._consumer.get_watermark_offsets(self._tp(partition), timeout=TIMEOUT_MS / 1000)

    def lag(self, positions: dict[int, int], ask: bool = False) -> dict[int, int]:
        lags = {}
        for partition in positions.keys() & self._at.keys():
            end = -1
            with contextlib.suppress(KafkaException):
                # -1001 before the first fetch
                _, end = self._consumer.get_watermark_offsets(self._tp(partition), timeout=1.0, cached=not ask)
            lags[partition] = max(0, end - positions[partition])
        return lags

    def commit(self, positions: dict[int, int]) -> None:
        offsets = [self._tp(partition, offset) for partition, offset in positions.items()]
        if offsets:
            with contextlib.suppress(KafkaException):
                self._consumer.commit(offsets=offsets, asynchronous=True)

    def close(self, positions: dict[int, int] | None = None) -> None:
        self.commit(positions or {})
        with contextlib.suppress(Exception):
            self._consumer.close()
        super().close()

    def _tp(self, partition: int, offset: int = 0) -> TopicPartition:
        return TopicPartition(self._topic, partition, offset)


@contextlib.contextmanager
def _errors() -> Any:
    """Turn errors of librdkafka into kafka-python's, which the sink handles."""
    try:
        yield
    except KafkaException as error:
        raise KafkaError(error.args[0].str() if error.args else str(error)) from None
