"""The notes' CSV program and the example records of verify/data/example_rows.json that have its two columns."""

from __future__ import annotations

import ast
import json
from decimal import Decimal

import pytest

from tests.conftest import ROOT

PROGRAM = ROOT / "roles/course/files/programs/consumer_hdfs_temperatures_csv.py"
NOTES = json.loads((ROOT / "verify/data/example_rows.json").read_text(encoding="utf-8"))[0]


@pytest.fixture(scope="module")
def csv_line():
    """The program's function that makes a line; nothing connects."""
    tree = ast.parse(PROGRAM.read_text(encoding="utf-8"))
    kinds = ast.Import | ast.ImportFrom | ast.FunctionDef
    wanted = [node for node in tree.body if isinstance(node, kinds) or "MICROSECONDS = " in ast.unparse(node)]
    names: dict = {}
    exec(compile(ast.Module(wanted, []), str(PROGRAM), "exec"), names)
    return names["csv_line"]


@pytest.mark.parametrize("example", NOTES["records"], ids=lambda example: example["csv"])
def test_an_example_record_becomes_its_line(csv_line, example):
    line, wanted = csv_line(example["value"].encode()), example["csv"]
    assert line[:-1].split(",")[0] == wanted.split(",")[0]
    number, right = line[:-1].split(",")[1], wanted.split(",")[1]
    assert number == (right and f"{Decimal(right):f}")


@pytest.mark.parametrize(
    "value",
    [b"", b"hola", b'{"schema":null}', b'["payload"]', b'{"payload":{"datahora":0}}', b'{"schema":1,"payload":{}}',
     b'{"payload":{"datahora":0,"valor":"fred"}}', b'{"payload":{"datahora":1e18,"valor":1}}', None],
)  # fmt: skip
def test_what_is_no_temperature_is_refused(csv_line, value):
    with pytest.raises((ArithmeticError, AttributeError, KeyError, TypeError, ValueError)):
        csv_line(value)


@pytest.mark.parametrize("name", ["org.apache.kafka.connect.data.Time", "io.debezium.time.MicroTime"])
def test_a_time_of_day_is_no_time_of_a_temperature(csv_line, name):
    field = {"field": "datahora", "type": "int32", "name": name}
    event = {"schema": {"fields": [field]}, "payload": {"datahora": 36000000, "valor": 1}}
    with pytest.raises(KeyError):
        csv_line(json.dumps(event))
