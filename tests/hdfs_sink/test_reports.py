"""What the sink tells: dead letters, events of the log, metrics, and the result of `hdfs-sink compact`."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hdfs import HdfsError
from kafka.errors import KafkaError

from hdfs_sink import __main__ as program
from hdfs_sink import arguments, report
from hdfs_sink.kafka import dead_letters
from hdfs_sink.kafka.dead_letters import DeadLetters
from hdfs_sink.metrics import Metrics


def record(**fields: Any) -> SimpleNamespace:
    given = {"partition": 3, "offset": 7, "timestamp": 1000, "key": b"k", "value": "é".encode(), **fields}
    return SimpleNamespace(**given)


ABOUT = {"reason": "not JSON", "topic": "t", "partition": 3, "offset": 7, "timestamp": 1000}


@pytest.mark.parametrize(
    ("fields", "readable"),
    [
        ({}, {"key": "k", "value": "é"}),
        ({"key": None, "value": None}, {"key": None, "value": None}),
        ({"value": b"\xff"}, {"key": "k", "value_base64": "/w=="}),
        ({"key": b"\xff"}, {"key_base64": "/w==", "value": "é"}),
    ],
)
def test_a_dead_letter_has_the_place_the_reason_and_the_record(fields, readable):
    key, value, reason = DeadLetters([], "dead", "t").letter(record(**fields), "not JSON")
    assert (key, reason) == (b"t/3/7", "not JSON")
    assert json.loads(value) == {**ABOUT, **readable}
    assert "é".encode() in value or "value_base64" in readable or readable["value"] is None


@pytest.mark.parametrize(
    ("key", "value", "kept_key", "kept_value"),
    [
        ("k", "x" * 1_000_000, "k", "x" * 65536),
        (None, "x" * 900_000, None, "x" * 65536),
        ("k" * 900_000, None, "k" * 65536, None),
    ],
)
def test_a_large_record_is_cut_and_its_sizes_are_told(key, value, kept_key, kept_value):
    large = record(key=key and key.encode(), value=value and value.encode())
    _, letter, _ = DeadLetters([], "dead", "t").letter(large, "not JSON")
    sizes = {"truncated": True, "key_bytes": len(key or ""), "value_bytes": len(value or "")}
    assert json.loads(letter) == {**ABOUT, **sizes, "key": kept_key, "value": kept_value}


def test_lost_offsets_have_one_letter():
    key, value, reason = DeadLetters([], "dead", "t").lost(3, 5, 9)
    assert (key, reason) == (b"t/3/5-8", "deleted by Kafka before it was read")
    assert json.loads(value) == {"reason": reason, "topic": "t", "partition": 3, "first": 5, "last": 8}


class Producer:
    """A producer that notes its calls."""

    def __init__(self, **options: Any) -> None:
        self.options, self.calls = options, []

    def send(self, topic: str, **letter: Any) -> Any:
        self.calls.append((topic, letter))
        return SimpleNamespace(get=lambda timeout: self.calls.append(("waited", timeout)))

    def flush(self, timeout: float) -> None:
        self.calls.append(("flush", timeout))

    def close(self, timeout: float) -> None:
        self.calls.append(("close", timeout))
        raise KafkaError("gone")


@pytest.mark.parametrize("code", [0, dead_letters.UNKNOWN_TOPIC])
def test_letters_are_sent_to_a_topic_that_is_made_once(monkeypatch, code):
    created, closed, producers = [], [], []
    admin = SimpleNamespace(
        describe_topics=lambda names: [{"error_code": code}],
        create_topics=lambda topics, wait_for_metadata: created.append((topics, wait_for_metadata)),
        close=lambda: closed.append(1),
    )
    options = []
    monkeypatch.setattr(dead_letters, "KafkaAdminClient", lambda **given: options.append(given) or admin)
    monkeypatch.setattr(
        dead_letters, "KafkaProducer", lambda **given: producers.append(Producer(**given)) or producers[-1]
    )
    letters = DeadLetters(["kafka:9092"], "dead", "t")
    letters.send([])
    assert options == []
    letters.send([(b"key", b"value", "why")])
    letters.send([(b"key", b"value", "why")])
    assert created == ([({"dead": {}}, True)] if code else [])
    assert options == [
        {"bootstrap_servers": ["kafka:9092"], "request_timeout_ms": 10_000, "bootstrap_timeout_ms": 10_000}
    ]
    assert closed == [1]
    (producer,) = producers
    assert producer.options == {"bootstrap_servers": ["kafka:9092"], "acks": "all", "max_block_ms": 10_000}
    sent = ("dead", {"key": b"key", "value": b"value", "headers": [("reason", b"why")]})
    assert producer.calls == [sent, ("flush", 10), ("waited", 10)] * 2
    letters.close()
    assert producer.calls[-1] == ("close", 2)
    letters.close()


class Log:
    """Notes events."""

    terminal = False

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []

    def event(self, name: str, text: str, level: str = "info", **fields: Any) -> None:
        self.events.append((name, text, level, fields))


def state(first: int = 0) -> Any:
    """A sink's state, with an oldest offset of Kafka."""
    sent: list[Any] = []
    letters = SimpleNamespace(
        topic="dead",
        letter=lambda record, reason: ("letter", record.offset, reason),
        lost=lambda *place: ("lost", *place),
        send=sent.append,
        close=lambda: sent.append("closed"),
    )
    return SimpleNamespace(
        letters=letters,
        sent=sent,
        log=Log(),
        metrics=Metrics("t"),
        connected=SimpleNamespace(first=lambda number: first),
        settings=SimpleNamespace(folder="/f"),
    )


