"""States of connectors and tasks: what they say, and how long one waits for others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.connect import state
from ansible_collections.streaming.lab.plugins.module_utils.connect.rest import message_of


def status(connector: str, *tasks: str, trace: str = "") -> dict[str, Any]:
    return {
        "connector": {"state": connector, "worker_id": "kafka:8083", "trace": trace},
        "tasks": [
            {"id": number, "state": task, "worker_id": "kafka:8083", "trace": trace}
            for number, task in enumerate(tasks)
        ],
    }


RUNS, PAUSED, STOPPED = status("RUNNING", "RUNNING"), status("PAUSED", "PAUSED"), status("STOPPED")
FAILED = status("RUNNING", "RUNNING", "FAILED", trace="A: one\n\tat frame\nCaused by: B: two\nCaused by: C: three")


def test_failed_parts_are_told_with_the_worker_and_the_cause():
    cause = "A: one; caused by B: two; caused by C: three"
    assert state.failures(FAILED) == [f"task 1 FAILED on kafka:8083: {cause}"]
    assert state.failures(status("FAILED", trace="X")) == ["connector FAILED on kafka:8083: X"]
    assert state.failures({"connector": {"state": "FAILED"}}) == ["connector FAILED on ?: no trace"]
    assert state.failures(RUNS) == []
    assert state.failures(None) == []


def test_a_trace_is_its_first_line_and_its_innermost_causes():
    lines = ["A: one", "\tat frame", *(f"Caused by: {name}" for name in "BCD")]
    assert state.first_lines("\n".join(lines)) == "A: one; caused by C; caused by D"
    assert state.first_lines("\n".join(lines), most=2) == "A: one; caused by D"
    assert state.first_lines("x" * 500) == "x" * 400
    assert state.first_lines("") == "no trace"


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (RUNS, "running"),
        (PAUSED, "paused"),
        (STOPPED, "stopped"),
        (status("PAUSED"), "paused"),
        (status("PAUSED", "PAUSED", "FAILED"), "paused"),
    ],
)
def test_a_connector_that_is_as_wanted(shown, wanted):
    assert state.is_in(shown, wanted)


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (None, "running"),
        (RUNS, "paused"),
        (PAUSED, "running"),
        (status("RUNNING"), "running"),
        (status("RUNNING", "RUNNING", "UNASSIGNED"), "running"),
        (status("STOPPED", "RUNNING"), "stopped"),
        (status("PAUSED", "RUNNING"), "paused"),
    ],
)
def test_a_connector_that_is_not_as_wanted(shown, wanted):
    assert not state.is_in(shown, wanted)


def test_a_state_is_shown_with_its_tasks():
    assert state.shown(None) == "unknown to the worker yet"
    assert state.shown(STOPPED) == "STOPPED, tasks none"
    assert state.shown(FAILED) == "RUNNING, tasks RUNNING, FAILED"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Time that only passes while the module pauses."""
    pauses: list[float] = []
    monkeypatch.setattr(state.time, "monotonic", lambda: 50 + sum(pauses))
    monkeypatch.setattr(state.time, "sleep", pauses.append)
    yield pauses


def passed(clock: list[float]) -> float:
    return round(sum(clock), 3)


def test_an_unchanged_connector_is_believed_at_once(clock):
    assert state.wait({"a": RUNS, "b": STOPPED}.get, {"a": "running", "b": "stopped"}, {}, 60) == []
    assert clock == []


def test_a_changed_connector_has_to_run_for_a_while(clock):
    assert state.wait(lambda name: RUNS, {"a": "running"}, {"a": False}, 60) == []
    assert state.SETTLE <= passed(clock) < state.SETTLE + 2 * state.PAUSE


def test_a_changed_connector_that_is_paused_is_believed_at_once(clock):
    assert state.wait(lambda name: PAUSED, {"a": "paused"}, {"a": False}, 60) == []
    assert clock == []


def test_a_connector_that_stops_running_has_to_run_again_for_as_long(clock):
    def look(name: str) -> dict[str, Any]:
        return status("RUNNING", "UNASSIGNED") if 3 <= passed(clock) < 4 else RUNS

    assert state.wait(look, {"a": "running"}, {"a": False}, 60) == []
    assert passed(clock) >= 4 + state.SETTLE


def test_a_failure_ends_the_wait_for_that_connector_only(clock):
    lines = state.wait({"a": FAILED, "b": RUNS}.get, {"a": "running", "b": "running"}, {"b": False}, 60)
    assert lines == [f"connector a: {state.failures(FAILED)[0]}"]
    assert passed(clock) >= state.SETTLE


def test_a_failure_from_before_the_change_has_some_seconds_to_go_away(clock):
    def look(name: str) -> dict[str, Any]:
        return FAILED if passed(clock) < 8 else RUNS

    assert state.wait(look, {"a": "running"}, {"a": True}, 60) == []
    clock.clear()
    (line,) = state.wait(lambda name: FAILED, {"a": "running"}, {"a": True}, 60)
    assert line.startswith("connector a: task 1 FAILED")
    assert state.RECOVER <= passed(clock) < state.RECOVER + 2 * state.PAUSE


def test_a_connector_that_is_late_is_told_with_its_state(clock):
    lines = state.wait(lambda name: PAUSED, {"a": "running"}, {}, 2.5)
    assert lines == ["connector a is not running within 2.5 s: it is PAUSED, tasks PAUSED"]
    assert 2.5 < passed(clock) < 3


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"error_code": 500, "message": "one\n two"}, "one two"),
        ({"error": 1}, "{'error': 1}"),
        ("text", "text"),
        (None, "no message"),
        ({"message": "x" * 700}, "x" * 600),
    ],
)
def test_an_error_of_the_worker_is_one_line(answer, message):
    assert message_of(answer) == message
