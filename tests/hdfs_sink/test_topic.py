"""What may happen to the topic while hdfs-sink reads it: made again, cut, emptied; and records that are too much."""

from __future__ import annotations

import threading
import time

import pytest
from hdfs import HdfsError

from hdfs_sink import backoff, following, writing
from hdfs_sink.kafka import dead_letters
from hdfs_sink.records.batch import Limits
from hdfs_sink.records.columns import Column
from hdfs_sink.records.gatherer import Gatherer
from hdfs_sink.records.rows import Maker
from tests.hdfs_sink.hdfs_store import Store
from tests.hdfs_sink.kit import make_sink, said, turn_until
from tests.hdfs_sink.topic_log import Log, Record, Source


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(backoff, "DELAYS", (0.0,))


def rows(store: Store) -> list[int]:
    return [int(line) for line in store.visible()]


@pytest.fixture
def again(monkeypatch):
    """A sink of a topic that has given rows 0 to 2, and that reads a new topic's records if told to look again."""
    store, log = Store(), Log()
    log.fill(3)
    made = make_sink(store, log)
    monkeypatch.setattr(following, "Source", lambda settings: Source(log))
    turn_until(made, lambda: len(rows(store)) == 3)
    return made, store, log


@pytest.fixture
def gathered(monkeypatch):
    """A sink that has gathered rows 0 to 4 and written none; it reads a new topic's records if told to look again."""
    store, log = Store(), Log()
    log.fill(5)
    made = make_sink(store, log, "--seconds", "3600")
    monkeypatch.setattr(following, "Source", lambda settings: Source(log))
    turn_until(made, lambda: bool(made.state.partitions) and made.state.partitions[0].gatherer.waiting == 5)
    return made, store, log


def make_again(log: Log, count: int) -> None:
    log.id, log.records = "id-2", {0: []}
    log.fill(count)


def test_a_topic_made_again_between_two_looks_doubles_nothing(again):
    made, store, log = again
    make_again(log, 8)
    turn_until(made, lambda: len(rows(store)) >= 11)
    for _ in range(20):
        made._turn()
    assert sorted(rows(store)) == sorted([*range(3), *range(8)])
    assert "event=new_topic" in said(made) and "event=given_up" in said(made)


def test_what_was_read_of_a_deleted_topic_is_written_before_the_new_one_is_read(gathered):
    made, store, log = gathered
    made.state.source.describe = lambda: None
    made.state.look_at = 0.0
    turn_until(made, lambda: len(rows(store)) == 5)
    assert "event=no_topic" in said(made)
    make_again(log, 2)
    made.state.look_at = 0.0
    turn_until(made, lambda: bool(made.state.partitions) and made.state.partitions[0].gatherer.waiting == 2)
    assert made.state.partitions[0].gatherer.next == 0


def test_records_that_were_sure_are_written_and_later_ones_given_up(gathered):
    made, store, log = gathered
    made.state.look_at = 0.0
    made._work()
    make_again(log, 9)
    turn_until(made, lambda: made.state.partitions[0].gatherer.waiting == 9)
    made.state.look_at = 0.0
    made._work()
    assert rows(store) == [0, 1, 2, 3, 4]
    assert 'msg="4 records may be of the old topic or of the new one' in said(made)


def test_rows_that_retention_ate_are_reported_though_nothing_comes_after_them(monkeypatch):
    monkeypatch.setattr(following, "LOOK_EVERY", 0.0)
    store, log = Store(), Log()
    log.fill(5)
    made = make_sink(store, log)
    turn_until(made, lambda: len(rows(store)) == 5)
    log.fill(10)
    log.first[0] = 15
    made.state.source.positions[0] = 15
    turn_until(made, lambda: bool(made.state.letters.sent))
    assert made.state.letters.sent == [("0/5-14", "lost")]
    turn_until(made, lambda: made.state.partitions[0].position.next == 15)
    for _ in range(10):
        made._turn()
    assert made.metrics.sum("offsets_lost") == 10
    assert len(made.state.letters.sent) == 1


def test_offsets_without_a_record_are_not_lost_because_the_log_moves_on_before_they_are_written(monkeypatch):
    store, log = Store(), Log()
    log.fill(5)
    log.fill(5, skip=1)
    made = make_sink(store, log, "--seconds", "3600")
    turn_until(made, lambda: bool(made.state.partitions) and made.state.partitions[0].gatherer.waiting == 10)
    log.first[0] = 8
    made.stop()
    made.run()
    assert made.state.letters.sent == []
    assert (made.metrics.sum("offsets_skipped"), made.metrics.sum("offsets_lost")) == (1, 0)


def test_a_log_that_was_cut_and_has_grown_again_is_an_error():
    store, log = Store(), Log()
    log.fill(10)
    made = make_sink(store, log)
    turn_until(made, lambda: len(rows(store)) == 10)
    log.records[0] = log.records[0][:4]
    log.fill(12)
    made.state.source.positions[0] = 4
    turn_until(made, lambda: "event=log_cut" in said(made) and len(rows(store)) == 16)
    assert "was cut and has grown: the new records at 4 to 9 are not in HDFS" in said(made)


