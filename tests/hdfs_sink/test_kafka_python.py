"""hdfs-sink's source by kafka-python, on a stand-in of its consumer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kafka import OffsetAndMetadata, TopicPartition
from kafka.cluster import ClusterMetadata
from kafka.errors import KafkaError

from hdfs_sink import arguments
from hdfs_sink.kafka import kafka_python
from hdfs_sink.kafka.source import FETCH_BYTES, FETCH_WAIT_MS, METADATA_MS, RECORDS, TIMEOUT_MS


def tp(number: int) -> TopicPartition:
    return TopicPartition("t", number)


class Consumer:
    """kafka-python's consumer: notes what is asked of it, and gives prepared batches."""

    def __init__(self, **options: Any) -> None:
        self.options, self.calls = options, []
        self._cluster = SimpleNamespace(config={"allow_auto_create_topics": True})
        self.batches: dict[TopicPartition, list[str]] = {}
        self.assigned: set[TopicPartition] = set()
        self.held: set[TopicPartition] = set()
        self.ends: dict[int, int] = {}
        self.error: Exception | None = None

    def _note(self, *call: Any) -> None:
        self.calls.append(call)
        if self.error:
            raise self.error

    def subscribe(self, topics: list[str], listener: Any) -> None:
        self._note("subscribe", topics, listener)

    def assign(self, partitions: list[TopicPartition]) -> None:
        self._note("assign", partitions)
        self.assigned = set(partitions)

    def assignment(self) -> set[TopicPartition]:
        return self.assigned

    def paused(self) -> set[TopicPartition]:
        return self.held

    def pause(self, *partitions: TopicPartition) -> None:
        self._note("pause", set(partitions))

    def resume(self, *partitions: TopicPartition) -> None:
        self._note("resume", set(partitions))

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self._note("seek", partition, offset)

    def poll(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[str]]:
        self._note("poll", timeout_ms, max_records)
        return self.batches

    def beginning_offsets(self, partitions: list[TopicPartition], timeout_ms: int) -> dict[TopicPartition, int]:
        self._note("beginning", partitions, timeout_ms)
        return dict.fromkeys(partitions, 3)

    def end_offsets(self, partitions: list[TopicPartition], timeout_ms: int) -> dict[TopicPartition, int]:
        self._note("end", sorted(partitions), timeout_ms)
        return {partition: 100 + partition.partition for partition in partitions}

    def highwater(self, partition: TopicPartition) -> int | None:
        return self.ends.get(partition.partition)

    def group_metadata(self) -> Any:
        return SimpleNamespace(member_id="me")

    def commit_async(self, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None:
        self._note("commit_async", offsets)

    def commit(self, offsets: dict[TopicPartition, OffsetAndMetadata], timeout_ms: int) -> None:
        self._note("commit", offsets, timeout_ms)

    def close(self) -> None:
        self._note("close")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch):
    """Opens a source of topic t with more options of the command line; gives it and its consumer."""
    monkeypatch.setattr(kafka_python, "KafkaConsumer", Consumer)

    def open_source(*more: str) -> tuple[kafka_python.KafkaPython, Consumer]:
        given = ["--topic", "t", "--bootstrap", "kafka:9092", "--columns", "id:int", *more]
        source = kafka_python.KafkaPython(arguments.read(given))
        return source, source._consumer

    return open_source


def test_the_consumer_reads_committed_records_and_creates_no_topic(opened):
    _, consumer = opened()
    assert consumer.options == {
        "bootstrap_servers": ["kafka:9092"],
        "group_id": "hdfs-sink-t",
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "isolation_level": "read_committed",
        "allow_auto_create_topics": False,
        "metadata_max_age_ms": METADATA_MS,
        "session_timeout_ms": 10_000,
        "heartbeat_interval_ms": 2000,
        "fetch_max_bytes": FETCH_BYTES,
        "fetch_max_wait_ms": FETCH_WAIT_MS,
        "request_timeout_ms": 30_000,
        "bootstrap_timeout_ms": TIMEOUT_MS,
    }
    assert consumer._cluster.config["allow_auto_create_topics"] is False
    assert consumer.calls == []


def test_with_share_the_group_gives_and_takes_partitions(opened):
    source, consumer = opened("--share")
    assert consumer.calls == [("subscribe", ["t"], source)]
    source.on_partitions_assigned([tp(0), tp(1)])
    assert (source._owned, source.fresh) == ({0, 1}, {0, 1})
    source.seek(0, 7)
    assert source.fresh == {1}
    source.on_partitions_revoked([tp(1)])
    assert (source._owned, source.fresh) == ({0}, set())


