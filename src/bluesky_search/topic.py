"""The topic, which is also the service's memory: its posts are known.

Records are written in transactions of one transactional id (KIP-98). A new copy of the service fences an older one,
aborts its open transaction, and then reads which posts exist. So kill -9 or a second copy loses or doubles no post.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Sequence
from statistics import median_low
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import InvalidProducerEpochError, KafkaError, ProducerFencedError, TopicAlreadyExistsError

from bluesky_search.records import Record

REMEMBERED = 20_000
"""Records at the end of the topic that are read at the start; a sweep reads far fewer posts."""
BATCH = 500
"""Most records of a transaction."""
NEWEST = 21
"""The median time of this many newest records is the start of the next search: single wrong times do not matter."""


FENCED = (ProducerFencedError, InvalidProducerEpochError)


class FencedError(Exception):
    """Another copy of the service has started, and this one must not write any more."""


class Topic:
    """The open topic; `seen` holds the uris of its posts."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        """Create the topic if it is missing, fence older copies, and read its posts.

        Raises:
            KafkaError: if Kafka does not answer.
        """
        self._name = topic
        _make(bootstrap, topic)
        self._producer = KafkaProducer(
            bootstrap_servers=bootstrap,
            transactional_id=f"bluesky-search-{topic}",
            transaction_timeout_ms=30_000,
            max_block_ms=60_000,
        )
        try:
            self._producer.init_transactions()
            uris, self._times = _tail(bootstrap, topic)
        except BaseException:
            self.close()
            raise
        self.seen = set(uris)

    @property
    def since_ms(self) -> int | None:
        """Time of the newest records in ms since 1970; None if there are none."""
        return median_low(self._times[-NEWEST:]) if self._times else None

    def write(self, records: Sequence[Record]) -> None:
        """Write records in their order; each transaction is written completely or not at all.

        Raises:
            FencedError: if another copy has taken over.
            KafkaError: if Kafka fails; open the topic again, because only the topic knows what arrived.
        """
        for at in range(0, len(records), BATCH):
            batch = records[at : at + BATCH]
            try:
                self._producer.begin_transaction()
                sent = [
                    self._producer.send(self._name, value=record.value, timestamp_ms=record.timestamp_ms)
                    for record in batch
                ]
                self._producer.commit_transaction()
                for future in sent:
                    future.get(timeout=30)
            except KafkaError as error:
                # Requests after the refused one only quote the reason: "... in an error state: ...".
                if isinstance(error, FENCED) or any(kind.__name__ in str(error) for kind in FENCED):
                    raise FencedError(
                        f"another copy of this service has taken over topic {self._name}; this one ends"
                    ) from error
                raise
            self.seen.update(record.uri for record in batch)
            self._times = [*self._times, *(record.timestamp_ms for record in batch)][-NEWEST:]

    def close(self) -> None:
        """Close the connection without waiting for open transactions."""
        with contextlib.suppress(KafkaError):
            self._producer.close(timeout=0)


def _make(bootstrap: str, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        if topic not in admin.list_topics():
            # Records have the time of their post: Kafka's default retention would delete older posts at once.
            options = {"num_partitions": 1, "replication_factor": -1, "configs": {"retention.ms": "-1"}}
            admin.create_topics({topic: options}, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        pass
    finally:
        admin.close()


def _tail(bootstrap: str, topic: str) -> tuple[list[str], list[int]]:
    """Read uris and times from the end of every partition, oldest first."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False, check_crcs=False
    )
    try:
        consumer.topics()
        partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        ends, starts = consumer.end_offsets(partitions), consumer.beginning_offsets(partitions)
        partitions = [tp for tp in partitions if ends[tp] > starts[tp]]
        consumer.assign(partitions)
        for tp in partitions:
            consumer.seek(tp, max(starts[tp], ends[tp] - REMEMBERED))
        records: list[Any] = []
        while any(consumer.position(tp) < ends[tp] for tp in partitions):
            for batch in consumer.poll(timeout_ms=1000).values():
                records += batch
    finally:
        consumer.close()
    return list(_uris(record.value for record in records)), [record.timestamp for record in records[-NEWEST:]]


def _uris(values: Iterable[bytes | None]) -> Iterable[str]:
    for value in values:
        try:
            yield json.loads(value or b"")["payload"]["id"]["uri"]
        except (ValueError, KeyError, TypeError):
            continue  # a record of another program
