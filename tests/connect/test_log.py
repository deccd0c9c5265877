"""What a worker's log tells of connectors: a failure that is retried, its cause, a start."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.connect.log import KILLED, retried, root_cause
from tests.connect.log_kit import PURGED, TRACE


def test_the_innermost_cause_is_shown_with_its_class():
    assert root_cause(TRACE) == (
        "DebeziumException: Encountered change event for table sensors.humits whose schema isn't known"
    )
    outer = "org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler\n\tat x.y(Z.java:1)"
    assert root_cause(f"{outer}\nCaused by: java.lang.NullPointerException\n").startswith(
        "java.lang.NullPointerException"
    )
    assert root_cause("") == "no trace"


def sink(second: int, text: str, level: str = "ERROR", task: int = 0) -> str:
    """An entry of a sink's task."""
    return f"[2026-11-26 01:48:{second:02},000] {level} [s|task-{task}] WorkerSinkTask{{id=s-{task}}} {text} (x:1)\n"


FAILS = "RetriableException from SinkTask:"
TRACE_OF_SINK = (
    "org.apache.kafka.connect.errors.RetriableException: java.sql.SQLException: Connection refused\n\tat x.y(Z:1)\n"
)


def failure(second: int, task: int = 0) -> str:
    """A retry of a sink's task, with the warning that its plugin logs before."""
    warning = sink(
        second, f"Write of 1 records failed, remainingRetries={10 - second} java.lang.Exception", "WARN", task
    )
    return warning + sink(second, FAILS, task=task) + TRACE_OF_SINK


def test_a_single_retry_is_not_shown():
    assert retried(failure(1), "s") == ""
    later = sink(30, "Resuming", "INFO")
    assert retried(failure(1) + later, "s") == ""


def test_a_retry_that_fails_again_is_shown_with_its_cause():
    assert retried(failure(1) + failure(4), "s") == "RetriableException: java.sql.SQLException: Connection refused"
    assert retried(failure(1) + failure(4), "other") == ""


def test_retries_of_two_tasks_are_two_single_ones():
    assert retried(failure(1, 0) + failure(2, 1), "s") == ""


def test_two_entries_of_one_failure_are_one():
    producer = "[2026-11-26 01:48:14,700] ERROR [a|task-0] Producer failure (x:1)\njava.io.IOException: gone\n"
    retry = "[2026-11-26 01:48:14,756] WARN [a|task-0] failed to poll records. Will retry operation. (x:467)\n"
    once = f"{producer}{retry}x.RetriableException: An exception occurred\n"
    assert retried(once, "a") == ""
    assert retried(once + once, "a") != ""


def test_records_that_are_sent_after_retries_end_them():
    again = "[2026-11-26 01:48:16,000] INFO [a|task-0|offsets] Committing offsets for 3 acknowledged messages (x:1)"
    assert retried(PURGED + PURGED, "a") != ""
    assert retried(PURGED + PURGED + again, "a") == ""
    assert retried(f"{PURGED}{again}\n{PURGED}", "a") == "", "a new failure, retried once"


def test_a_task_that_sends_does_not_hide_another_that_fails():
    sends = sink(5, "Committing offsets for 3 acknowledged messages", "INFO", task=1)
    assert retried(failure(1) + failure(4) + sends, "s") != ""


@pytest.mark.parametrize(
    ("last", "now", "shown"),
    [
        (4, 5, True),
        (4, 18, True),
        (4, 25, False),
        (14, 40, True),
        (14, 55, False),
        (14, 14 + 3600, True),
        (4, -7200, True),
    ],
)
def test_a_failure_that_is_no_longer_repeated_is_over(last: int, now: int, shown: bool):
    """Retries of a sink at second 1 and at a later one, looked at `now` seconds after the minute began.

    The worker's time zone may be another one: then the age says nothing.
    """
    moment = datetime(2026, 11, 26, 1, 48) + timedelta(seconds=now)
    assert bool(retried(failure(1) + failure(last), "s", moment)) is shown


def test_a_killed_task_is_not_retrying():
    killed = sink(9, f"{KILLED}. Task is being killed and will not recover until manually restarted")
    assert retried(failure(1) + failure(4) + killed, "s") == "", "such a task is FAILED, or was restarted since"


def test_a_connection_between_two_failures_is_no_success():
    connects = "[2026-11-26 01:48:20,200] INFO [a|task-0] Connected to binlog at localhost:3306, starting at x (x:1)\n"
    assert retried(PURGED.replace("binlog (", "binlog at x (") * 2, "a").startswith("ServerException: Cannot replicate")
    assert retried(PURGED * 2 + connects, "a") == "", "it works again"
