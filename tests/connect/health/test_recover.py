"""Connectors that lost their position: which start from the beginning, and which are left alone or reported."""

from __future__ import annotations

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.connect.health import Connect, recover
from ansible_collections.streaming.lab.plugins.module_utils.connect.rest import RestError
from ansible_collections.streaming.lab.plugins.modules import connector_health as module
from tests.connect.health.kit import (
    LOGS,
    course,
    entry,
    look,
    old_position,
)
from tests.connect.log_kit import PURGED, TRACE


@pytest.mark.parametrize("state", ["RUNNING", "PAUSED"])
@pytest.mark.parametrize("check", [False, True])
def test_one_that_lost_its_position_starts_again_and_repeats_are_reported(worker, state, check):
    worker.says("GET", "/connectors/a/offsets", (200, {"offsets": [{"offset": {"file": "binlog.000001"}}]}))
    for verb in ("stop", "resume"):
        worker.says("PUT", f"/connectors/a/{verb}", (202, None))
    worker.says("DELETE", "/connectors/a/offsets", (200, {"message": "reset"}))
    found = look(worker, entry(course("debezium"), state=state), LOGS, PURGED)
    lines = recover(Connect(worker.url, 5, 0.2), [found], check)
    steps = ["PUT /connectors/a/stop", "DELETE /connectors/a/offsets", "PUT /connectors/a/resume"]
    assert worker.wrote() == ([] if check or state == "PAUSED" else steps)
    assert len(lines) == (state == "RUNNING")
    assert all("is sent again, so readers get repeats" in line for line in lines)


def test_one_that_streams_with_an_old_stored_position_is_left_alone(worker):
    connect = old_position(worker)
    found = look(worker, entry(course("debezium")), LOGS)
    assert (found["state"], found["lost"], found["undecided"]) == ("RUNNING", "", False)
    assert found["notes"][0].endswith("journalctl -u kafka-connect on kafka tells why")
    assert "it will not survive a restart" in found["notes"][0] and "heartbeat.interval.ms" in found["notes"][0]
    assert recover(connect, [found], check=False) == worker.wrote() == []


def test_one_that_sends_again_after_an_old_error_is_left_alone(worker):
    old_position(worker)
    sends = "[2026-11-26 01:48:16,000] INFO [a|task-0|offsets] Committing offsets for 3 acknowledged messages (x:1)"
    assert look(worker, entry(course("debezium")), LOGS, PURGED + sends)["lost"] == ""


@pytest.mark.parametrize(
    "journal",
    [
        "[2026-11-26 01:48:00,000] INFO Kafka Connect starting (x:1)",
        "[2026-11-26 01:48:00,000] INFO [a|task-0] Go (x:1)",
    ],
)
def test_one_that_has_just_started_is_undecided(worker, journal):
    old_position(worker)
    assert look(worker, entry(course("debezium")), LOGS, journal)["undecided"]


def test_a_connection_is_no_proof_that_a_purged_position_is_there_again(worker):
    old_position(worker)
    again = "[2026-11-26 01:48:24,000] INFO [a|task-0] Connected to binlog at localhost:3306, starting at x (x:1)"
    assert look(worker, entry(course("debezium")), LOGS, PURGED + again)["lost"] != ""


def test_a_failed_task_is_recovered_for_a_purged_position_and_for_nothing_else(worker):
    connect = old_position(worker)
    purged = "x.ServerException: Cannot replicate because the source purged required binary logs"
    found = look(worker, entry(course("debezium"), task="FAILED", trace=purged), LOGS)
    assert len(recover(connect, [found], check=True)) == 1
    found = look(worker, entry(course("debezium"), task="FAILED", trace=TRACE), LOGS)
    assert recover(connect, [found], check=True) == []
    assert "schema isn't known" in found["detail"]
    assert found["notes"][0].startswith("its stored position in MySQL's binary log is gone")


@pytest.mark.parametrize("trace", ["x.ServerException: source purged required", "The db history topic is missing."])
def test_a_paused_connector_with_a_failed_task_stays_paused(worker, trace):
    connect = old_position(worker)
    found = look(worker, entry(course("debezium"), state="PAUSED", task="FAILED", trace=trace), LOGS)
    assert found["state"] == "FAILED"
    assert recover(connect, [found], check=False) == worker.wrote() == []


