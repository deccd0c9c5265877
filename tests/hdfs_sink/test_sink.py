"""The sink as a whole: new topics and partitions, lost offsets, poison, HDFS that refuses, the end."""

from __future__ import annotations

import pytest
from hdfs import HdfsError

from hdfs_sink import backoff
from hdfs_sink.hdfs import position
from hdfs_sink.hdfs.names import Paths
from tests.hdfs_sink.hdfs_store import FOLDER, Store
from tests.hdfs_sink.kit import make_sink, said, turn_until
from tests.hdfs_sink.topic_log import Log

PATHS = Paths(FOLDER, "temperatures", "id-1", 0)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(backoff, "DELAYS", (0.0,))
    monkeypatch.setattr("hdfs_sink.following.LOOK_EVERY", 0.0)


def rows(store: Store) -> list[int]:
    return [int(line) for line in store.visible()]


def test_a_topic_made_again_is_read_from_its_beginning_and_said(monkeypatch):
    store, log = Store(), Log()
    log.fill(5)
    made = make_sink(store, log)
    source = made.state.source
    monkeypatch.setattr("hdfs_sink.following.Source", lambda settings: type(source)(log))
    turn_until(made, lambda: len(rows(store)) == 5)
    log.id, log.records = "id-2", {0: []}
    log.fill(7)
    turn_until(made, lambda: len(rows(store)) == 12)
    assert sorted(rows(store)) == sorted([*range(5), *range(7)])
    assert "event=new_topic" in said(made)


def test_new_partitions_are_found_while_it_runs():
    store, log = Store(), Log()
    log.fill(5)
    made = make_sink(store, log)
    turn_until(made, lambda: len(rows(store)) == 5)
    log.records[1], log.first[1] = [], 0
    log.fill(5)
    log.fill(5, partition=1)
    turn_until(made, lambda: len(rows(store)) == 15)
    assert sorted(rows(store)) == [*range(10), *range(10_000, 10_005)]
    assert "event=new_partitions" in said(made)


def test_what_retention_ate_is_reported_and_not_silently_passed_over():
    store, log = Store(), Log()
    log.fill(5)
    made = make_sink(store, log)
    turn_until(made, lambda: len(rows(store)) == 5)
    log.fill(10)
    log.first[0] = 9
    turn_until(made, lambda: len(rows(store)) == 11)
    assert rows(store) == [*range(5), *range(9, 15)]
    assert made.state.letters.sent == [("0/5-8", "lost")]
    assert (made.metrics.sum("offsets_lost"), made.metrics.sum("offsets_skipped")) == (4, 0)
    assert "level=error event=lost" in said(made)
    assert position.find(made.state.client, PATHS, lambda: 0).next == 15


def test_markers_and_compaction_are_counted():
    store, log = Store(), Log()
    log.fill(5)
    log.fill(5, skip=3)
    made = make_sink(store, log)
    turn_until(made, lambda: len(rows(store)) == 10)
    assert made.metrics.sum("offsets_skipped") == 3
    assert made.state.letters.sent == []


def test_a_log_that_was_cut_is_an_error_and_doubles_nothing():
    store, log = Store(), Log()
    log.fill(10)
    made = make_sink(store, log)
    turn_until(made, lambda: len(rows(store)) == 10)
    log.records[0] = log.records[0][:4]
    made.state.source.positions[0] = 0
    turn_until(made, lambda: "event=log_cut" in said(made))
    assert rows(store) == list(range(10))


def test_poison_alone_moves_the_place_and_is_sent_once():
    store, log = Store(), Log()
    log.records[0] = [record._replace(value=None) for record in _filled(3)]
    made = make_sink(store, log)
    turn_until(made, lambda: len(made.state.letters.sent) == 3)
    made._turn()
    assert rows(store) == []
    other = make_sink(store, log)
    for _ in range(5):
        other._turn()
    assert other.state.letters.sent == []
    assert made.state.letters.sent[2] == ("0/2", "tombstone: the value is null")


def _filled(count: int) -> list:
    log = Log()
    log.fill(count)
    return log.records[0]


def test_hdfs_that_refuses_for_a_while_stops_the_reading_and_nothing_else():
    store, log = Store(), Log()
    log.fill(500)
    down = [True]

    def step(name: str, done: bool) -> None:
        if down[0] and not done:
            raise HdfsError("Name node is in safe mode.", exception="SafeModeException")

    made = make_sink(store, log, "--rows", "4", step=step)
    down[0] = False
    turn_until(made, lambda: len(rows(store)) >= 20)
    down[0] = True
    for _ in range(50):
        made._turn()
    assert sum(part.gatherer.waiting for part in made.state.partitions.values()) <= 13
    assert made.metrics.trouble.startswith("waiting: Name node is in safe mode")
    down[0] = False
    turn_until(made, lambda: len(rows(store)) == 500, turns=2000)
    assert rows(store) == list(range(500))
    assert "event=waiting" in said(made) and "event=resumed" in said(made)


def test_ending_writes_what_is_gathered_and_commits_the_groups_offset():
    store, log = Store(), Log()
    log.fill(3)
    made = make_sink(store, log, "--seconds", "3600")
    turn_until(made, lambda: bool(made.state.partitions) and made.state.partitions[0].gatherer.waiting == 3)
    made.stop()
    made.run()
    assert rows(store) == [0, 1, 2]
    assert made.state.source.committed == {0: 3}
    assert "event=ended" in said(made)


def test_instances_share_partitions_by_number():
    store, log = Store(), Log(3)
    for partition in range(3):
        log.fill(4, partition=partition)
    first, second = make_sink(store, log, numbers={0, 2}), make_sink(store, log, numbers={1})
    turn_until(first, lambda: len(store.visible()) == 8)
    turn_until(second, lambda: len(store.visible()) == 12)
    assert first.metrics.sum("fenced") == second.metrics.sum("fenced") == 0
