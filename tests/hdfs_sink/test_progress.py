"""What a person and Kafka see while hdfs-sink runs: progress, lag, the group's offsets, metrics, the end."""

from __future__ import annotations

import socket
import time
import urllib.request

import pytest
from hdfs import HdfsError

from hdfs_sink import backoff, following, sink, writing
from hdfs_sink.kafka.dead_letters import NoTopicError
from hdfs_sink.metrics import Metrics, serve
from hdfs_sink.records.columns import Column, writer
from hdfs_sink.records.values import meaning, parse
from tests.hdfs_sink.hdfs_store import Store
from tests.hdfs_sink.kit import make_sink, said, turn_until
from tests.hdfs_sink.topic_log import Log, Source


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(backoff, "DELAYS", (0.0,))


def written(count: int = 5, partitions: int = 1, *more: str):
    """A sink that has written a number of rows of each partition, its store and its log."""
    store, log = Store(), Log(partitions)
    for number in range(partitions):
        log.fill(count, partition=number)
    made = make_sink(store, log, *more)
    turn_until(made, lambda: len(store.visible()) == count * partitions)
    return made, store, log


def progress(made: sink.Sink) -> str:
    """What it says when progress and the group's offsets are due."""
    made._progress_at = made._commit_at = 0.0
    before = len(said(made))
    made._turn()
    return said(made)[before:]


def test_progress_commits_what_is_in_hdfs():
    made, _, log = written()
    log.fill(4)
    assert "event=progress" in progress(made)
    assert made.state.source.committed == {0: 5}, "records that are not in HDFS are not committed"


def test_the_same_progress_is_said_once():
    made, *_ = written()
    progress(made)
    silent = [progress(made) for _ in range(3)]
    assert "".join(silent).count("event=progress") <= 1, "it changes once: rows are no longer written"
    assert "event=progress" not in silent[-1]


@pytest.mark.parametrize("failing", [False, True])
def test_the_end_of_the_log_is_asked_for_only_while_something_fails(failing, monkeypatch):
    made, *_ = written()
    asked = []
    monkeypatch.setattr(made.state.source, "lag", lambda positions, ask=False: asked.append(ask) or {0: 3})
    if failing:
        made._reading.failed("no answer", time.monotonic())
    progress(made)
    assert asked == [failing]
    assert made.metrics.lag == {0: 3}


def test_a_lag_that_nobody_knows_is_not_zero(monkeypatch):
    made, *_ = written()
    monkeypatch.setattr(made.state.source, "lag", lambda *_, **__: {})
    assert "lag=unknown" in progress(made)


def test_a_terminal_gets_a_line_that_is_replaced(monkeypatch):
    made, *_ = written()
    shown = []
    made.log.terminal = True
    monkeypatch.setattr(made.log, "live", shown.append)
    progress(made)
    (line,) = shown
    assert line.startswith("temperatures: 5 rows, ") and line.endswith(f"lag 0, last {made.metrics.last_file}")


def test_the_end_says_how_much_was_written():
    made, *_ = written()
    made.stop()
    made.run()
    assert f'"ended: 5 rows in {made.metrics.sum("files")} files"' in said(made)


def test_the_end_says_how_much_is_still_in_kafka_and_why(monkeypatch):
    store, log = Store(), Log()
    log.fill(3)
    down = []

    def step(name: str, done: bool) -> None:
        if down and not done:
            raise HdfsError("Name node is in safe mode.", exception="SafeModeException")

    made = make_sink(store, log, "--seconds", "3600", step=step)
    turn_until(made, lambda: bool(made.state.partitions) and made.state.partitions[0].gatherer.waiting == 3)
    down.append(True)
    monkeypatch.setattr(sink, "LAST_SECONDS", 0.05)
    made.stop()
    made.run()
    assert "3 records that could not be written are still in Kafka (Name node is in safe mode" in said(made)
    assert "level=warning event=ended" in said(made)


