"""The module kafka_connector against a worker of canned answers: what it asks, refuses, does, notes and waits for."""

from __future__ import annotations

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.connect import apply as connector_apply
from ansible_collections.streaming.lab.plugins.module_utils.connect import rest as connect_rest
from ansible_collections.streaming.lab.plugins.module_utils.connect import state as connector_state
from ansible_collections.streaming.lab.plugins.module_utils.connect.apply import ConnectorError, reconcile
from tests.connect.apply.kit import (
    CLASS,
    CONFIG,
    LOOK,
    TRACE,
    VALIDATE,
    noted,
    status,
    there,
    validated,
)


def test_created_noted_and_seen_running(worker, declare, ledger):
    answer = declare()
    assert (answer["changed"], answer["messages"]) == (True, ["a: created"])
    assert worker.wrote() == ["POST /connectors"]
    assert worker.asked[-1][1] == "/connectors/a/status"
    body = next(body for method, _, body in worker.asked if method == "POST")
    assert body == {"name": "a", "config": CONFIG, "initial_state": "RUNNING"}
    assert noted(ledger) == {"a": {"reset_offsets": False}}


def test_a_second_time_changes_nothing(worker, declare):
    declare()
    worker.says("GET", LOOK, (200, there(CONFIG, status())))
    worker.asked.clear()
    assert declare()["changed"] is False
    assert worker.wrote() == []
    assert VALIDATE not in [path for _, path, _ in worker.asked], "nothing new to validate"


def test_one_made_just_now_has_no_status_and_is_there(worker, declare):
    worker.says("GET", "/connectors", (200, ["a"]))
    worker.says("GET", "/connectors/a/config", (200, CONFIG))
    declare()
    assert worker.wrote() == []


def test_a_dry_run_says_the_same_and_does_nothing(worker, declare, ledger):
    answer = declare(check=True)
    assert (answer["changed"], answer["messages"]) == (True, ["a: created"])
    assert answer["diff"]["after"]["a"]["config"] == CONFIG
    assert worker.wrote() == []
    assert not ledger.exists()


@pytest.mark.parametrize("check", [False, True])
def test_each_error_of_a_validation_is_named_and_nothing_is_done(worker, declare, check):
    worker.says("PUT", VALIDATE, (200, validated(file="must not be\nempty", topic="bad topic")))
    with pytest.raises(ConnectorError) as caught:
        declare(check=check)
    assert str(caught.value) == "a: file: must not be empty; a: topic: bad topic (nothing was changed)"
    assert worker.wrote() == []


def test_an_unknown_option_fails_by_name(worker, declare):
    with pytest.raises(ConnectorError, match=r"fiel is no option of FileStreamSourceConnector, did you mean file\?"):
        declare({**CONFIG, "fiel": "/b"})
    assert declare({**CONFIG, "fiel": "/b"}, unchecked=["fiel"])["changed"] is True


@pytest.mark.parametrize("check", [False, True])
def test_an_option_that_connect_ignores_fails_by_name_before_anything_changes(worker, declare, check):
    ignored = {**CONFIG, "value.converter.decimal.format": "NUMERIC"}
    with pytest.raises(ConnectorError, match=r"^a: value.converter.decimal.format has no effect.*nothing was changed"):
        declare(ignored, check=check)
    assert worker.wrote() == []
    assert declare(ignored, unchecked=["value.converter.*"])["changed"] is True


def test_tables_are_looked_at_for_a_new_connector_only(worker, declare, monkeypatch):
    monkeypatch.setattr(connector_apply.connector_tables, "warnings", lambda *_: ["a column"])
    assert declare()["warnings"] == ["a: a column"]
    worker.says("GET", LOOK, (200, there(CONFIG, status())))
    assert declare()["warnings"] == []


def test_a_plugin_that_is_not_there(worker, declare):
    with pytest.raises(ConnectorError, match="the worker has no connector org.*SourceConector, did you mean " + CLASS):
        declare({**CONFIG, "connector.class": CLASS.replace("Connector", "Conector")})
    with pytest.raises(ConnectorError, match="no connector Jdbc; it has FileStreamSourceConnector"):
        declare({**CONFIG, "connector.class": "Jdbc"})