def batch(**fields: Any) -> Any:
    given = {
        "poison": [], "lost": None, "gaps": [], "reported": False, "files": {}, "rows": 0, "bytes": 0, "start": 0,
        "end": 0, "began": 0.0,
    }  # fmt: skip
    return SimpleNamespace(**{**given, **fields})


def test_records_without_a_row_are_reported_once_with_the_first_reason():
    made, one = state(), batch(poison=[(record(offset=5), "no JSON"), (record(offset=6), "no field")])
    report.report(made, 2, one)
    assert made.sent == [[("letter", 5, "no JSON"), ("letter", 6, "no field")]]
    text = "2 records have no row: see dead; the first: 5, no JSON"
    assert made.log.events == [("dead_letters", text, "warning", {"partition": 2, "records": 2, "offset": 5})]
    assert one.reported


def test_a_gap_before_the_oldest_offset_is_lost_and_the_rest_is_skipped():
    made = state(first=15)
    report.report(made, 2, batch(gaps=[(0, 4), (10, 20), (30, 31)]))
    assert made.sent == [[("lost", 2, 0, 4), ("lost", 2, 10, 15)]]
    assert made.log.events == [
        ("lost", "partition 2: Kafka deleted offsets 0 to 3 before they were read", "error",
         {"partition": 2, "first": 0, "last": 3}),
        ("lost", "partition 2: Kafka deleted offsets 10 to 14 before they were read", "error",
         {"partition": 2, "first": 10, "last": 14}),
        ("skipped", "partition 2: 6 offsets have no record (transaction markers, compaction)", "info",
         {"partition": 2, "offsets": 6}),
    ]  # fmt: skip
    assert made.metrics.counters == {("offsets_lost", 2): 9, ("offsets_skipped", 2): 6}


def test_lost_offsets_that_are_known_are_not_asked_again():
    made = state()
    made.connected.first = lambda number: pytest.fail("asked")
    report.report(made, 0, batch(lost=[(1, 3)], gaps=[(1, 3)]))
    assert made.metrics.counters == {("offsets_lost", 0): 2}


def test_a_refused_letter_closes_the_producer_and_reports_nothing():
    made, one = state(), batch(poison=[(record(), "why")])

    def refuse(letters: Any) -> None:
        raise KafkaError("no")

    made.letters.send = refuse
    with pytest.raises(KafkaError):
        report.report(made, 0, one)
    assert (made.sent, made.log.events, one.reported) == (["closed"], [], False)


def test_a_written_batch_is_counted_and_logged(monkeypatch):
    monkeypatch.setattr(report.time, "monotonic", lambda: 12.5)
    made = state()
    one = batch(files={"-": 1}, rows=4, bytes=90, start=10, end=15, began=10.0, poison=[1])
    report.written(made, 2, one, ["/f/a.csv"])
    assert made.metrics.counters == {("dead_letters", 2): 1, ("rows", 2): 4, ("files", 2): 1, ("bytes", 2): 90}
    assert made.metrics.last_file == "a.csv"
    fields = {"partition": 2, "rows": 4, "bytes": 90, "start": 10, "end": 15, "seconds": "2.500", "files": 1}
    assert made.log.events == [("wrote", "4 rows to /f/a.csv", "info", {**fields, "file": "/f/a.csv"})]


def test_a_batch_of_several_days_names_the_days():
    made = state()
    report.written(made, 0, batch(files={"2025-01-02": 1, "2025-01-01": 1}, rows=2), ["/f/d/a", "/f/e/b"])
    (name, text, _, fields) = made.log.events[0]
    assert (name, text) == ("wrote", "2 rows to 2 files of days 2025-01-01 to 2025-01-02")
    assert (fields["file"], made.metrics.last_file) == ("/f/e/b", "e/b")
    report.written(made, 0, batch(files={"2025-01-02": 1}), [])
    assert made.log.events[1][3]["file"] == "e/b"


def test_a_batch_without_files_counts_its_dead_letters_only():
    made = state()
    report.written(made, 1, batch(poison=[1, 2]), [])
    assert (made.metrics.counters, made.log.events) == ({("dead_letters", 1): 2}, [])


def test_on_a_terminal_files_are_shown_by_the_live_line():
    made = state()
    made.log.terminal = True
    report.written(made, 0, batch(files={"-": 1}), ["/f/a"])
    assert made.log.events == []


@pytest.mark.parametrize("fails", [False, True])
def test_compact_tells_what_it_merged_or_why_not(monkeypatch, fails):
    settings = arguments.read(["compact", "--topic", "t", "--folder", "/f", "--columns", "id:int"])
    made = []

    def compact(client: Any, given: Any, min_files: int) -> dict[int, int]:
        made.append((client, given, min_files))
        if fails:
            raise HdfsError("safe mode")
        return {0: 3, 1: 4}

    monkeypatch.setattr(program, "compact", compact)
    monkeypatch.setattr(program.webhdfs, "Client", lambda urls, user: (urls, user))
    log = Log()
    assert program.compact_once(settings, log) == int(fails)
    assert made == [((settings.webhdfs, settings.user), settings, 2)]
    refused = ("refused", "HDFS refuses to merge files of /f: safe mode; try again", "error", {})
    merged = ("compacted", "merged 7 files of /f into others", "info", {"files": 7})
    assert log.events == [refused if fails else merged]
