"""A copy of the service that another one has fenced ends, however kafka-python says so."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from kafka import TopicPartition
from kafka.errors import (
    InvalidProducerEpochError,
    KafkaError,
    NotLeaderForPartitionError,
    ProducerFencedError,
    TopicAlreadyExistsError,
)

from bluesky_search import topic as module
from bluesky_search.topic import NEWEST, FencedError, Topic


def topic(error: Exception) -> Topic:
    """An open topic; its next commit fails."""

    def commit() -> None:
        raise error

    made = Topic.__new__(Topic)
    made._name, made._times, made.seen = "t", [], set()
    made._producer = SimpleNamespace(
        begin_transaction=lambda: None, send=lambda *_, **__: None, commit_transaction=commit
    )
    return made


RECORDS = [SimpleNamespace(value=b"{}", timestamp_ms=1, uri="at://one")]


@pytest.mark.parametrize(
    "error",
    [
        ProducerFencedError(),
        InvalidProducerEpochError(),
        # What a call says that comes after the one that was refused.
        KafkaError(f"Cannot execute transactional method because we are in an error state: {ProducerFencedError()}"),
    ],
)
def test_a_fenced_copy_ends(error):
    with pytest.raises(FencedError, match="another copy"):
        topic(error).write(RECORDS)


@pytest.mark.parametrize("error", [NotLeaderForPartitionError(), KafkaError("Cannot execute: [Error 6]")])
def test_any_other_error_is_for_trying_again(error):
    made = topic(error)
    with pytest.raises(KafkaError) as raised:
        made.write(RECORDS)
    assert raised.value is error
    assert made.seen == set()


class Brokers:
    """A topic in memory, in the place of kafka-python's three clients."""

    def __init__(self, topics: list[str], records: dict[int, list[tuple[int, bytes | None]]]) -> None:
        self.topics, self.records = topics, records
        self.created: list[dict] = []
        self.calls: list[str] = []
        self.options: dict[str, dict] = {}
        self.sent: list[tuple] = []
        self.error: Exception | None = None
        self.seeks: dict[TopicPartition, int] = {}

    def admin(self, **options):
        self.options["admin"] = options

        def create(wanted, wait_for_metadata):
            self.created.append(wanted)
            if self.error:
                raise self.error

        return SimpleNamespace(
            list_topics=lambda: self.topics, create_topics=create, close=lambda: self.calls.append("admin closed")
        )

    def producer(self, **options):
        self.options["producer"] = options

        def send(name, value, timestamp_ms):
            self.sent.append((name, value, timestamp_ms))
            return SimpleNamespace(get=lambda timeout: self.calls.append(f"waited {timeout}"))

        return SimpleNamespace(
            init_transactions=lambda: self.calls.append("fenced others"),
            begin_transaction=lambda: self.calls.append("begin"),
            send=send,
            commit_transaction=lambda: self.calls.append("commit"),
            close=lambda timeout: self.calls.append(f"producer closed {timeout}"),
        )

    def consumer(self, **options):
        self.options["consumer"] = options
        place = {}

        def poll(timeout_ms):
            batch = {}
            for tp, offset in place.items():
                rows = [SimpleNamespace(value=v, timestamp=t) for t, v in self.records[tp.partition][offset:]]
                batch[tp] = rows
                place[tp] = len(self.records[tp.partition])
            return batch

        def seek(tp, offset):
            place[tp] = self.seeks[tp] = offset

        return SimpleNamespace(
            topics=lambda: self.calls.append("asked for topics"),
            partitions_for_topic=lambda name: set(self.records) if name == "posts" else None,
            end_offsets=lambda tps: {tp: len(self.records[tp.partition]) for tp in tps},
            beginning_offsets=lambda tps: dict.fromkeys(tps, 0),
            assign=lambda tps: place.update(dict.fromkeys(tps, 0)),
            seek=seek,
            position=lambda tp: place[tp],
            poll=poll,
            close=lambda: self.calls.append("consumer closed"),
        )


def value(uri: str) -> bytes:
    return json.dumps({"payload": {"id": {"uri": uri}}}).encode()


