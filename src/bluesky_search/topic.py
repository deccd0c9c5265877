"""The topic, which is also the service's memory: what is on it has been seen.

Records go out in transactions of one transactional id (KIP-98). A new service fences an older one's, ends what it
left half written, and then reads which posts are there: so none is lost or doubled by kill -9 or a second copy.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Sequence
from statistics import median_low
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import InvalidProducerEpochError, KafkaError, ProducerFencedError, TopicAlreadyExistsError

from .records import Record

REMEMBERED = 20_000
"""So many records at the topic's end are read at the start; a sweep looks at far fewer posts."""
BATCH = 500
"""Records a transaction."""
PLACE = 21
"""So many newest records tell by their median how far the search has come: one with an odd time does not matter."""


FENCED = (ProducerFencedError, InvalidProducerEpochError)


class FencedError(Exception):
    """Another copy of the service has started since, and this one must not write any more."""


class Topic:
    """The open topic; `seen` holds the uris of the posts on it."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        """Take the topic over: make it if there is none, fence older copies, read what is on it.

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
        """Time of the newest records, in ms since 1970; None when there is none."""
        return median_low(self._times[-PLACE:]) if self._times else None

    def write(self, records: Sequence[Record]) -> None:
        """Write records in their order, each transaction as a whole or not at all.

        Raises:
            FencedError: if another copy has taken over.
            KafkaError: if Kafka fails; the topic must then be opened anew, for it alone knows what arrived.
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
                # What comes after the request that was refused only names the reason: "... in an error state: ...".
                if isinstance(error, FENCED) or any(kind.__name__ in str(error) for kind in FENCED):
                    raise FencedError(
                        f"another copy of this service has taken over topic {self._name}; this one ends"
                    ) from error
                raise
            self.seen.update(record.uri for record in batch)
            self._times = [*self._times, *(record.timestamp_ms for record in batch)][-PLACE:]

    def close(self) -> None:
        """Let go, without waiting for what was not committed."""
        with contextlib.suppress(KafkaError):
            self._producer.close(timeout=0)


def _make(bootstrap: str, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        if topic not in admin.list_topics():
            # Records bear their post's time: Kafka's seven days would delete older posts as soon as they arrive.
            wanted = {"num_partitions": 1, "replication_factor": -1, "configs": {"retention.ms": "-1"}}
            admin.create_topics({topic: wanted}, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        pass
    finally:
        admin.close()


def _tail(bootstrap: str, topic: str) -> tuple[list[str], list[int]]:
    """Read the uris, and the times of the newest, from the end of every partition, oldest first."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False, check_crcs=False
    )
    try:
        consumer.topics()
        parts = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        ends, starts = consumer.end_offsets(parts), consumer.beginning_offsets(parts)
        parts = [part for part in parts if ends[part] > starts[part]]
        consumer.assign(parts)
        for part in parts:
            consumer.seek(part, max(starts[part], ends[part] - REMEMBERED))
        found: list[Any] = []
        while any(consumer.position(part) < ends[part] for part in parts):
            for batch in consumer.poll(timeout_ms=1000).values():
                found += [(record.timestamp, record.value) for record in batch]
    finally:
        consumer.close()
    return list(_uris(value for _, value in found)), [timestamp for timestamp, _ in found[-PLACE:]]


def _uris(values: Iterable[bytes | None]) -> Iterable[str]:
    for value in values:
        try:
            yield json.loads(value or b"")["payload"]["id"]["uri"]
        except (ValueError, KeyError, TypeError):
            continue  # somebody else's record