def test_poison_counts_as_bytes_that_are_held():
    gatherer = Gatherer(0, Maker("csv", [Column("id", "int")]), Limits(50_000, 1 << 20, 60))
    gatherer.take([Record(number, b"x" * 100_000) for number in range(100)], 0)
    held = []
    while batch := gatherer.cut(0):
        held.append(len(batch.poison))
    assert held == [11] * 9
    assert gatherer.size > 0


@pytest.mark.parametrize("value", [bytes(range(256)) * 3200, b"\x01" * 200_000, b"\x00" * 10_000_000])
def test_a_letter_fits_into_kafka_whatever_the_record(value):
    letters = dead_letters.DeadLetters([], "dead", "temperatures")
    key, text, _ = letters.letter(Record(7, value, key=value), "not JSON")
    assert len(text) < 1_000_000
    assert key == b"temperatures/0/7"
    assert b'"truncated": true' in text and f'"value_bytes": {len(value)}'.encode() in text


def test_small_days_without_end_do_not_keep_it_from_stopping(monkeypatch):
    store, log = Store(), Log()
    for number in range(60):
        log.fill(1, timestamp=(number % 2) * 86_400_000)
    made = make_sink(store, log, "--by-day")
    monkeypatch.setattr(writing, "PASS_SECONDS", 0.0)
    turn_until(made, lambda: len(rows(store)) >= 10)
    made.stop()
    began = len(made.state.client.store.files)
    made._turn()
    assert len(made.state.client.store.files) - began <= 2
    made.run()
    assert sorted(rows(store)) == list(range(made.state.source.positions[0]))


def test_partitions_take_turns_where_writing_takes_long(monkeypatch):
    monkeypatch.setattr(writing, "PASS_SECONDS", 0.0)
    store, log = Store(), Log(3)
    for partition in range(3):
        log.fill(200, partition=partition)
    made = make_sink(store, log, "--rows", "1")
    turn_until(made, lambda: len(rows(store)) >= 60)
    shares = [sum(1 for row in rows(store) if row // 10_000 == partition) for partition in range(3)]
    assert min(shares) >= 15, shares


@pytest.fixture
def beside(monkeypatch):
    """Every batch is uploaded in the thread, however small."""
    monkeypatch.setattr("hdfs_sink.partition.LARGE", 0)


def test_records_are_read_while_a_batch_is_uploaded_and_each_is_there_once(beside):
    store, log = Store(), Log(2)
    log.fill(200)
    log.fill(100, partition=1)
    going, reading = threading.Event(), []

    def step(name: str, done: bool) -> None:
        if name == "write" and not done and threading.current_thread() is not threading.main_thread():
            going.set()
            reading.append(sum(part.gatherer.waiting for part in made.state.partitions.values()))
            time.sleep(0.01)

    made = make_sink(store, log, "--rows", "20", step=step)
    turn_until(made, lambda: len(rows(store)) == 300, turns=100_000)
    assert sorted(rows(store)) == [*range(200), *range(10_000, 10_100)]
    assert going.is_set() and max(reading) > 0


def test_an_upload_is_over_before_its_batch_is_committed(beside):
    store, log = Store(), Log()
    log.fill(40)
    refused = []

    def step(name: str, done: bool) -> None:
        if name == "write" and threading.current_thread() is not threading.main_thread():
            time.sleep(0.001)
        if name == "move" and not done and len(refused) < 30 and made.state.partitions[0].batch:
            refused.append(made.state.partitions[0].uploading)
            raise HdfsError("Name node is in safe mode.", exception="SafeModeException")

    made = make_sink(store, log, "--rows", "9", step=lambda name, done: None)
    turn_until(made, lambda: bool(made.state.partitions))
    made.state.client.step = step
    # The thread is at it when a turn ends, and done before the next one.
    turn_until(made, lambda: time.sleep(0.01) or len(rows(store)) == 40, turns=10_000)
    assert rows(store) == list(range(40))
    assert len(refused) == 30 and not any(refused)


def test_an_upload_that_fails_is_done_again(beside):
    store, log = Store(), Log()
    log.fill(50)
    left = [5]

    def step(name: str, done: bool) -> None:
        if name == "write" and not done and left[0] and threading.current_thread() is not threading.main_thread():
            left[0] -= 1
            raise HdfsError("no space", exception="DSQuotaExceededException")

    made = make_sink(store, log, "--rows", "9", step=step)
    turn_until(made, lambda: len(rows(store)) == 50, turns=100_000)
    assert rows(store) == list(range(50))
    assert (said(made).count("event=waiting"), said(made).count("event=resumed")) == (1, 1)


def test_ending_waits_for_what_is_being_uploaded(beside):
    store, log = Store(), Log()
    log.fill(40)

    def step(name: str, done: bool) -> None:
        if name == "write" and threading.current_thread() is not threading.main_thread():
            time.sleep(0.02)

    made = make_sink(store, log, "--rows", "10", step=step)
    turn_until(
        made,
        lambda: (
            bool(made.state.partitions)
            and bool(made.state.partitions[0].batch and made.state.partitions[0].batch.upload)
        ),
    )
    made.stop()
    made.run()
    assert rows(store) == list(range(made.state.source.positions[0]))
    assert not [path for path in store.files if "/staged/" in path]
