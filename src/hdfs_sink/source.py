"""Kafka's side: which partitions there are, which of them are this instance's, their records from a given offset."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

from hdfs_sink.arguments import Settings

TIMEOUT_MS = 10_000
RECORDS = 10_000
"""Records that one poll gives at most."""
FETCH_BYTES = 8 << 20
FETCH_WAIT_MS = 100
"""A broker answers one fetch after the other: one that waits for a silent partition delays those of a busy one."""
METADATA_MS = 5000
LEFT_OUT = 15.0
"""Seconds after which an instance that the group does not know joins it anew; a dead one is put out after 10."""


@dataclass(frozen=True)
class Topic:
    """A topic as the brokers have it now.

    Parameters:
        id: another one for a topic that was deleted and made again; `-` where brokers have none (before Kafka 2.8).
        partitions: their numbers.
    """

    id: str
    partitions: tuple[int, ...]


class Source(ABC):
    """The records of a topic. Offsets come from HDFS; those that the group commits are for tools that show lag.

    All but `describe`, `follow` and `owned` are a client's: kafka-python's (KafkaPython) or librdkafka's. What fails
    raises KafkaError, of kafka-python.

    Parameters:
        settings: brokers, topic, group, which share.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = settings.topic
        self.fresh: set[int] = set()
        """Partitions that became this instance's and that nobody has sought yet."""
        self._owned: set[int] = set()
        self._admin: KafkaAdminClient | None = None

    def describe(self) -> Topic | None:
        """Ask the brokers for the topic; None if there is none.

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
            said = self._admin.describe_topics([self._topic])[0]
        except KafkaError:
            admin, self._admin = self._admin, None
            with contextlib.suppress(Exception):
                admin.close()
            raise
        if said["error_code"] or not said["partitions"]:
            return None
        number = said.get("topic_id")
        numbers = tuple(sorted(partition["partition_index"] for partition in said["partitions"]))
        return Topic(str(number) if number else "-", numbers)

    def follow(self, partitions: tuple[int, ...]) -> None:
        """Read what of these partitions is this instance's; Kafka's group decides where the instances share."""
        if self._settings.share:
            return
        number, count = self._settings.instance
        mine = {partition for partition in partitions if partition % count == number - 1}
        if mine != self._owned:
            self._assign(mine)
            self._owned, self.fresh = mine, set(mine)

    @property
    def owned(self) -> set[int]:
        """Partitions that are this instance's."""
        return set(self._owned)

    def left_out(self, now: float) -> bool:
        """Tell whether the group has gone on without this instance for a while, though that does not know.

        Parameters:
            now: seconds of a clock that only goes forward.
        Raises:
            KafkaError: the brokers do not answer.
        """
        return False

    @abstractmethod
    def _assign(self, partitions: set[int]) -> None:
        """Read these from now on, from no offset in particular."""

    @abstractmethod
    def seek(self, partition: int, offset: int) -> None:
        """Read a partition from an offset on; it is no longer `fresh`."""

    @abstractmethod
    def hold(self, hold: bool) -> None:
        """Take no more records, or take them again."""

    @abstractmethod
    def poll(self, seconds: float) -> dict[int, list[Any]]:
        """Wait for records.

        Parameters:
            seconds: how long at most.
        Returns:
            records by partition, with `partition`, `offset`, `timestamp` (ms since 1970), `key` and `value`; partitions
            that nobody has sought since they became this instance's are left out.
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
        """The offset that the next record will get.

        Raises:
            KafkaError: the brokers do not answer.
        """

    @abstractmethod
    def lag(self, places: dict[int, int], ask: bool = False) -> dict[int, int]:
        """Records that Kafka has and HDFS has not, by partition.

        Parameters:
            places: next offset that HDFS wants, by partition.
            ask: ask the brokers, since nothing is being fetched; else it is what the last fetch told.
        """

    @abstractmethod
    def commit(self, places: dict[int, int]) -> None:
        """Tell the group's offsets to tools that show lag; nothing depends on it."""

    def close(self, places: dict[int, int] | None = None) -> None:
        """Leave the group and close the connections.

        Parameters:
            places: offsets to commit at last.
        """
        with contextlib.suppress(Exception):
            if self._admin is not None:
                self._admin.close()


