"""The report on connectors: why one failed, and which one runs without effect."""

from __future__ import annotations

from typing import Any

from ansible_collections.streaming.lab.plugins.module_utils.connect import health as connector_health
from ansible_collections.streaming.lab.plugins.module_utils.connect import tables as connector_tables
from ansible_collections.streaming.lab.plugins.module_utils.connect.health import Connect, report
from tests.connect.health.kit import (
    HERE,
    LOGS,
    LOOK,
    course,
    entry,
    look,
)
from tests.connect.log_kit import PURGED, TRACE


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
