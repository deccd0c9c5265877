"""How connectors stand: why one failed, which one runs in vain, and a new beginning where the position is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.connect import health as connector_health
from ansible_collections.streaming.lab.plugins.module_utils.connect.health import Connect, recover, report
from ansible_collections.streaming.lab.plugins.modules import connector_health as module
from tests.artifacts.kit import ROOT
from tests.connect.log_kit import PURGED, TRACE
from tests.connect.rest_worker import Worker, running_worker

# As the module has them: by which of two names they are imported depends on the tests before these.
connector_tables, RestError = connector_health.connector_tables, connector_health.RestError

LOOK = "/connectors?expand=info&expand=status"
DEBEZIUM = "io.debezium.connector.mysql.MySqlConnector"
JDBC = "io.confluent.connect.jdbc.JdbcSourceConnector"
HERE = ["localhost:3306"]
LOGS = {"binary_logs": ["binlog.000003"], "gtid_purged": "", "gtid_executed": "", "columns": []}


def course(engine: str, **more: str) -> dict[str, str]:
    """The course's connector of an engine; `__` in an option's name stands for a dot."""
    path = ROOT / f"roles/course/files/connectors/{engine}/mysql-source.json"
    config = json.loads(path.read_text(encoding="utf-8"))["config"]
    return {**config, **{key.replace("__", "."): value for key, value in more.items()}}


def entry(
    config: dict[str, str], state: str = "RUNNING", task: str | None = "RUNNING", trace: str = ""
) -> dict[str, Any]:
    """A connector as the worker lists it, with one task or none."""
    tasks = [] if task is None else [{"id": 0, "state": task, "trace": trace, "worker_id": "kafka:8083"}]
    status = {"connector": {"state": state, "worker_id": "kafka:8083"}, "tasks": tasks}
    return {"info": {"config": {**config, "name": "a"}}, "status": status}


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A worker with Debezium's and Confluent's plugins."""
    with running_worker() as running:
        plugins = [{"class": name, "type": "source", "version": "1"} for name in (DEBEZIUM, JDBC)]
        running.says("GET", "/connector-plugins", (200, plugins))
        for name in (DEBEZIUM, JDBC):
            engine = "debezium" if name == DEBEZIUM else "jdbc"
            options = {**course(engine), "connection.password": "", "table.whitelist": ""}
            running.says(
                "GET",
                f"/connector-plugins/{name}/config",
                (200, [{"name": option, "type": "STRING"} for option in options]),
            )
        running.says("GET", "/connectors/a/offsets", (200, {"offsets": [{"offset": {"file": "binlog.000003"}}]}))
        yield running


def look(
    worker: Worker, found: dict[str, Any], server: dict[str, Any] | None = None, journal: str = ""
) -> dict[str, Any]:
    """What is said of one connector."""
    worker.says("GET", LOOK, (200, {"a": found}))
    return report(Connect(worker.url, 5, 0.2), server or {}, HERE, journal)[0]


def test_one_that_runs_has_only_its_number_of_tasks(worker):
    found = look(worker, entry(course("debezium")), LOGS)
    assert (found["state"], found["detail"], found["notes"], found["lost"]) == ("RUNNING", "1 task", [], "")


def test_a_failed_task_is_shown_with_its_cause(worker):
    found = look(worker, entry(course("debezium"), task="FAILED", trace=TRACE))
    assert found["state"] == "FAILED"
    assert found["detail"].startswith("task 0: DebeziumException: Encountered change event for table sensors.humits")


def test_a_plugin_that_is_gone_is_named_with_what_to_do(worker):
    gone = {"connector.class": "io.aiven.connect.jdbc.JdbcSourceConnector"}
    found = look(worker, entry(gone, state="FAILED", task=None))
    assert found["state"] == "FAILED"
    assert (
        "no worker has io.aiven.connect.jdbc.JdbcSourceConnector; put the plugin in files/plugins/" in found["detail"]
    )


def test_a_purged_position_is_told_from_the_server_and_from_the_log(worker):
    worker.says("GET", "/connectors/a/offsets", (200, {"offsets": [{"offset": {"file": "binlog.000001"}}]}))
    found = look(worker, entry(course("debezium")), LOGS, PURGED)
    assert found["state"] == "RETRYING"
    assert "it stopped in binlog.000001, which the server no longer has" in found["detail"]
    elsewhere = course("debezium", database__hostname="elsewhere.example")
    assert look(worker, entry(elsewhere), LOGS)["lost"] == ""
    assert look(worker, entry(elsewhere), LOGS, PURGED)["state"] == "RUNNING", "a single retry"
    found = look(worker, entry(elsewhere), LOGS, PURGED * 2)
    assert found["state"] == "RETRYING"
    assert "ServerException: Cannot replicate because the source purged required" in found["detail"]


