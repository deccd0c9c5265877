"""hdfs-sink's source by librdkafka, on a stand-in of its consumer: what is assigned, read and read again."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import pytest
from kafka.errors import KafkaError

from hdfs_sink import arguments


class TopicPartition(NamedTuple):
    topic: str
    partition: int
    offset: int = 0


class KafkaException(Exception):  # noqa: N818 - confluent-kafka's name
    pass


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
        self.marks: dict[int, Any] = {}

    def assign(self, parts: list[TopicPartition]) -> None:
        self.assigned.append({part.partition: part.offset for part in parts})

    def consume(self, most: int, seconds: float) -> list[Message]:
        self.asked.append((most, seconds))
        return self.polls.pop(0) if self.polls else []

    def get_watermark_offsets(self, part: TopicPartition, timeout: float, cached: bool = False) -> tuple[int, int]:
        mark = self.marks[part.partition, cached]
        if isinstance(mark, Exception):
            raise mark
        return mark

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> None:
        self.committed.append({part.partition: part.offset for part in offsets})

    def close(self) -> None:
        pass


@pytest.fixture
def librdkafka(monkeypatch):
    """The module, on the stand-in."""
    stand_in = ModuleType("confluent_kafka")
    stand_in.__spec__ = importlib.machinery.ModuleSpec("confluent_kafka", None)
    stand_in.__dict__.update(Consumer=Consumer, KafkaException=KafkaException, TopicPartition=TopicPartition)
    monkeypatch.setitem(sys.modules, "confluent_kafka", stand_in)
    monkeypatch.delitem(sys.modules, "hdfs_sink.kafka.librdkafka", raising=False)
    yield importlib.import_module("hdfs_sink.kafka.librdkafka")
    sys.modules.pop("hdfs_sink.kafka.librdkafka", None)


@pytest.fixture
def opened(librdkafka):
    """A source of two partitions that were sought, and its consumer."""

    def make(*polls: list[Message]) -> tuple[Any, Consumer]:
        consumer = Consumer(list(polls))
        given = arguments.read(["--topic", "t"])
        source = librdkafka.Librdkafka(given, lambda settings: consumer)
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


def test_nothing_is_read_of_a_partition_that_nobody_has_sought(librdkafka):
    consumer = Consumer([])
    source = librdkafka.Librdkafka(arguments.read(["--topic", "t"]), lambda settings: consumer)
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
    assert source.lag({0: 5, 1: 7, 2: 0}) == {0: 15, 1: 0}
    assert source.lag({0: 5, 1: 7}, ask=True) == {0: 25, 1: 0}
    assert (source.first(0), source.end(0)) == (0, 30)


def test_places_are_committed_for_lag_tools_also_at_the_end(opened):
    source, consumer = opened()
    source.commit({0: 6})
    source.commit({})
    source.close({0: 8, 1: 7})
    assert consumer.committed == [{0: 6}, {0: 8, 1: 7}]


@pytest.mark.parametrize(
    ("words", "there", "client"),
    [
        ([], True, "librdkafka"),
        ([], False, "kafka-python"),
        (["--share"], True, "kafka-python"),
        (["--client", "kafka-python"], True, "kafka-python"),
    ],
)
def test_the_client_is_librdkafka_where_it_is_installed_and_the_group_does_not_share(monkeypatch, words, there, client):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: there or None)
    assert arguments.read(["--topic", "t", *words]).client == client


@pytest.mark.parametrize(
    ("words", "there", "said"), [([], False, "needs confluent-kafka"), (["--share"], True, "exclude each other")]
)
def test_a_client_that_cannot_be_is_refused(monkeypatch, capsys, words, there, said):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: there or None)
    with pytest.raises(SystemExit):
        arguments.read(["--topic", "t", "--client", "librdkafka", *words])
    assert said in capsys.readouterr().err
