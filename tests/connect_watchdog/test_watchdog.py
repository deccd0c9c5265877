"""The watchdog restarts what failed, later and later, and says how its connectors stand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from connect_watchdog import connect_watchdog as watchdog
from tests.connect.rest_worker import HALF, NO_HTTP, running_worker

TRACE = (
    "org.apache.kafka.connect.errors.ConnectException: uk.co.x.BlueskyException: Failed to log in\n"
    "\tat uk.co.x.Task.start(Task.java:1)\n"
    "Caused by: uk.co.x.BlueskyException: Failed to log in to Bluesky - 401\n\t... 12 more\n"
)
COMPLAINT = "Error while submitting search to Bluesky"


def status(task: str, trace: str = "") -> dict[str, Any]:
    """What Connect says of a connector."""
    failed = {"trace": trace} if trace else {}
    return {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": task, **failed}]}


class Worker:
    """A Connect worker, as far as the watchdog knows one."""

    def __init__(self) -> None:
        self.connectors: dict[str, dict[str, Any]] = {}
        self.restarted: list[str] = []


@pytest.fixture
def worker() -> Iterator[tuple[Worker, str]]:
    """A worker and its address."""
    there = Worker()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/connectors?expand=status"
            self.answer({name: {"status": status} for name, status in there.connectors.items()})

        def do_POST(self) -> None:
            there.restarted.append(self.path)
            self.answer({})

        def answer(self, value: Any) -> None:
            text = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield there, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def settings(url: str, **connectors: str) -> dict[str, Any]:
    return {"rest": url, "unit": "kafka-connect", "connectors": connectors}


def test_a_failed_task_is_restarted_once_until_its_pause_is_over(worker):
    there, url = worker
    there.connectors = {"laliga": status("FAILED", TRACE), "mine": status("FAILED", TRACE)}
    memory: dict[str, Any] = {}
    said = [watchdog.check(settings(url, laliga=""), memory) for _ in range(3)]
    assert there.restarted == ["/connectors/laliga/restart?includeTasks=true&onlyFailed=true"], "only the listed one"
    assert said[-1].startswith(
        "laliga: FAILED (uk.co.x.BlueskyException: Failed to log in to Bluesky - 401), next restart"
    )
    assert "restarted 1 times" in said[-1]


def test_pauses_double_up_to_a_quarter_of_an_hour_and_it_never_gives_up():
    memory, pauses, now = {}, [], 1000.0
    for _ in range(12):
        memory, restart = watchdog.next_restart(memory, "why", now)
        assert restart
        pauses.append(memory["pause"])
        now = memory["next"]
    assert pauses[:6] == [30, 60, 120, 240, 480, 900]
    assert set(pauses[6:]) == {900}
    assert memory["restarts"] == 12


def test_one_that_ran_for_two_hours_is_restarted_soon_again_and_the_count_goes_on():
    memory, _ = watchdog.next_restart({}, "why", 0.0)
    for now in range(10, 7200, 10):
        memory, restart = watchdog.next_restart(memory, "", float(now))
        assert not restart
    memory, restart = watchdog.next_restart(memory, "why", 7200.0)
    assert restart
    assert (memory["restarts"], memory["pause"]) == (2, watchdog.FIRST_PAUSE)


def test_one_that_runs_in_vain_is_told_by_its_log(worker, monkeypatch):
    there, url = worker
    there.connectors = {"laliga": status("RUNNING")}
    log = f"[x] ERROR {COMPLAINT} (c:1)\njava.net.ConnectException: refused\n\tat a\n[x] INFO other\n"
    monkeypatch.setattr(watchdog, "read_journal", lambda unit: log)
    said = watchdog.check(settings(url, laliga=COMPLAINT), {})
    assert said.startswith("laliga: RUNNING, but")
    assert "java.net.ConnectException: refused" in said
    monkeypatch.setattr(watchdog, "read_journal", lambda unit: "[x] INFO other\n")
    assert watchdog.check(settings(url, laliga=COMPLAINT), {}) == "laliga: RUNNING"


def test_nothing_to_watch_is_said(worker):
    assert watchdog.check(settings(worker[1], laliga=""), {"laliga": {}}) == "nothing to watch: no connector laliga"


@pytest.mark.usefixtures("dead_proxy")
def test_the_worker_is_asked_without_a_proxy(worker):
    assert watchdog.ask(worker[1], "/connectors?expand=status") == {}


@pytest.mark.parametrize("answer", [NO_HTTP, HALF])
def test_a_worker_that_answers_no_http_or_half_is_told_and_asked_again(monkeypatch, tmp_path, answer):
    told = []

    def notify(**fields: str) -> None:
        told.append(fields["STATUS"])
        raise SystemExit

    with running_worker() as broken:
        broken.says("GET", "/connectors?expand=status", answer)
        (tmp_path / "settings.json").write_text(json.dumps(settings(broken.url, laliga="")), encoding="utf-8")
        monkeypatch.setattr(watchdog.sys, "argv", ["connect-watchdog", str(tmp_path / "settings.json")])
        monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
        monkeypatch.setattr(watchdog, "notify", notify)
        with pytest.raises(SystemExit):
            watchdog.main()
    assert told[0].startswith(f"the worker at {broken.url} does not answer (")