@pytest.fixture
def brokers(monkeypatch):
    def make(topics, records):
        made = Brokers(topics, records)
        monkeypatch.setattr(module, "KafkaAdminClient", made.admin)
        monkeypatch.setattr(module, "KafkaProducer", made.producer)
        monkeypatch.setattr(module, "KafkaConsumer", made.consumer)
        return made

    return make


def test_a_missing_topic_is_created_with_one_partition_and_without_retention(brokers):
    made = brokers(["other"], {0: []})
    opened = Topic("kafka:9092", "posts")
    wanted = {"num_partitions": 1, "replication_factor": -1, "configs": {"retention.ms": "-1"}}
    assert made.created == [{"posts": wanted}]
    assert made.options["admin"] == {"bootstrap_servers": "kafka:9092"}
    assert (opened.seen, opened.since_ms) == (set(), None)
    assert made.calls == ["admin closed", "fenced others", "asked for topics", "consumer closed"]


def test_a_topic_that_another_program_creates_at_the_same_moment_is_used(brokers):
    made = brokers([], {0: []})
    made.error = TopicAlreadyExistsError()
    assert Topic("kafka:9092", "posts").seen == set()


def test_the_posts_of_the_topic_are_known_and_foreign_records_are_passed_over(brokers):
    rows = [(10, value("at://1")), (20, b"{}"), (30, None), (40, b"no json"), (50, b"[]"), (60, value("at://2"))]
    made = brokers(["posts"], {0: rows, 1: []})
    opened = Topic("kafka:9092", "posts")
    assert made.created == []
    assert opened.seen == {"at://1", "at://2"}
    assert opened.since_ms == 30
    assert made.options["consumer"] == {
        "bootstrap_servers": "kafka:9092",
        "isolation_level": "read_committed",
        "enable_auto_commit": False,
        "check_crcs": False,
    }
    assert made.options["producer"] == {
        "bootstrap_servers": "kafka:9092",
        "transactional_id": "bluesky-search-posts",
        "transaction_timeout_ms": 30_000,
        "max_block_ms": 60_000,
    }


def test_only_the_end_of_a_long_topic_is_read(brokers, monkeypatch):
    monkeypatch.setattr(module, "REMEMBERED", 3)
    made = brokers(["posts"], {0: [(number, value(f"at://{number}")) for number in range(10)]})
    assert Topic("kafka:9092", "posts").seen == {"at://7", "at://8", "at://9"}
    assert made.seeks == {TopicPartition("posts", 0): 7}


def test_the_next_search_starts_at_the_median_of_the_newest_times(brokers):
    times = [5, *range(100, 100 + NEWEST)]
    brokers(["posts"], {0: [(time, value(f"at://{time}")) for time in times]})
    assert Topic("kafka:9092", "posts").since_ms == 100 + NEWEST // 2


def test_a_topic_that_cannot_be_read_closes_the_producer(brokers, monkeypatch):
    made = brokers(["posts"], {0: []})

    def fail(*_):
        raise KafkaError("no")

    monkeypatch.setattr(module, "_tail", fail)
    with pytest.raises(KafkaError):
        Topic("kafka:9092", "posts")
    assert made.calls[-1] == "producer closed 0"


def test_records_are_written_in_transactions_of_limited_size(brokers, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    made = brokers(["posts"], {0: [(1, value("at://old"))]})
    opened = Topic("kafka:9092", "posts")
    made.calls.clear()
    rows = [SimpleNamespace(value=b"%d" % number, timestamp_ms=number, uri=f"at://{number}") for number in range(2, 5)]
    opened.write(rows)
    assert made.sent == [("posts", b"2", 2), ("posts", b"3", 3), ("posts", b"4", 4)]
    assert made.calls == ["begin", "commit", "waited 30", "waited 30", "begin", "commit", "waited 30"]
    assert opened.seen == {"at://old", "at://2", "at://3", "at://4"}
    assert opened.since_ms == 2
    opened.write([SimpleNamespace(value=b"", timestamp_ms=900 + n, uri=f"at://{n}") for n in range(NEWEST)])
    assert opened.since_ms == 900 + NEWEST // 2