def test_a_lost_schema_history_is_told_from_the_trace(worker):
    trace = "io.debezium.DebeziumException: The db history topic is missing. You may attempt to recover it by ..."
    found = look(worker, entry(course("debezium"), task="FAILED", trace=trace))
    assert found["lost"] == "its schema history (topic _schema-history-mysql-temperatures) is gone"


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


def old_position(worker: Worker) -> Connect:
    """A worker of which the stored offset is no longer in the server's logs, and that takes every order."""
    worker.says("GET", "/connectors/a/offsets", (200, {"offsets": [{"offset": {"file": "binlog.000001"}}]}))
    for verb in ("stop", "resume"):
        worker.says("PUT", f"/connectors/a/{verb}", (202, None))
    worker.says("DELETE", "/connectors/a/offsets", (200, {"message": "reset"}))
    return Connect(worker.url, 5, 0.2)


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
    assert "set snapshot.mode=when_needed" in found["detail"] and "lets it start again" not in found["detail"]
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
    with pytest.raises(RestError, match=r"connector a could not start again: .*tasks still stop; it was resumed"):
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


def test_an_unexpected_error_of_one_connector_is_its_own_detail(worker, monkeypatch):
    def problems(config: dict[str, str], columns: list[dict[str, Any]]) -> list[str]:
        if config["name"] == "a":
            raise ValueError("geheim")
        return []

    monkeypatch.setattr(connector_tables, "problems", problems)
    odd = entry(course("jdbc", connection__password="geheim"))
    other = entry(course("jdbc"))
    other["info"]["config"]["name"] = "b"
    worker.says("GET", LOOK, (200, {"a": odd, "b": other}))
    found = report(Connect(worker.url, 5, 0.2), {}, HERE)
    assert [(one["name"], one["state"]) for one in found] == [("a", "RUNNING"), ("b", "RUNNING")]
    assert "cannot check its options and its position (ValueError: " in found[0]["detail"]
    assert "geheim" not in found[0]["detail"]
    assert found[1]["detail"] == "1 task"


def test_only_named_connectors_are_looked_at(worker):
    found = entry(course("jdbc"))
    worker.says("GET", LOOK, (200, {"a": found, "b": found}))
    assert [one["name"] for one in report(Connect(worker.url, 5, 0.2), {}, HERE, names=["b"])] == ["b"]


def test_no_tasks_are_explained(worker):
    found = look(worker, entry(course("jdbc", table__whitelist="noexisteix"), task=None))
    assert (found["state"], found["detail"]) == (
        "RETRYING",
        "0 tasks, nothing arrives: user kafka sees no table noexisteix",
    )


def test_the_notes_own_connector_by_hand_is_said_to_read_every_table(worker):
    config = course("jdbc", table="temperatures")
    del config["table.whitelist"]
    about = {"column": "id", "type": "int", "nullable": False, "default": None, "holds": None}
    columns = [{"database": "sensors", "table": table, **about} for table in ("temperatures", "temperatures2")]
    notes = look(worker, entry(config), {**LOGS, "columns": columns})["notes"]
    assert notes[0].startswith("table is no option of JdbcSourceConnector, did you mean table.whitelist")
    assert notes[1] == (
        "without table.whitelist it reads every table that its user sees: sensors.temperatures, sensors.temperatures2"
    )
    assert connector_tables.every_table({**config, "table.whitelist": "t"}, columns) == []


def test_columns_that_cannot_arrive_are_named_for_connectors_made_by_hand(worker):
    column = {"database": "sensors", "table": "temperatures", "column": "durada", "type": "time", "nullable": True,
              "default": None, "holds": True}  # fmt: skip
    notes = look(worker, entry(course("debezium")), {**LOGS, "columns": [column]})["notes"]
    assert len(notes) == 1 and notes[0].startswith("sensors.temperatures.durada (TIME): ")


def test_no_secret_is_shown(worker):
    config = course("jdbc", connection__password="geheim")
    trace = "java.sql.SQLException: Access denied for geheim"
    assert "geheim" not in look(worker, entry(config, task="FAILED", trace=trace))["detail"]


def test_the_list_of_notes_has_an_end(worker):
    columns = [
        {"database": "sensors", "table": "temperatures", "column": f"c{number}", "type": "timestamp",
         "nullable": True, "default": None, "holds": False}
        for number in range(connector_health.MOST_NOTES + 5)
    ]  # fmt: skip
    notes = look(worker, entry(course("debezium")), {**LOGS, "columns": columns})["notes"]
    assert len(notes) == connector_health.MOST_NOTES + 1
    assert notes[-1] == "and 5 more columns"


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