def test_records_of_partitions_without_a_position_are_not_given(opened):
    source, consumer = opened("--share")
    source.on_partitions_assigned([tp(0), tp(1)])
    source.seek(0, 0)
    consumer.batches = {tp(0): ["a"], tp(1): ["b"], tp(2): ["c"]}
    assert source.poll(0.25) == {0: ["a"]}
    assert source.poll(-1) == {0: ["a"]}
    assert consumer.calls[-2:] == [("poll", 250, RECORDS), ("poll", 0, RECORDS)]


def test_all_partitions_are_held_or_none(opened):
    source, consumer = opened()
    source._assign({1, 0})
    assert consumer.calls == [("assign", [tp(0), tp(1)])]
    consumer.calls.clear()
    source.hold(False)
    assert consumer.calls == []
    consumer.held = {tp(0)}
    source.hold(True)
    source.hold(False)
    consumer.held = {tp(0), tp(1)}
    source.hold(True)
    assert consumer.calls == [("pause", {tp(1)}), ("resume", {tp(0)})]


def test_the_ends_of_a_partition_are_asked_with_a_time_limit(opened):
    source, consumer = opened()
    assert (source.first(2), source.end(2)) == (3, 102)
    assert consumer.calls == [("beginning", [tp(2)], TIMEOUT_MS), ("end", [tp(2)], TIMEOUT_MS)]


def test_lag_is_the_distance_to_the_end_of_each_assigned_partition(opened):
    source, consumer = opened()
    source._assign({0, 1, 2})
    consumer.ends = {0: 10, 1: 5}
    positions = {0: 4, 1: 9, 2: 8, 7: 1}
    assert source.lag(positions) == {0: 6, 1: 0, 2: 0}
    assert source.lag(positions, ask=True) == {0: 96, 1: 92, 2: 94}
    assert consumer.calls[-1] == ("end", [tp(0), tp(1), tp(2)], 1000)
    consumer.error = KafkaError("no broker")
    assert source.lag(positions, ask=True) == {0: 6, 1: 0, 2: 0}


def test_offsets_are_committed_for_tools_and_a_failure_is_no_matter(opened):
    source, consumer = opened()
    source.commit({})
    assert consumer.calls == []
    wanted = {tp(0): OffsetAndMetadata(5, "", -1)}
    source.commit({0: 5})
    source.close({0: 5})
    assert consumer.calls == [("commit_async", wanted), ("commit", wanted, 3000), ("close",)]
    consumer.error = KafkaError("no broker")
    source.commit({0: 5})
    source.close({0: 5})
    consumer.calls.clear()
    consumer.error = None
    source.close()
    assert consumer.calls == [("close",)]


def test_an_instance_that_the_group_does_not_know_for_long_is_left_out(opened):
    source, _ = opened("--share")
    assert source.left_out(0) is False
    members: list[dict[str, str]] = [{"member_id": "me"}]
    source._admin = SimpleNamespace(
        describe_groups=lambda groups: {"hdfs-sink-t": {"members": members}}, close=lambda: None
    )
    assert source.left_out(100) is False
    members.clear()
    assert source.left_out(115) is False
    assert source.left_out(115.1) is True
    members.append({"member_id": "me"})
    assert source.left_out(200) is False


def test_without_share_no_instance_is_left_out(opened):
    source, _ = opened()
    source._admin = SimpleNamespace(describe_groups=lambda groups: pytest.fail("asked"), close=lambda: None)
    assert source.left_out(100) is False


def test_an_instance_takes_every_nth_partition(opened):
    source, consumer = opened("--instance", "2/3")
    source.follow(tuple(range(7)))
    assert source.owned == {1, 4}
    assert consumer.calls == [("assign", [tp(1), tp(4)])]


def test_kafka_python_asks_for_no_new_topic(monkeypatch):
    class WithMetadata(Consumer):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self._cluster = ClusterMetadata()
            self._cluster.add_topic("t")

    monkeypatch.setattr(kafka_python, "KafkaConsumer", WithMetadata)
    source = kafka_python.KafkaPython(arguments.read(["--topic", "t"]))
    assert source._consumer._cluster.metadata_request().allow_auto_topic_creation is False