def test_a_missing_topic_of_dead_letters_is_forgotten_once_it_is_there():
    made, *_ = written()

    def fail() -> None:
        raise NoTopicError("dead", "not authorized")

    assert not made._try(fail, made._backoff)
    assert made.metrics.missing_topic == "dead" and "not authorized" in made.metrics.trouble
    assert made._try(lambda: True, made._backoff)
    assert (made.metrics.missing_topic, made.metrics.trouble) == ("", "")


def test_prometheus_reads_the_counters():
    pytest.importorskip("prometheus_client")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    metrics = Metrics("t")
    metrics.add("rows", 0, 7)
    serve(metrics, "127.0.0.1", port)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    text = opener.open(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
    assert 'hdfs_sink_rows_total{partition="0",topic="t"} 7.0' in text


def test_a_topic_made_again_gives_up_the_records_of_all_partitions(monkeypatch):
    store, log = Store(), Log(2)
    for number in (0, 1):
        log.fill(4, partition=number)
    made = make_sink(store, log, "--seconds", "3600")
    monkeypatch.setattr(following, "Source", lambda settings: Source(log))
    turn_until(made, lambda: sum(part.gatherer.waiting for part in made.state.partitions.values()) == 8)
    log.id, log.records = "id-2", {0: [], 1: []}
    made.state.look_at = 0.0
    turn_until(made, lambda: "event=new_topic" in said(made))
    assert "event=given_up" in said(made) and "records=8" in said(made)
    assert "level=warning event=new_topic" in said(made)


def test_a_log_that_was_cut_is_reported_once_in_a_while():
    made, store, log = written(10)
    for _ in range(3):
        log.records[0] = log.records[0][:4]
        made.state.source.positions[0] = 0
        turn_until(made, lambda: made.state.partitions[0].gatherer.backwards is None)
        for _ in range(5):
            made._turn()
    assert said(made).count("event=log_cut") == 1
    assert made.state.partitions[0].quiet_until > time.monotonic()
    assert len(store.visible()) == 10


def test_a_writer_that_was_too_late_says_so():
    store, log = Store(), Log()
    log.fill(5)
    first, second = make_sink(store, log), make_sink(store, log)
    turn_until(second, lambda: bool(second.state.partitions))
    turn_until(first, lambda: len(store.visible()) == 5)
    turn_until(second, lambda: second.metrics.sum("fenced") > 0)
    assert "level=warning event=fenced" in said(second)
    assert sorted(map(int, store.visible())) == list(range(5))


def test_the_next_pass_begins_with_the_next_partition(monkeypatch):
    monkeypatch.setattr(writing, "PASS_SECONDS", 0.0)
    made, *_ = written(20, 3, "--rows", "2")
    assert sorted(made.state.partitions) == [0, 1, 2], "no partition is lost by taking turns"


@pytest.mark.parametrize(
    ("schema", "value", "right"),
    [
        (
            {"type": "map", "values": {"type": "bytes", "name": "org.apache.kafka.connect.data.Decimal",
             "parameters": {"scale": "1"}}},
            b'{"a":"Dw==","b":null}', {"a": "1.5", "b": None},
        ),
        (
            {"type": "array", "items": {"type": "bytes", "name": "io.debezium.data.Bits"}},
            b'["AQ==",null,"AAE="]', [1, None, 256],
        ),
    ],
)  # fmt: skip
def test_values_inside_maps_and_arrays_are_decoded(schema, value, right):
    decoded = meaning(schema).decode(parse(value))
    plain = {key: getattr(one, "text", one) for key, one in decoded.items()} if isinstance(decoded, dict) else decoded
    assert plain == right


@pytest.mark.parametrize(("text", "right"), [("007", "7"), ("0", "0"), ("-0", "0"), ("+5", "5"), ("000", "0")])
def test_whole_numbers_lose_leading_zeros_only(text, right):
    assert writer(Column.read("x:int"), meaning(None))(text) == right
