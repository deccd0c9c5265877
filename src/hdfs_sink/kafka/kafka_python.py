"""A source of records with kafka-python, which the course teaches."""

from __future__ import annotations

import contextlib
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

from hdfs_sink.arguments import Settings
from hdfs_sink.kafka.source import FETCH_BYTES, FETCH_WAIT_MS, METADATA_MS, RECORDS, TIMEOUT_MS, Source

LEFT_OUT = 15.0
"""Seconds until an instance that the group does not know joins again; the group removes a dead one after 10."""


class KafkaPython(Source, ConsumerRebalanceListener):
    """See Source."""

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
            # If the log no longer has the offset, reading continues at its first one; the gap is reported.
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
        # kafka-python (3.0.12) ignores the option: reading a deleted topic would create it again.
        self._consumer._cluster.config["allow_auto_create_topics"] = False
        self._known_at: float | None = None
        if settings.share:
            self._consumer.subscribe([self._topic], listener=self)

    def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
        """Note partitions that another instance reads from now on."""
        self._owned -= {tp.partition for tp in revoked}
        self.fresh -= {tp.partition for tp in revoked}

    def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        """Note new partitions of this instance; their positions are looked up outside Kafka's callback."""
        self._owned |= {tp.partition for tp in assigned}
        self.fresh |= {tp.partition for tp in assigned}

    def left_out(self, now: float) -> bool:
        """See Source.

        kafka-python (3.0.12) was observed to join, to send no heartbeat, and not to notice its removal from the group.
        """
        group = self._settings.group
        if not self._settings.share or self._admin is None:
            return False
        members = {member["member_id"] for member in self._admin.describe_groups([group])[group]["members"]}
        if self._known_at is None or self._consumer.group_metadata().member_id in members:
            self._known_at = now
        return now - self._known_at > LEFT_OUT

    def _assign(self, partitions: set[int]) -> None:
        self._consumer.assign([TopicPartition(self._topic, partition) for partition in sorted(partitions)])

    def seek(self, partition: int, offset: int) -> None:
        self._consumer.seek(TopicPartition(self._topic, partition), offset)
        self.fresh.discard(partition)

    def hold(self, hold: bool) -> None:
        """Pause or resume the reading, always of all partitions.

        If only one is paused, kafka-python (3.0.12) keeps its parsed records and may never return them.
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
            tp.partition: records
            for tp, records in batches.items()
            if tp.partition not in fresh and tp.partition in owned
        }

    def first(self, partition: int) -> int:
        tp = TopicPartition(self._topic, partition)
        return self._consumer.beginning_offsets([tp], timeout_ms=TIMEOUT_MS)[tp]

    def end(self, partition: int) -> int:
        tp = TopicPartition(self._topic, partition)
        return self._consumer.end_offsets([tp], timeout_ms=TIMEOUT_MS)[tp]

    def lag(self, positions: dict[int, int], ask: bool = False) -> dict[int, int]:
        assigned = {tp.partition: tp for tp in self._consumer.assignment() if tp.partition in positions}
        ends: dict[TopicPartition, int] = {}
        if ask and assigned:
            with contextlib.suppress(KafkaError):
                ends = self._consumer.end_offsets(list(assigned.values()), timeout_ms=1000)
        lags = {}
        for partition, tp in assigned.items():
            end = ends.get(tp, self._consumer.highwater(tp) or positions[partition])
            lags[partition] = max(0, end - positions[partition])
        return lags

    def commit(self, positions: dict[int, int]) -> None:
        if positions:
            with contextlib.suppress(KafkaError):
                self._consumer.commit_async(self._offsets(positions))

    def close(self, positions: dict[int, int] | None = None) -> None:
        with contextlib.suppress(Exception):
            if positions:
                self._consumer.commit(self._offsets(positions), timeout_ms=3000)
        with contextlib.suppress(Exception):
            self._consumer.close()
        super().close()

    def _offsets(self, positions: dict[int, int]) -> dict[TopicPartition, OffsetAndMetadata]:
        return {TopicPartition(self._topic, p): OffsetAndMetadata(offset, "", -1) for p, offset in positions.items()}
