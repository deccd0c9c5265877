"""hdfs-sink's source of records, on a stand-in of librdkafka's consumer: what is assigned, read and read again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from confluent_kafka import KafkaException, TopicPartition
from kafka.errors import KafkaError

from hdfs_sink import arguments
from hdfs_sink.kafka.source import OPTIONS, Source, Topic


class Message(NamedTuple):
    number: int
    at: int
    failed: Any = None

    def partition(self) -> int:
        return self.number

    def offset(self) -> int:
        return self.at

    def error(self) -> Any:
        return self.failed

    def timestamp(self) -> tuple[int, int]:
        return 1, 1000 + self.at

    def key(self) -> None:
        return None

    def value(self) -> bytes:
        return b"row"


class Consumer:
    """What confluent-kafka's consumer is asked for, noted; it gives the polls that it was given."""

    def __init__(self, polls: list[list[Message]]) -> None:
        self.polls, self.assigned, self.asked, self.committed = polls, [], [], []
        self.marks: dict[tuple[int, bool], Any] = {}
        self.waits: list[float | None] = []

    def assign(self, parts: list[TopicPartition]) -> None:
        self.assigned.append({part.partition: part.offset for part in parts})

    def consume(self, most: int, seconds: float) -> list[Message]:
        self.asked.append((most, seconds))
        return self.polls.pop(0) if self.polls else []

    def get_watermark_offsets(
        self, part: TopicPartition, timeout: float | None = None, cached: bool = False
    ) -> tuple[int, int]:
        if not cached:
            self.waits.append(timeout)
        mark = self.marks[part.partition, cached]
        if isinstance(mark, Exception):
            raise mark
        return mark

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> None:
        self.committed.append({part.partition: part.offset for part in offsets})

    def subscribe(self, topics: list[str], on_assign: Any, on_revoke: Any) -> None:
        self.topics, self.on_assign, self.on_revoke = topics, on_assign, on_revoke

    def unassign(self) -> None:
        self.assigned.append({})

    def poll(self, seconds: float) -> None:
        self.asked.append(("poll", seconds))

    def close(self) -> None:
        pass


@pytest.fixture
def opened():
    """A source of two partitions that were sought, and its consumer."""

    def make(*polls: list[Message]) -> tuple[Any, Consumer]:
        consumer = Consumer(list(polls))
        given = arguments.read(["--topic", "t"])
        source = Source(given, lambda settings: consumer)
        source.follow((0, 1))
        source.seek(0, 5)
        source.seek(1, 7)
        return source, consumer

    return make


def messages(number: int, first: int, after: int) -> list[Message]:
    return [Message(number, at) for at in range(first, after)]


def test_partitions_are_assigned_together_with_their_offsets_and_once(opened):
    source, consumer = opened([*messages(0, 5, 7), *messages(1, 7, 8)], messages(0, 7, 8))
    batches = source.poll(0.2)
    assert {number: [record.offset for record in records] for number, records in batches.items()} == {0: [5, 6], 1: [7]}
    assert batches[0][0] == (0, 5, 1005, None, b"row")
    assert (batches[0][0].timestamp, batches[0][0].value) == (1005, b"row")
    assert list(source.poll(0.2)) == [0]
    assert consumer.assigned == [{0: 5, 1: 7}]


def test_nothing_is_read_of_a_partition_that_nobody_has_sought():
    consumer = Consumer([])
    source = Source(arguments.read(["--topic", "t"]), lambda settings: consumer)
    source.follow((0, 1))
    source.seek(1, 7)
    source.poll(0)
    assert source.fresh == {0}
    assert consumer.assigned == [{1: 7}]


def test_nothing_is_given_of_a_partition_whose_place_is_looked_for_again(opened):
    source, _ = opened([*messages(0, 5, 7), *messages(1, 7, 8)])
    source.fresh.add(0)
    assert list(source.poll(0.2)) == [1]


def test_to_seek_one_leaves_the_others_where_they_are(opened):
    source, consumer = opened(messages(0, 5, 9))
    source.poll(0.2)
    source.seek(1, 2)
    source.poll(0.2)
    assert consumer.assigned == [{0: 5, 1: 7}, {0: 9, 1: 2}]


def test_new_partitions_start_again(opened):
    source, consumer = opened()
    source.poll(0)
    source.follow((0, 1, 2))
    assert source.fresh == {0, 1, 2}
    source.poll(0)
    assert consumer.assigned[-1] == {}


def test_an_error_among_records_is_raised_and_all_of_that_poll_read_again(opened):
    failed = SimpleNamespace(str=lambda: "Broker: Topic authorization failed")
    source, consumer = opened([*messages(0, 5, 7), Message(1, 0, failed)], messages(0, 5, 7))
    with pytest.raises(KafkaError, match="authorization failed"):
        source.poll(0.2)
    assert [record.offset for record in source.poll(0.2)[0]] == [5, 6]
    assert consumer.assigned == [{0: 5, 1: 7}, {0: 5, 1: 7}]


def test_while_held_nothing_is_taken_from_the_queue(opened):
    source, consumer = opened(messages(0, 5, 7))
    source.hold(True)
    assert source.poll(0) == {}
    assert consumer.asked == []
    source.hold(False)
    assert len(source.poll(0)[0]) == 2


def test_it_waits_only_where_nothing_is_there(opened):
    source, consumer = opened(messages(0, 5, 7), [], messages(0, 7, 8))
    source.poll(0.2)
    source.poll(0.2)
    assert consumer.asked == [(10_000, 0), (10_000, 0), (1, 0.2)]


