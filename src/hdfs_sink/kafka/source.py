"""A topic as a source of records: its partitions, those of this instance, and their records from a given offset."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from hdfs_sink.arguments import Settings

TIMEOUT_MS = 10_000
RECORDS = 10_000
"""Most records of one poll."""
FETCH_BYTES = 8 << 20
FETCH_WAIT_MS = 100
"""A broker answers fetches one after the other: one that waits for a silent partition delays those of a busy one."""
METADATA_MS = 5000


@dataclass(frozen=True)
class Topic:
    """A topic as the brokers have it now.

    Args:
        id: changes when a topic is deleted and created again; `-` with brokers before Kafka 2.8.
        partitions: their numbers.
    """

    id: str
    partitions: tuple[int, ...]


class Source(ABC):
    """The records of a topic.

    HDFS decides from which offsets they are read. Offsets that the group commits are only for tools that show lag.
    A client implements all methods but `describe`, `follow` and `owned`. Errors are kafka-python's KafkaError.

    Args:
        settings: brokers, topic, group, share.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = settings.topic
        self.fresh: set[int] = set()
        """Partitions that are new to this instance and have no offset to read from yet."""
        self._owned: set[int] = set()
        self._admin: KafkaAdminClient | None = None

    def describe(self) -> Topic | None:
        """Ask the brokers for the topic; None if it does not exist.

        Raises:
            KafkaError: they do not answer.
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
        if description["error_code"] or not description["partitions"]:
            return None
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
            self._assign(assigned)
            self._owned, self.fresh = assigned, set(assigned)

    @property
    def owned(self) -> set[int]:
        """Partitions of this instance."""
        return set(self._owned)

    def left_out(self, now: float) -> bool:
        """Tell whether the group has lost this instance for a while without its knowledge.

        Args:
            now: seconds of a monotonic clock.
        Raises:
            KafkaError: the brokers do not answer.
        """
        return False

    @abstractmethod
    def _assign(self, partitions: set[int]) -> None:
        """Read these partitions from now on, from no offset in particular."""

    @abstractmethod
    def seek(self, partition: int, offset: int) -> None:
        """Read a partition from an offset; it is no longer `fresh`."""

    @abstractmethod
    def hold(self, hold: bool) -> None:
        """Pause or resume the reading."""

    @abstractmethod
    def poll(self, seconds: float) -> dict[int, list[Any]]:
        """Wait for records.

        Args:
            seconds: longest wait.
        Returns:
            records by partition, with `partition`, `offset`, `timestamp` (ms since 1970), `key` and `value`, without
            those of fresh partitions.
        Raises:
            KafkaError: the brokers refuse.
        """

    @abstractmethod
    def first(self, partition: int) -> int:
        """The first offset that the log still has.

        Raises:
            KafkaError: the brokers do not answer.
        """

    @abstractmethod
    def end(self, partition: int) -> int:
        """The offset of the next record.

        Raises:
            KafkaError: the brokers do not answer.
        """

    @abstractmethod
    def lag(self, positions: dict[int, int], ask: bool = False) -> dict[int, int]:
        """Records that Kafka has and HDFS does not have, by partition.

        Args:
            positions: next offset for HDFS, by partition.
            ask: ask the brokers, because nothing is being fetched; otherwise use the last fetch.
        """

    @abstractmethod
    def commit(self, positions: dict[int, int]) -> None:
        """Commit the group's offsets for tools that show lag."""

    def close(self, positions: dict[int, int] | None = None) -> None:
        """Leave the group and close the connections.

        Args:
            positions: offsets of the last commit.
        """
        with contextlib.suppress(Exception):
            if self._admin is not None:
                self._admin.close()
