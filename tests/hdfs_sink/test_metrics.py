"""The sink's counters, its progress and its log, for people, programs and Prometheus."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from hdfs_sink import event_log
from hdfs_sink.event_log import EventLog
from hdfs_sink.metrics import COUNTERS, Metrics


def counted() -> Metrics:
    metrics = Metrics("t", last_file="a.csv", lag={0: 2, 1: 3}, retries=4)
    for number, name in enumerate(COUNTERS, 1):
        metrics.add(name, 0, number)
        metrics.add(name, 1, 10 * number)
    return metrics


def test_progress_has_every_sum():
    assert counted().fields(2.6) == {
        "topic": "t", "rows": 11, "rows_per_second": "3", "lag": 5, "files": 22, "dead_letters": 44,
        "offsets_lost": 55, "last_file": "a.csv",
    }  # fmt: skip
    assert Metrics("t").fields(0)["last_file"] == "-"
    assert Metrics("t").fields(0)["lag"] == "unknown"


def test_the_line_for_people_names_what_needs_a_look():
    assert counted().line(2.6) == "t: 11 rows, 3 rows/s, lag 5, 44 dead letters, 55 offsets lost, last a.csv"
    assert Metrics("t").line(0) == "t: 0 rows, 0 rows/s, lag unknown, nothing written yet"
    assert Metrics("t", lag={}).line(0) == "t: 0 rows, 0 rows/s, lag 0, nothing written yet"
    assert Metrics("t", trouble="HDFS waits").line(0).endswith(", HDFS waits")


def test_prometheus_gets_each_counter_by_partition():
    client = pytest.importorskip("prometheus_client")
    registry = client.CollectorRegistry()
    metrics = counted()
    metrics.missing_topic = "dead"
    metrics.trouble = "waiting: HDFS"
    registry.register(metrics)
    lines = [line for line in client.generate_latest(registry).decode().splitlines() if not line.startswith("#")]
    expected = [
        f'hdfs_sink_{name}_total{{partition="{partition}",topic="t"}} {float(factor * number)}'
        for number, name in enumerate(COUNTERS, 1)
        for partition, factor in ((0, 1), (1, 10))
    ]
    expected += [
        'hdfs_sink_retries_total{topic="t"} 4.0',
        'hdfs_sink_lag{partition="0",topic="t"} 2.0',
        'hdfs_sink_lag{partition="1",topic="t"} 3.0',
        'hdfs_sink_waiting{topic="t"} 1.0',
        'hdfs_sink_dead_letters_topic_missing{dead_letters="dead",topic="t"} 1.0',
    ]
    assert sorted(lines) == sorted(expected)


def test_a_rate_counts_rows_since_the_last_look(monkeypatch):
    times = iter([0.0, 2.0, 4.0])
    monkeypatch.setattr("hdfs_sink.metrics.time.monotonic", lambda: next(times))
    metrics = Metrics("t")
    metrics.add("rows", 0, 10)
    assert metrics.rate() == 5.0
    metrics.add("rows", 1, 2)
    assert metrics.rate() == 1.0


def test_the_journal_gets_a_priority_and_no_time(monkeypatch):
    monkeypatch.setenv("JOURNAL_STREAM", "1:2")
    stream = io.StringIO()
    log = EventLog(stream)
    for level in ("info", "warning", "error"):
        log.event("name", "a text", level, file='a "b"\\c\nd', rows=5, none="")
    rest = r'event=name file="a \"b\"\\c\nd" rows=5 none="" msg="a text"'
    assert stream.getvalue().splitlines() == [
        f"<6>level=info {rest}",
        f"<4>level=warning {rest}",
        f"<3>level=error {rest}",
    ]


def test_other_logs_get_the_time(monkeypatch):
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    stream = io.StringIO()
    EventLog(stream).event("name", "text")
    assert event_log.re.fullmatch(
        r"time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00 level=info event=name msg=text\n", stream.getvalue()
    )


def test_a_terminal_gets_texts_and_a_line_that_is_replaced(monkeypatch):
    monkeypatch.setattr(event_log.shutil, "get_terminal_size", lambda fallback: SimpleNamespace(columns=6))
    stream = io.StringIO()
    stream.isatty = lambda: True  # type: ignore[method-assign]
    log = EventLog(stream)
    log.event("name", "a text")
    log.live("a long line")
    log.event("name", "a text", "error")
    log.event("name", "end")
    assert stream.getvalue() == "a text\n\r\x1b[Ka lon\r\x1b[Kerror: a text\nend\n"


def test_a_port_for_metrics_that_is_taken_ends_it_with_one_line(monkeypatch, capsys):
    import socket
    import sys

    from hdfs_sink import __main__ as program

    monkeypatch.setattr(program, "end_by_signal", lambda sink, log: None)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        monkeypatch.setattr(sys, "argv", ["hdfs-sink", "--topic", "t", "--metrics-port", port])
        assert program.main() == 2
    assert f"port {port} for metrics" in capsys.readouterr().err