def test_a_dry_run_warns_of_a_plugin_that_may_be_yet_to_install(worker, declare):
    answer = declare({**CONFIG, "connector.class": "x.New"}, check=True)
    assert (answer["changed"], answer["messages"]) == (True, ["a: created"])
    assert answer["warnings"] == [
        "a: the worker has no connector x.New; it has FileStreamSourceConnector; "
        "where its plugin is yet to be installed, it is validated then"
    ]


def test_a_dry_run_that_fails_names_a_missing_plugin_too(worker):
    worker.says("PUT", VALIDATE, (200, validated(file="must not be empty")))
    entries = [{"name": "a", "config": {**CONFIG, "connector.class": "x.New"}}, {"name": "b", "config": CONFIG}]
    options = {"url": worker.url, "files": None, "ledger": None, "undeclared": "delete", "timeout": 5, "patience": 2}
    with pytest.raises(ConnectorError, match=r"b: file: must not be empty; a: the worker has no connector x\.New"):
        reconcile({**options, "connectors": entries}, check=True)


def test_a_short_class_name_is_validated_as_it_is_written(worker, declare):
    worker.says("PUT", VALIDATE.replace(CLASS, "FileStreamSource"), (200, validated()))
    assert declare({**CONFIG, "connector.class": "FileStreamSource"})["changed"] is True


def test_a_failed_task_ends_with_its_trace_in_one_line(worker, declare, ledger):
    worker.says("GET", "/connectors/a/status", (200, status(task="FAILED", trace=TRACE)))
    with pytest.raises(ConnectorError) as caught:
        declare()
    assert str(caught.value) == (
        "connector a: task 0 FAILED on kafka:8083: org.apache.kafka.connect.errors.ConnectException: "
        "cannot read https://u:********@h/; "
        "caused by java.nio.file.AccessDeniedException: /a (the worker's log: journalctl -u kafka-connect)"
    )
    assert "a" in noted(ledger), "it was made, so it is ours"


def test_what_failed_before_may_take_its_time_to_run(worker, declare):
    worker.says("GET", LOOK, (200, there(CONFIG, status(task="FAILED", trace=TRACE))))
    worker.says("POST", "/connectors/a/restart?includeTasks=true&onlyFailed=true", (202, {}))
    worker.says("GET", "/connectors/a/status", *[(200, status(task="FAILED", trace=TRACE))] * 2, (200, status()))
    answer = declare()
    assert "a: what failed of it restarted" in answer["messages"]
    assert worker.wrote() == ["POST /connectors/a/restart?includeTasks=true&onlyFailed=true"]


def test_a_paused_one_that_failed_is_resumed_and_restarted_in_one_run(worker, declare):
    failed = status("PAUSED", "FAILED", TRACE)
    restart = "/connectors/a/restart?includeTasks=true&onlyFailed=true"
    worker.says("GET", LOOK, (200, there(CONFIG, failed)))
    worker.says("PUT", "/connectors/a/resume", (202, None))
    worker.says("POST", restart, (202, {}))
    worker.says("GET", "/connectors/a/status", (200, failed), (200, status()))
    declare()
    assert worker.wrote() == ["PUT /connectors/a/resume", f"POST {restart}"]


def test_one_that_is_made_paused_has_no_tasks_yet(worker, declare):
    worker.says("GET", "/connectors/a/status", (200, {"connector": {"state": "PAUSED"}, "tasks": []}))
    assert declare(state="paused")["messages"] == ["a: created"]


def test_one_that_never_runs(worker, declare):
    worker.says("GET", "/connectors/a/status", (200, {"connector": {"state": "RUNNING"}, "tasks": []}))
    with pytest.raises(ConnectorError, match="a is not running within 2 s: it is RUNNING, tasks none"):
        declare()


def test_a_change_is_put_and_only_that_option_is_named(worker, declare):
    worker.says("GET", LOOK, (200, there(CONFIG, status())))
    answer = declare({**CONFIG, "file": "/b"})
    assert answer["messages"] == ["a: taken over, it was made by hand", "a: changed file"]
    assert worker.wrote() == ["PUT /connectors/a/config"]


