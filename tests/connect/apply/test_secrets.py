"""Secrets of a connector: warned of, and shown in no message and no difference."""

from __future__ import annotations

import json

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.connect.apply import ConnectorError
from ansible_collections.streaming.lab.plugins.module_utils.connect.rest import RestError
from tests.connect.apply.kit import (
    CHANGE,
    CLASS,
    CONFIG,
    LOOK,
    TRACE,
    VALIDATE,
    status,
    there,
    validated,
)


def test_what_failed_of_one_that_is_to_be_paused_is_a_warning_without_secrets(worker, declare):
    failed = status("PAUSED", "FAILED", TRACE + "Caused by: X: 1234")
    worker.says("GET", f"/connector-plugins/{CLASS}/config", (200, [{"name": "pin", "type": "PASSWORD"}]))
    worker.says("GET", LOOK, (200, there({**CONFIG, "pin": "1234"}, failed)))
    worker.says("GET", "/connectors/a/status", (200, failed))
    [warning] = declare({**CONFIG, "pin": "1234"}, state="paused")["warnings"]
    assert warning.startswith("a: task 0 FAILED on kafka:8083: ")
    assert "caused by X: ********; it is to be paused" in warning


def test_a_secret_in_the_config_is_warned_of_and_shown_nowhere(worker, declare):
    worker.says("PUT", VALIDATE, (200, validated()))
    answer = declare({**CONFIG, "pin": "geheim"})
    assert "geheim" not in json.dumps(answer)
    assert "a: pin stands in the configuration" in answer["warnings"][0]
    worker.says("PUT", VALIDATE, (200, validated(pin="Invalid value geheim for pin")))
    with pytest.raises(ConnectorError) as caught:
        declare({**CONFIG, "pin": "geheim"})
    assert "geheim" not in str(caught.value)


IN_THE_OPEN = {**CONFIG, "file": "jdbc:mysql://db/x?user=kafka&password=geheim", "pin": "1234"}
QUOTES = {"message": f"cannot use {IN_THE_OPEN['file']} - that is geheim, with 1234"}
MASKED = "cannot use jdbc:mysql://db/x?user=kafka&password=******** - that is ********, with ********"


def test_a_password_in_an_address_is_warned_of(declare):
    assert [line.split(" stands in ")[0] for line in declare(IN_THE_OPEN)["warnings"]] == ["a: file", "a: pin"]


@pytest.mark.parametrize(
    ("method", "path", "code"), [("PUT", VALIDATE, 500), ("POST", "/connectors", 400), ("PUT", CHANGE, 400)]
)
def test_an_error_that_quotes_the_config_shows_no_secret(worker, declare, method, path, code):
    worker.says("GET", f"/connector-plugins/{CLASS}/config", (200, [{"name": "pin", "type": "PASSWORD"}]))
    if path == CHANGE:
        worker.says("GET", LOOK, (200, there(CONFIG, status())))
    worker.says(method, path, (code, QUOTES))
    with pytest.raises((RestError, ConnectorError)) as caught:
        declare(IN_THE_OPEN)
    assert f"answered {code}: {MASKED}" in str(caught.value)


def test_a_trace_of_an_unchanged_connector_shows_no_password_of_its_plugin(worker, declare):
    failed = status(task="FAILED", trace=QUOTES["message"])
    worker.says("GET", f"/connector-plugins/{CLASS}/config", (200, [{"name": "pin", "type": "PASSWORD"}]))
    worker.says("GET", LOOK, (200, there(IN_THE_OPEN, status())))
    worker.says("GET", "/connectors/a/status", (200, failed))
    with pytest.raises(ConnectorError) as caught:
        declare(IN_THE_OPEN)
    assert f"task 0 FAILED on kafka:8083: {MASKED} (the worker's log" in str(caught.value)


def test_the_difference_of_a_deleted_one_shows_no_password_of_its_plugin(worker, declare):
    worker.says("GET", f"/connector-plugins/{CLASS}/config", (200, [{"name": "pin", "type": "PASSWORD"}]))
    worker.says("GET", LOOK, (200, there(IN_THE_OPEN, status())))
    assert "1234" not in json.dumps(declare(state="absent", check=True))
