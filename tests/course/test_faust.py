"""The notes' Faust program reads records with NULL columns; nothing of Faust runs."""

from __future__ import annotations

import ast
import json
from types import SimpleNamespace

import pytest

from tests.conftest import ROOT

PROGRAM = ROOT / "roles/course/files/programs/faust_temperatures.py"
FIELDS = {"id": 1, "sensor_id": 2, "temperatura": 22.5, "ingest_time": 3, "origen": "MySQL"}


@pytest.fixture(scope="module")
def read_record():
    """The program's function that reads a record."""
    tree = ast.parse(PROGRAM.read_text(encoding="utf-8"))
    wanted = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    names: dict = {"json": json, "TemperatureRecord": lambda **fields: SimpleNamespace(**fields)}
    exec(compile(ast.Module(wanted, []), str(PROGRAM), "exec"), names)
    return names["read_record"]


@pytest.mark.parametrize("name", ["sensor_id", "temperatura", "ingest_time", "origen", ""])
def test_a_null_column_stays_null(read_record, name):
    fields = {**FIELDS, **({name: None} if name else {})}
    assert vars(read_record(json.dumps(fields).encode())) == fields


@pytest.mark.parametrize("value", [b"", b"[]", b'{"id": 9}', b'{"payload": {}}', json.dumps({**FIELDS, "id": None})])
def test_what_is_no_record_is_refused(read_record, value):
    with pytest.raises((KeyError, TypeError, ValueError)):
        read_record(value)