@pytest.mark.parametrize("mode", ["no_data", "never", "recovery"])
def test_a_snapshot_mode_that_sends_no_rows_is_reported_with_the_remedy(worker, mode):
    connect = old_position(worker)
    found = look(worker, entry(course("debezium", snapshot__mode=mode)), LOGS, PURGED)
    assert found["state"] == "RETRYING"
    assert f"with snapshot.mode={mode} a new beginning sends no rows" in found["detail"]
    assert (
        "set snapshot.mode=when_needed" in found["detail"] and "lets it start from the beginning" not in found["detail"]
    )
    assert recover(connect, [found], check=False) == worker.wrote() == []


@pytest.mark.parametrize("mode", ["initial", "always", "when_needed", ""])
def test_a_snapshot_mode_that_sends_every_row_is_recovered(worker, mode):
    connect = old_position(worker)
    found = look(worker, entry(course("debezium", snapshot__mode=mode)), LOGS, PURGED)
    assert len(recover(connect, [found], check=True)) == 1


def test_a_lost_schema_history_is_reported_while_the_position_is_there(worker):
    trace = "io.debezium.DebeziumException: The db history topic is missing. You may attempt to recover it by ..."
    failed = entry(course("debezium"), task="FAILED", trace=trace)
    found = look(worker, failed, LOGS)
    for part in ("topic _schema-history-mysql-temperatures", "schema.history.internal.kafka.topic", "mode=recovery"):
        assert part in found["detail"]
    connect = old_position(worker)
    worker.says("GET", "/connectors/a/offsets", (200, {"offsets": [{"offset": {"file": "binlog.000003"}}]}))
    assert recover(connect, [look(worker, failed, LOGS)], check=False) == worker.wrote() == []
    assert recover(connect, [look(worker, failed)], check=False) == worker.wrote() == [], (
        "nothing is known of the server"
    )
    connect = old_position(worker)
    found = look(worker, failed, LOGS)
    assert "its schema history (topic _schema-history-mysql-temperatures) and its position" in found["detail"]
    assert len(recover(connect, [found], check=True)) == 1


def test_one_that_cannot_start_again_is_resumed_and_the_error_says_so(worker):
    connect = old_position(worker)
    worker.says("DELETE", "/connectors/a/offsets", (400, {"message": "tasks still stop"}))
    found = look(worker, entry(course("debezium")), LOGS, PURGED)
    with pytest.raises(
        RestError, match=r"connector a could not start from the beginning: .*tasks still stop; it was resumed"
    ):
        recover(connect, [found], check=False)
    assert worker.wrote()[-1] == "PUT /connectors/a/resume"
    worker.says("PUT", "/connectors/a/resume", (500, {"message": "no"}))
    with pytest.raises(RestError, match=r"may be STOPPED.*resume it: curl -X PUT http://.*/connectors/a/resume"):
        recover(connect, [found], check=False)


def test_an_interrupted_recovery_resumes_the_connector(worker, monkeypatch):
    connect = old_position(worker)

    def interrupt(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(connect, "forget_offsets", interrupt)
    found = look(worker, entry(course("debezium")), LOGS, PURGED)
    with pytest.raises(KeyboardInterrupt):
        recover(connect, [found], check=False)
    assert worker.wrote() == ["PUT /connectors/a/stop", "PUT /connectors/a/resume"]


@pytest.mark.parametrize(("wanted", "looks"), [(True, 3), (False, 1)])
def test_recovery_waits_for_the_first_error_of_a_task_that_has_just_started(monkeypatch, wanted, looks):
    answers = iter([[{"undecided": True}], [{"undecided": True}], [{"undecided": False}]])
    seen = []
    monkeypatch.setattr(module, "PAUSE", 0)
    monkeypatch.setattr(module, "_journal", lambda unit: "")
    monkeypatch.setattr(module.connector_health, "report", lambda *given: seen.append(given) or next(answers))
    module._report(None, {"unit": "u", "mysql": {}, "mysql_addresses": [], "names": [], "recover": wanted})
    assert len(seen) == looks


def test_recovery_does_not_wait_for_ever(monkeypatch):
    monkeypatch.setattr(module, "SECONDS", -1)
    monkeypatch.setattr(module, "_journal", lambda unit: "")
    monkeypatch.setattr(module.connector_health, "report", lambda *given: [{"undecided": True}])
    given = {"unit": "u", "mysql": {}, "mysql_addresses": [], "names": [], "recover": True}
    assert module._report(None, given) == [{"undecided": True}]
