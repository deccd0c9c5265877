"""A topic as a source of records: its partitions, those of this instance, and their records from a given offset.

librdkafka (confluent-kafka) fetches and decodes records in C, on another core.
https://docs.confluent.io/platform/current/clients/confluent-kafka-python/html/index.html
"""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition
from kafka import KafkaAdminClient
from kafka.errors import KafkaError, NoError, UnknownTopicOrPartitionError, for_code

from hdfs_sink.arguments import Settings

TIMEOUT_MS = 10_000
ASK_SECONDS = 1.0
"""Longest wait for the ends of all partitions, which are asked for one after the other."""
RECORDS = 10_000
"""Most records of one poll."""
SILENT = 5.0
"""Seconds on hold after which the consumer group gets polls again."""
OPTIONS = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    # If the log no longer has the offset, reading continues at its first one; the gap is reported.
    "auto.offset.reset": "earliest",
    "isolation.level": "read_committed",
    "allow.auto.create.topics": False,
    "check.crcs": True,
    "session.timeout.ms": 10_000,
    "heartbeat.interval.ms": 2000,
    "topic.metadata.refresh.interval.ms": 5000,
    "fetch.max.bytes": 8 << 20,
    # A broker answers fetches one after the other: one that waits for a silent partition delays those of a busy one.
    "fetch.wait.max.ms": 100,
    # Records that are fetched ahead.
    "queued.max.messages.kbytes": 16 << 10,
    # With a full queue it tries again after this time, not after a second.
    "fetch.queue.backoff.ms": 20,
    "reconnect.backoff.max.ms": 2000,
    # It logs each attempt to connect; the sink itself logs what it waits for.
    "log_level": 0,
    "error_cb": lambda _: None,
}


@dataclass(frozen=True)
class Topic:
    """A topic as the brokers have it now.

    Args:
        id: changes when a topic is deleted and created again; `-` with brokers before Kafka 2.8.
        partitions: their numbers.
    """

    id: str
    partitions: tuple[int, ...]