def test_what_librdkafka_raises_is_an_error_that_the_sink_waits_for(opened):
    source, consumer = opened()
    consumer.marks = {(0, False): KafkaException(SimpleNamespace(str=lambda: "Local: Timed out"))}
    with pytest.raises(KafkaError, match="Timed out"):
        source.first(0)


def test_lag_is_of_the_last_fetch_or_asked_for(opened):
    source, consumer = opened()
    consumer.marks = {(0, True): (0, 20), (1, True): (-1001, -1001), (0, False): (0, 30), (1, False): KafkaException()}
    assert source.lag({0: 5, 1: 7, 2: 0}) == {0: 15}
    assert source.lag({0: 5, 1: 7}, ask=True) == {0: 25}
    assert (source.first(0), source.end(0)) == (0, 30)


def test_while_kafka_is_down_the_last_known_lag_counts_and_all_partitions_share_one_wait(opened, monkeypatch):
    source, consumer = opened()
    now = iter([0.0, 0.0, 0.7, 1.2])
    monkeypatch.setattr("hdfs_sink.kafka.source.time.monotonic", lambda: next(now))
    source._at = dict.fromkeys(range(3), 0)
    down = KafkaException(SimpleNamespace(str=lambda: "Local: Timed out"))
    consumer.marks = {(number, False): down for number in range(3)} | {
        (0, True): (0, 20),
        (1, True): (0, 8),
        (2, True): down,
    }
    assert source.lag({0: 5, 1: 7, 2: 1}, ask=True) == {0: 15, 1: 1}
    assert consumer.waits == [1.0, pytest.approx(0.3)]


class Admin:
    """An admin client that describes a topic."""

    def __init__(self, **description: Any) -> None:
        self.description = description

    def describe_topics(self, names: list[str]) -> list[dict]:
        return [self.description]


def test_only_a_missing_topic_counts_as_missing(opened):
    source, _ = opened()
    source._admin = Admin(error_code=3, partitions=[])
    assert source.describe() is None
    source._admin = Admin(error_code=0, partitions=[], topic_id="x")
    assert source.describe() is None
    source._admin = Admin(error_code=0, partitions=[{"partition_index": 1}, {"partition_index": 0}], topic_id="x")
    assert source.describe() == Topic("x", (0, 1))
    source._admin = Admin(error_code=29, partitions=[])
    with pytest.raises(KafkaError, match=r"TopicAuthorizationFailed.*topic t"):
        source.describe()


def test_places_are_committed_for_lag_tools_also_at_the_end(opened):
    source, consumer = opened()
    source.commit({0: 6})
    source.commit({})
    source.close({0: 8, 1: 7})
    assert consumer.committed == [{0: 6}, {0: 8, 1: 7}]


def parts(*numbers: int) -> list[TopicPartition]:
    return [TopicPartition("t", number) for number in numbers]


@pytest.fixture
def shared():
    """A source that shares the topic by its group, and its consumer; it has been given partitions 0 and 1."""
    consumer = Consumer([])
    source = Source(arguments.read(["--topic", "t", "--share"]), lambda settings: consumer)
    consumer.on_assign(consumer, parts(0, 1))
    return source, consumer


def test_the_consumer_reads_committed_records_and_creates_no_topic():
    given = {}
    Source(arguments.read(["--topic", "t", "--bootstrap", "a:1,b:2"]), lambda options: given.update(options))
    assert given == {"bootstrap.servers": "a:1,b:2", "group.id": "hdfs-sink-t", **OPTIONS}
    assert (given["isolation.level"], given["allow.auto.create.topics"]) == ("read_committed", False)
    assert given["enable.auto.commit"] is False


def test_an_instance_takes_every_nth_partition():
    source = Source(arguments.read(["--topic", "t", "--instance", "2/3"]), lambda settings: Consumer([]))
    source.follow(tuple(range(7)))
    assert source.owned == source.fresh == {1, 4}


def test_with_share_the_group_gives_partitions_and_hdfs_their_offsets(shared):
    source, consumer = shared
    assert consumer.topics == ["t"]
    source.follow((0, 1, 2))
    assert source.owned == source.fresh == {0, 1}
    source.seek(0, 7)
    source.poll(0)
    source.seek(1, 9)
    consumer.polls = [[*messages(0, 7, 8), *messages(1, 9, 10)]]
    assert sorted(source.poll(0)) == [0, 1]
    assert consumer.assigned == [{}, {0: 7}, {0: 7, 1: 9}]


def test_with_share_nothing_is_read_of_a_partition_that_the_group_took(shared):
    source, consumer = shared
    source.seek(0, 7)
    source.seek(1, 9)
    source.poll(0)
    consumer.on_revoke(consumer, parts(0, 1))
    assert source.owned == source.fresh == set()
    consumer.on_assign(consumer, parts(1))
    consumer.polls = [[*messages(0, 7, 8), *messages(1, 9, 10)]]
    assert source.poll(0) == {}, "the group's own offsets do not count"
    assert source.fresh == {1}
    source.seek(1, 9)
    source.poll(0)
    assert consumer.assigned[-1] == {1: 9}


def test_with_share_the_group_gets_polls_during_a_long_hold(shared, monkeypatch):
    source, consumer = shared
    source.seek(0, 7)
    now = [100.0]
    slept = []
    monkeypatch.setattr("hdfs_sink.kafka.source.time", SimpleNamespace(monotonic=lambda: now[0], sleep=slept.append))
    source.hold(True)
    assert source.poll(0.1) == {} and slept == [0.1]
    now[0] += 5
    source.hold(True)
    assert source.poll(0.2) == {} and slept == [0.1]
    assert consumer.asked == [("poll", 0.2)] and consumer.assigned[-1] == {}
    source.hold(False)
    source.poll(0)
    assert consumer.assigned[-1] == {0: 7}
