"""The loop of the service: posts are written once, failures are waited for, and each end has its exit status."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kafka.errors import KafkaConnectionError

from bluesky_search import __main__ as program
from bluesky_search.api import RefusedError
from bluesky_search.notify import notify
from bluesky_search.settings import Settings, SettingsError
from bluesky_search.topic import FencedError

SETTINGS = Settings("a", "LaLiga", "posts", 2500, "https://bsky.social", "kafka:9092", "p", Path("/nowhere"))


class Ended(BaseException):
    """Ends the loop of a test."""


def post(number: int) -> dict[str, Any]:
    """A post as Bluesky's search gives it; a negative number has no time."""
    created = {} if number < 0 else {"createdAt": f"2026-11-2{number}T10:00:00Z"}
    return {
        "uri": f"at://{number}",
        "cid": f"c{number}",
        "author": {"did": "did:1", "handle": "a.bsky.social"},
        "record": {"text": f"post {number}", **created},
        "indexedAt": f"2026-11-2{abs(number)}T10:00:00Z",
    }


class FakeTopic:
    """A topic in memory; `failures` are raised by its next openings."""

    def __init__(self, failures: list[Exception]) -> None:
        self.failures, self.opened, self.closed = failures, [], 0
        self.seen: set[str] = set()
        self.since_ms: int | None = None
        self.batches: list[list[str]] = []

    def __call__(self, bootstrap: str, name: str) -> FakeTopic:
        self.opened.append((bootstrap, name))
        if self.failures:
            raise self.failures.pop(0)
        return self

    def write(self, records: list[Any]) -> None:
        self.batches.append([record.uri for record in records])
        self.seen.update(record.uri for record in records)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the service until its `turns`-th pause; gives the topic, the pauses, the reports and the printed lines."""

    def run(pages: list[list[dict[str, Any]]], turns: int = 1, failures: list[Exception] | None = None):
        topic, pauses, reports, calls = FakeTopic(failures or []), [], [], []

        def sleep(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == turns:
                raise Ended

        class Client:
            def __init__(self, settings: Settings, report: Any, wait: Any) -> None:
                assert (settings, wait) == (SETTINGS, sleep)

            def search(self, cursor: str | None = None) -> tuple[list[Any], str | None]:
                calls.append(cursor)
                return (pages.pop(0) if pages else []), None

        monkeypatch.setattr(program.time, "sleep", sleep)
        monkeypatch.setattr(program, "Topic", topic)
        monkeypatch.setattr(program, "Bluesky", Client)
        monkeypatch.setattr(program, "notify", lambda **fields: reports.append(fields))
        with pytest.raises(Ended):
            program.Service(SETTINGS).run()
        return SimpleNamespace(
            topic=topic, pauses=pauses, reports=reports, calls=calls, printed=capsys.readouterr().out.splitlines()
        )

    return run


def test_new_posts_are_written_oldest_first_and_counted(run):
    ran = run([[post(2), post(1)], [post(3), post(2)]], turns=2)
    assert ran.topic.opened == [("kafka:9092", "posts")]
    assert ran.topic.batches == [["at://1", "at://2"], ["at://3"]]
    assert ran.pauses == [2.5, 2.5]
    assert ran.printed[0] == "2 new posts, 1 pages read"
    assert ran.reports[-1]["READY"] == "1"
    assert ran.reports[-1]["STATUS"].startswith(
        "searching 'LaLiga' at https://bsky.social; 3 posts written to posts since the start, 0 passed over, "
    )
    assert ran.topic.closed == 1


def test_the_journal_has_each_kind_of_status_once_in_a_row(run):
    ran = run([[post(1)], [post(2)]], turns=2)
    assert len([line for line in ran.printed if line.startswith("searching")]) == 1
    assert len(ran.reports) == 2


def test_a_post_without_a_time_is_passed_over_and_not_looked_at_again(run):
    ran = run([[post(2), {"uri": "at://bad", "record": "none"}]] * 2, turns=2)
    assert ran.topic.batches == [["at://2"], []]
    assert "1 passed over" in ran.reports[-1]["STATUS"]
    passed_over = [line for line in ran.printed if line.startswith("post passed over: ")]
    assert len(passed_over) == 1 and passed_over[0].endswith("(at://bad)")


def test_a_search_without_new_posts_prints_nothing_about_them(run):
    ran = run([[]])
    assert not [line for line in ran.printed if "new posts" in line]


def test_kafka_is_waited_for_with_growing_pauses(run, monkeypatch):
    numbers = []
    monkeypatch.setattr(program, "pause_after", lambda error, failures, now: numbers.append(failures) or 7.0 * failures)
    ran = run([[post(1)]], turns=4, failures=[KafkaConnectionError("no")] * 2)
    assert ran.pauses == [7.0, 14.0, 2.5, 2.5]
    assert numbers == [1, 2]
    assert ran.reports[0]["STATUS"] == "waiting: Kafka at kafka:9092: KafkaConnectionError; next try in 7 s"
    assert len(ran.topic.opened) == 3


@pytest.mark.parametrize(
    ("error", "status"),
    [(SettingsError("bad settings"), 2), (FencedError("fenced"), 3), (RefusedError("refused"), 4)],
)
def test_each_end_has_its_exit_status_and_its_line(monkeypatch, capsys, error, status):
    reports = []

    def load(path: Path) -> Settings:
        assert path == Path("/etc/settings.json")
        raise error

    monkeypatch.setattr(program, "load", load)
    monkeypatch.setattr(program.signal, "signal", lambda number, handler: None)
    monkeypatch.setattr(program, "notify", lambda **fields: reports.append(fields))
    assert program.main(["/etc/settings.json"]) == status
    assert capsys.readouterr().err == f"{error}\n"
    assert reports == [{"STATUS": f"ended: {error}"}]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_ends_it_with_status_0(monkeypatch, name):
    handlers, reports = {}, []
    monkeypatch.setattr(program.signal, "signal", handlers.__setitem__)
    monkeypatch.setattr(program, "notify", lambda **fields: reports.append(fields))
    number = getattr(program.signal, name)
    monkeypatch.setattr(program, "load", lambda path: handlers[number](number, None))
    assert program.main(["/etc/settings.json"]) == 0
    assert reports == [{"STOPPING": "1", "STATUS": "stopped"}]


def test_systemd_gets_each_field_on_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.settimeout(2)
        server.bind(str(tmp_path / "notify"))
        notify(READY="1", STATUS="two\nlines")
        assert server.recv(100) == b"READY=1\nSTATUS=two lines"


def test_systemd_may_listen_on_an_abstract_socket(monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.settimeout(2)
        server.bind("")  # the kernel chooses an abstract name
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + server.getsockname()[1:].decode())
        notify(STATUS="a")
        assert server.recv(100) == b"STATUS=a"


def test_without_systemd_nothing_is_sent(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify(STATUS=json.dumps({}))