def test_no_longer_declared(worker, declare, ledger):
    declare()
    worker.asked.clear()
    worker.says("GET", LOOK, (200, there(CONFIG, status()) | {"by-hand": there(CONFIG, status())["a"]}))
    worker.says("GET", "/connectors/a/config", (200, CONFIG))
    worker.says("DELETE", "/connectors/a", (204, None))
    worker.says("GET", "/connectors", (200, ["by-hand"]))
    assert declare(none=True)["messages"] == ["a: deleted"]
    assert worker.wrote() == ["DELETE /connectors/a"], "the one made by hand stays"
    assert not ledger.exists()
    worker.asked.clear()
    assert declare(none=True)["changed"] is False
    assert worker.asked == [], "nothing declared: not even a question"


def test_one_whose_plugin_is_gone_goes_and_its_offsets_are_warned_of(worker, declare):
    worker.says("GET", LOOK, (200, there(CONFIG, status())))
    worker.says("GET", "/connectors/a/config", (200, CONFIG))
    worker.says("PUT", "/connectors/a/stop", (204, None))
    worker.says("DELETE", "/connectors/a/offsets", (500, {"message": f"{connect_rest.NO_PLUGIN} and which name ..."}))
    worker.says("DELETE", "/connectors/a", (204, None))
    answer = declare(state="absent", reset_offsets=True)
    assert answer["messages"] == ["a: deleted"], "not: with its offsets"
    assert answer["warnings"][0].startswith(
        f"a: its offsets are still stored, because the plugin of {CLASS} is no longer"
    )
    assert worker.wrote()[-1] == "DELETE /connectors/a"


def test_begun_anew_drops_offsets_of_one_before(worker, declare):
    worker.says("DELETE", "/connectors/a/offsets", (200, {"message": "none"}))
    worker.says("PUT", "/connectors/a/resume", (202, None))
    declare(reset_offsets=True)
    assert worker.wrote() == ["POST /connectors", "DELETE /connectors/a/offsets", "PUT /connectors/a/resume"]


def test_a_fresh_one_drops_offsets_once_whether_it_is_there_or_not(worker, declare):
    worker.says("DELETE", "/connectors/a/offsets", (200, {"message": "none"}))
    worker.says("PUT", "/connectors/a/resume", (202, None))
    declare(state="fresh")
    assert worker.wrote() == ["POST /connectors", "DELETE /connectors/a/offsets", "PUT /connectors/a/resume"]
    worker.asked.clear()
    worker.says("GET", LOOK, (200, there(CONFIG, status())))
    worker.says("GET", "/connectors/a/config", (200, CONFIG))
    worker.says("PUT", "/connectors/a/stop", (204, None))
    worker.says("DELETE", "/connectors/a", (204, None))
    declare(state="fresh")
    assert worker.wrote() == [
        "PUT /connectors/a/stop",
        "DELETE /connectors/a/offsets",
        "DELETE /connectors/a",
        "POST /connectors",
    ]


def test_the_first_lines_of_a_trace():
    many = "A: one\n\tat x\nCaused by: B: two\nCaused by: C: three\n\t... 3 more\nCaused by: D: four\n"
    assert connector_state.first_lines(many) == "A: one; caused by C: three; caused by D: four"
    assert connector_state.first_lines("") == "no trace"


@pytest.mark.parametrize("state", ["running", "fresh"])
def test_a_source_that_would_become_another_one_is_refused_unless_it_is_begun_again(worker, declare, state):
    other = "io.debezium.connector.mysql.MySqlConnector"
    worker.says("GET", LOOK, (200, there({**CONFIG, "connector.class": other}, status())))
    if state == "running":
        with pytest.raises(ConnectorError, match=f"connector.class changes from {other} to {CLASS}.*say state: fresh"):
            declare()
        assert worker.wrote() == []
    else:
        worker.says("GET", "/connectors/a/config", (200, {**CONFIG, "connector.class": other}))
        worker.says("PUT", "/connectors/a/stop", (204, None))
        worker.says("DELETE", "/connectors/a", (204, None))
        assert declare(state=state)["changed"]
        assert "DELETE /connectors/a" in worker.wrote() and worker.wrote()[-1] == "POST /connectors"


def test_a_class_written_in_short_is_no_other_one(worker, declare):
    worker.says("GET", LOOK, (200, there({**CONFIG, "connector.class": "FileStreamSource"}, status())))
    assert declare()["changed"]
