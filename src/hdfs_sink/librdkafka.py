"""A topic's records by librdkafka (confluent-kafka): what kafka-python does in Python is done in C, on another core.

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
from hdfs_sink.source import FETCH_BYTES, FETCH_WAIT_MS, METADATA_MS, RECORDS, TIMEOUT_MS, Source

QUEUE_KIB = 16 << 10
"""What is fetched ahead, in KiB."""


class Record(NamedTuple):
    """A record, under kafka-python's names."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class Librdkafka(Source):
    """Without a group that shares the partitions out: each is assigned together with the offset it is read from."""

    def __init__(self, settings: Settings, make: Callable[[dict[str, Any]], Consumer] = Consumer) -> None:
        """Connect to nothing yet.

        Parameters:
            settings: see Source.
            make: of a consumer with such a configuration.
        """
        super().__init__(settings)
        self._at: dict[int, int] = {}
        """Where each partition that was sought is read from next."""
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
                # Where that is full, it looks again so soon, not after a second.
                "fetch.queue.backoff.ms": 20,
                "reconnect.backoff.max.ms": 2000,
                # It logs each try at a lost connection; the sink says itself what it waits for.
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
        # What was fetched ahead stays in its queue, which is bounded.
        self._held = hold

    def poll(self, seconds: float) -> dict[int, list[Any]]:
        if self._held:
            time.sleep(seconds)
            return {}
        with _errors():
            if self._moved:
                self._consumer.assign([self._part(partition, at) for partition, at in sorted(self._at.items())])
                self._moved = False
            # `consume` waits for the full number or all the time, so it waits for one alone.
            messages = self._consumer.consume(RECORDS, 0) or self._consumer.consume(1, seconds)
        batches: dict[int, list[Any]] = defaultdict(list)
        for message in messages:
            error = message.error()
            if error is not None:
                # All of this poll is read again.
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
            return self._consumer.get_watermark_offsets(self._part(partition), timeout=TIMEOUT_MS / 1000)

    def lag(self, places: dict[int, int], ask: bool = False) -> dict[int, int]:
        found = {}
        for partition, place in places.items():
            end = -1
            if partition in self._at:
                with contextlib.suppress(KafkaException):
                    part = self._part(partition)
                    # -1001 before the first fetch
                    _, end = self._consumer.get_watermark_offsets(part, timeout=1.0, cached=not ask)
                found[partition] = max(0, end - place)
        return found

    def commit(self, places: dict[int, int]) -> None:
        offsets = [self._part(partition, place) for partition, place in places.items()]
        if offsets:
            with contextlib.suppress(KafkaException):
                self._consumer.commit(offsets=offsets, asynchronous=True)

    def close(self, places: dict[int, int] | None = None) -> None:
        self.commit(places or {})
        with contextlib.suppress(Exception):
            self._consumer.close()
        super().close()

    def _part(self, partition: int, offset: int = 0) -> TopicPartition:
        return TopicPartition(self._topic, partition, offset)


@contextlib.contextmanager
def _errors() -> Any:
    """Raise what librdkafka does as kafka-python's errors, which the sink waits for."""
    try:
        yield
    except KafkaException as error:
        raise KafkaError(error.args[0].str() if error.args else str(error)) from None