class KafkaPython(Source, ConsumerRebalanceListener):
    """By kafka-python, which the course teaches."""

    def __init__(self, settings: Settings) -> None:
        """Connect.

        Raises:
            KafkaError: no broker answers.
        """
        super().__init__(settings)
        self._consumer = KafkaConsumer(
            bootstrap_servers=settings.bootstrap,
            group_id=settings.group,
            enable_auto_commit=False,
            # Where the log no longer has the wanted offset, its first one comes instead; the gap is seen and reported.
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            allow_auto_create_topics=False,
            metadata_max_age_ms=METADATA_MS,
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2000,
            fetch_max_bytes=FETCH_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            request_timeout_ms=30_000,
            bootstrap_timeout_ms=TIMEOUT_MS,
        )
        # kafka-python (3.0.12) does not pass it on: a topic that somebody deletes would be made again, by reading it.
        self._consumer._cluster.config["allow_auto_create_topics"] = False
        self._known_at: float | None = None
        if settings.share:
            self._consumer.subscribe([self._topic], listener=self)

    def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
        """Note what another instance reads from now on."""
        self._owned -= {part.partition for part in revoked}
        self.fresh -= {part.partition for part in revoked}

    def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        """Note what this instance reads from now on; its place is looked for outside Kafka's loop."""
        self._owned |= {part.partition for part in assigned}
        self.fresh |= {part.partition for part in assigned}

    def left_out(self, now: float) -> bool:
        """See Source.

        kafka-python (3.0.12) was seen to send no heartbeat after it had joined, and not to notice that it was put out.
        """
        group = self._settings.group
        if not self._settings.share or self._admin is None:
            return False
        members = {member["member_id"] for member in self._admin.describe_groups([group])[group]["members"]}
        if self._known_at is None or self._consumer.group_metadata().member_id in members:
            self._known_at = now
        return now - self._known_at > LEFT_OUT

    def _assign(self, partitions: set[int]) -> None:
        # A new assignment forgets all positions.
        self._consumer.assign([TopicPartition(self._topic, partition) for partition in sorted(partitions)])

    def seek(self, partition: int, offset: int) -> None:
        self._consumer.seek(TopicPartition(self._topic, partition), offset)
        self.fresh.discard(partition)

    def hold(self, hold: bool) -> None:
        """Take no more records, or take them again.

        Of all partitions or of none: where one alone is paused, kafka-python (3.0.12) sets what it has parsed of it
        aside and, if nothing else comes, never takes it up again.
        """
        assigned, paused = self._consumer.assignment(), self._consumer.paused()
        if hold and assigned - paused:
            self._consumer.pause(*(assigned - paused))
        if not hold and paused & assigned:
            self._consumer.resume(*(paused & assigned))

    def poll(self, seconds: float) -> dict[int, list[Any]]:
        batches = self._consumer.poll(timeout_ms=max(0, int(seconds * 1000)), max_records=RECORDS)
        fresh, owned = self.fresh, self._owned
        return {
            part.partition: records
            for part, records in batches.items()
            if part.partition not in fresh and part.partition in owned
        }

    def first(self, partition: int) -> int:
        part = TopicPartition(self._topic, partition)
        return self._consumer.beginning_offsets([part], timeout_ms=TIMEOUT_MS)[part]

    def end(self, partition: int) -> int:
        part = TopicPartition(self._topic, partition)
        return self._consumer.end_offsets([part], timeout_ms=TIMEOUT_MS)[part]

    def lag(self, places: dict[int, int], ask: bool = False) -> dict[int, int]:
        parts = {TopicPartition(self._topic, partition): place for partition, place in places.items()}
        parts = {part: place for part, place in parts.items() if part in self._consumer.assignment()}
        ends: dict[TopicPartition, int] = {}
        if ask and parts:
            with contextlib.suppress(KafkaError):
                ends = self._consumer.end_offsets(list(parts), timeout_ms=1000)
        return {
            part.partition: max(0, ends.get(part, self._consumer.highwater(part) or place) - place)
            for part, place in parts.items()
        }

    def commit(self, places: dict[int, int]) -> None:
        offsets = {TopicPartition(self._topic, p): OffsetAndMetadata(place, "", -1) for p, place in places.items()}
        if offsets:
            with contextlib.suppress(KafkaError):
                self._consumer.commit_async(offsets)

    def close(self, places: dict[int, int] | None = None) -> None:
        with contextlib.suppress(Exception):
            if places:
                offsets = {
                    TopicPartition(self._topic, p): OffsetAndMetadata(place, "", -1) for p, place in places.items()
                }
                self._consumer.commit(offsets, timeout_ms=3000)
        with contextlib.suppress(Exception):
            self._consumer.close()
        super().close()


def open_source(settings: Settings) -> Source:
    """Connect by the client that the settings name.

    Raises:
        KafkaError: no broker answers.
    """
    if settings.client == "librdkafka":
        # Installed where it is wanted.
        from hdfs_sink.librdkafka import Librdkafka

        return Librdkafka(settings)
    return KafkaPython(settings)
