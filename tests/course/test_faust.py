"""Functions of the Faust programs: rows with NULL columns, rows that come again. Nothing of Faust runs."""

from __future__ import annotations

import ast
import json
from types import SimpleNamespace

import pytest

from tests.conftest import ROOT

PROGRAMS = ROOT / "roles/course/files/programs"
FIELDS = {"id": 1, "sensor_id": 2, "temperatura": 22.5, "ingest_time": 3, "origen": "MySQL"}


def functions(program: str) -> dict:
    """Functions of a program that need nothing of Faust, by name."""
    tree = ast.parse((PROGRAMS / program).read_text(encoding="utf-8"))
    wanted = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.decorator_list]
    names: dict = {"json": json, "TemperatureRecord": lambda **fields: SimpleNamespace(**fields)}
    exec(compile(ast.Module(wanted, []), program, "exec"), names)
    return names


@pytest.fixture(scope="module")
def read_record():
    """The function of the notes' program that reads a record."""
    return functions("faust_temperatures.py")["read_record"]


@pytest.fixture(scope="module")
def means():
    """Functions of the program that computes means."""
    return functions("faust_mean.py")


@pytest.mark.parametrize("name", ["sensor_id", "temperatura", "ingest_time", "origen", ""])
def test_a_null_column_stays_null(read_record, name):
    fields = {**FIELDS, **({name: None} if name else {})}
    assert vars(read_record(json.dumps(fields).encode())) == fields


@pytest.mark.parametrize("value", [b"", b"[]", b'{"id": 9}', b'{"payload": {}}', json.dumps({**FIELDS, "id": None})])
def test_what_is_no_record_is_refused(read_record, value):
    with pytest.raises((KeyError, TypeError, ValueError)):
        read_record(value)


def test_the_means_pass_over_null_and_refuse_what_is_no_row(means):
    assert means["read_row"](json.dumps(FIELDS).encode()) == (2, 22.5, 3)
    assert means["read_row"](json.dumps({**FIELDS, "temperatura": None})) == (2, None, 3)
    for value in (b"", b"[]", b'{"id": 9}', b'{"payload": {}}', json.dumps({**FIELDS, "ingest_time": None})):
        with pytest.raises((KeyError, TypeError, ValueError)):
            means["read_row"](value)


def test_a_row_that_comes_again_is_not_counted_again(means):
    add = means["add_row"]
    first = add(None, 20.0, offset=7, timestamp=100.0)
    second = add(first, 30.0, offset=9, timestamp=99.0)
    assert (second["n"], second["suma"]) == (2, 50.0)
    for offset, timestamp in ((7, 100.0), (9, 99.0)):
        assert add(second, 20.0, offset, timestamp) is None


def test_rows_of_a_topic_that_was_made_again_are_counted(means):
    add = means["add_row"]
    old = add(None, 20.0, offset=900, timestamp=100.0)
    again = add(old, 20.0, offset=0, timestamp=200.0)
    assert again["n"] == 2
    assert add(again, 20.0, offset=0, timestamp=200.0) is None
    assert add(again, 20.0, offset=1, timestamp=200.5)["n"] == 3
