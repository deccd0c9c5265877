"""What a worker's log tells of connectors: a failure that is retried, its cause, a start."""

from __future__ import annotations

from plugins.module_utils.connector_log import KILLED, retried, root_cause
from tests.connector_log_kit import PURGED, TRACE


def test_the_innermost_cause_is_shown_with_its_class():
    assert root_cause(TRACE) == (
        "DebeziumException: Encountered change event for table sensors.humits whose schema isn't known"
    )
    outer = "org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler\n\tat x.y(Z.java:1)"
    assert root_cause(f"{outer}\nCaused by: java.lang.NullPointerException\n").startswith(
        "java.lang.NullPointerException"
    )
    assert root_cause("") == "no trace"


def test_a_retry_is_its_connectors_until_it_is_killed_or_sends_again():
    assert retried(PURGED, "b") == ""
    killed = PURGED.replace("failed to poll records. Will retry operation", KILLED)
    assert retried(killed, "a") == "", "such a task is FAILED, or was restarted since"
    again = "[2026-11-26 01:48:16,000] INFO [a|task-0|offsets] Committing offsets for 3 acknowledged messages (x:1)"
    assert retried(f"{PURGED}{again}", "a") == "", "it works again"