class Record(NamedTuple):
    """A record; `timestamp` is in ms since 1970."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class Source:
    """The records of a topic.

    HDFS decides from which offsets they are read: each partition is assigned together with its offset. Offsets that the
    group commits are only for tools that show lag. Errors are kafka-python's KafkaError.
    """

    def __init__(self, settings: Settings, make: Callable[[dict[str, Any]], Any] = Consumer) -> None:
        """Connect to nothing yet.

        Args:
            settings: brokers, topic, group, share.
            make: makes a consumer with a configuration.
        """
        self._settings, self._topic = settings, settings.topic
        self.fresh: set[int] = set()
        """Partitions that are new to this instance and have no offset to read from yet."""
        self._owned: set[int] = set()
        self._at: dict[int, int] = {}
        """Next offset of each partition that has one."""
        self._moved = False
        self._held_since: float | None = None
        self._admin: KafkaAdminClient | None = None
        brokers = ",".join(settings.bootstrap)
        self._consumer = make({"bootstrap.servers": brokers, "group.id": settings.group, **OPTIONS})
        if settings.share:
            self._consumer.subscribe([self._topic], on_assign=self._gain, on_revoke=self._lose)

    def describe(self) -> Topic | None:
        """Ask the brokers for the topic; None if it does not exist.

        Raises:
            KafkaError: they do not answer, or refuse.
        """
        if self._admin is None:
            self._admin = KafkaAdminClient(
                bootstrap_servers=self._settings.bootstrap,
                request_timeout_ms=TIMEOUT_MS,
                bootstrap_timeout_ms=TIMEOUT_MS,
            )
        try:
            description = self._admin.describe_topics([self._topic])[0]
        except KafkaError:
            admin, self._admin = self._admin, None
            with contextlib.suppress(Exception):
                admin.close()
            raise
        error = for_code(description["error_code"])
        if error is UnknownTopicOrPartitionError or (error is NoError and not description["partitions"]):
            return None
        if error is not NoError:
            raise error(f"topic {self._topic}")
        topic_id = description.get("topic_id")
        numbers = tuple(sorted(partition["partition_index"] for partition in description["partitions"]))
        return Topic(str(topic_id) if topic_id else "-", numbers)

    def follow(self, partitions: tuple[int, ...]) -> None:
        """Read those partitions that belong to this instance; with `--share` Kafka's group decides."""
        if self._settings.share:
            return
        number, count = self._settings.instance
        assigned = {partition for partition in partitions if partition % count == number - 1}
        if assigned != self._owned:
            self._owned, self.fresh, self._at, self._moved = assigned, set(assigned), {}, True

    @property
    def owned(self) -> set[int]:
        """Partitions of this instance."""
        return set(self._owned)

    def _gain(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        """Note partitions that the group gives to this instance; they are assigned when their offsets are known."""
        gained = {tp.partition for tp in partitions}
        self._owned |= gained
        self.fresh |= gained
        consumer.assign([])
        self._moved = True

    def _lose(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        """Note partitions that another instance reads from now on."""
        for tp in partitions:
            self._owned.discard(tp.partition)
            self.fresh.discard(tp.partition)
            self._at.pop(tp.partition, None)
        consumer.unassign()
        self._moved = True

    def seek(self, partition: int, offset: int) -> None:
        """Read a partition from an offset; it is no longer `fresh`."""
        self._at[partition], self._moved = offset, True
        self.fresh.discard(partition)

    def hold(self, hold: bool) -> None:
        """Pause or resume the reading; records that were fetched ahead stay in the queue, which is bounded."""
        self._held_since = (self._held_since or time.monotonic()) if hold else None

    def poll(self, seconds: float) -> dict[int, list[Record]]:
        """Wait for records.

        Args:
            seconds: longest wait.
        Returns:
            records by partition, without those of fresh partitions.
        Raises:
            KafkaError: the brokers refuse.
        """
        if self._held_since is not None:
            self._wait(seconds)
            return {}
        with _errors():
            if self._moved:
                self._consumer.assign([self._tp(partition, at) for partition, at in sorted(self._at.items())])
                self._moved = False
            # `consume` waits for the full number of records or until the timeout, so it waits for one record.
            messages = self._consumer.consume(RECORDS, 0) or self._consumer.consume(1, seconds)
        batches: dict[int, list[Record]] = defaultdict(list)
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
            if partition in self._at:
                self._at[partition] = records[-1].offset + 1
        readable = self._owned - self.fresh
        return {partition: records for partition, records in batches.items() if partition in readable}

    def _wait(self, seconds: float) -> None:
        """Wait on hold. A group needs polls, which return no records while nothing is assigned."""
        if not self._settings.share or time.monotonic() - (self._held_since or 0.0) < SILENT:
            time.sleep(seconds)
            return
        with _errors():
            self._consumer.assign([])
            self._moved = True
            self._consumer.poll(seconds)

    def first(self, partition: int) -> int:
        """The first offset that the log still has.

        Raises:
            KafkaError: the brokers do not answer.
        """
        return self._ends(partition)[0]

    def end(self, partition: int) -> int:
        """The offset of the next record.

        Raises:
            KafkaError: the brokers do not answer.
        """
        return self._ends(partition)[1]

    def _ends(self, partition: int) -> tuple[int, int]:
        with _errors():
            return self._consumer.get_watermark_offsets(self._tp(partition), timeout=TIMEOUT_MS / 1000)

    def lag(self, positions: dict[int, int], ask: bool = False) -> dict[int, int]:
        """Records that Kafka has and HDFS does not have, by partition.

        Args:
            positions: next offset for HDFS, by partition.
            ask: ask the brokers, because nothing is being fetched; otherwise use the last fetch.
        Returns:
            the lag by partition, without those whose end is unknown. If the brokers do not give an end within
            ASK_SECONDS, the last known one counts.
        """
        lags, until = {}, time.monotonic() + ASK_SECONDS
        for partition in sorted(positions.keys() & self._at.keys()):
            end = -1
            if ask and (left := until - time.monotonic()) > 0:
                with contextlib.suppress(KafkaException):
                    _, end = self._consumer.get_watermark_offsets(self._tp(partition), timeout=left)
            if end < 0:
                with contextlib.suppress(KafkaException):
                    # -1001 before the first fetch
                    _, end = self._consumer.get_watermark_offsets(self._tp(partition), cached=True)
            if end >= 0:
                lags[partition] = max(0, end - positions[partition])
        return lags

    def commit(self, positions: dict[int, int]) -> None:
        """Commit the group's offsets for tools that show lag."""
        offsets = [self._tp(partition, offset) for partition, offset in positions.items()]
        if offsets:
            with contextlib.suppress(KafkaException):
                self._consumer.commit(offsets=offsets, asynchronous=True)

    def close(self, positions: dict[int, int] | None = None) -> None:
        """Leave the group and close the connections.

        Args:
            positions: offsets of the last commit.
        """
        self.commit(positions or {})
        for client in (self._consumer, self._admin):
            with contextlib.suppress(Exception):
                if client is not None:
                    client.close()

    def _tp(self, partition: int, offset: int = 0) -> TopicPartition:
        return TopicPartition(self._topic, partition, offset)


@contextlib.contextmanager
def _errors() -> Any:
    """Turn errors of librdkafka into kafka-python's, which the sink handles."""
    try:
        yield
    except KafkaException as error:
        raise KafkaError(error.args[0].str() if error.args else str(error)) from None
