"""The case mysql-types compares what is in HDFS with what is in MySQL, and sees each value that changed."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from verify.support import types_hdfs
from verify.support.mysql_types import COLUMNS, EDGES, TABLE, same_value

ENGINES = ("debezium", "jdbc", "aiven")
PRINTED = {"datahora": "2025-02-21 10:00:00", "valor": "17.100", "c_double": "-5e-324", "c_json": '{"a": 1}',
           "c_time": "23:59:59", "c_date": "9999-12-31", "c_text": "", "c_tinytext": 'un "dos",\r\n\\tres',
           "c_datetime3": "1969-12-31 23:59:59.999"}  # fmt: skip
"""Values as MySQL prints them; 1 in the other columns."""
WRITTEN = {**PRINTED, "datahora": "21/02/2025 10:00:00", "c_double": "-4.9E-324", "c_date": "31/12/9999",
           "c_text": '""', "c_tinytext": '"un ""dos"",\\r\\n\\\\tres"', "c_json": '"{""a"":1}"',
           "c_datetime3": "31/12/1969 23:59:59.999"}  # fmt: skip
PATH = "dt=2025-02-21/topic+0+00000000000000000000.csv"


def row(**changed: str | None) -> dict[str, str | None]:
    return {"id": "1", **{column.name: "1" for column in COLUMNS}, **PRINTED, **changed}


def line(**changed: str) -> str:
    return ",".join({column.name: {**WRITTEN, **changed}.get(column.name, "1") for column in COLUMNS}.values())


def mysql(engine: str) -> dict[str, list[dict[str, str | None]]]:
    rows = {edge.table: [{"id": "1", "v": "first"}, {"id": "2", "v": "second"}] for edge in EDGES}
    null = dict.fromkeys([column.name for column in COLUMNS])
    return {**rows, TABLE: [row(), row(), {**null, "id": "3"}, row()]}


def test_a_row_in_its_day_with_all_its_values_is_right() -> None:
    assert types_hdfs.wrong_rows([row()], {PATH: [line()]}) == []


@pytest.mark.parametrize(
    ("column", "written"),
    [("valor", "17.1"), ("valor", ""), ("c_double", "0.0"), ("c_text", ""), ("c_tinytext", "un"), ("c_int", "2"),
     ("c_datetime3", "31/12/1969 23:59:59"), ("c_date", "31/12/9998"), ("c_json", "null")],
)  # fmt: skip
def test_a_value_that_changed_is_wrong(column: str, written: str) -> None:
    (wrong,) = types_hdfs.wrong_rows([row()], {PATH: [line(**{column: written})]})
    assert f"row 1 {column}" in wrong


def test_null_is_an_empty_field_in_hives_default_partition() -> None:
    null = {**dict.fromkeys([column.name for column in COLUMNS]), "id": "1"}
    empty = "," * (len(COLUMNS) - 1)
    assert types_hdfs.wrong_rows([null], {"dt=__HIVE_DEFAULT_PARTITION__/a.csv": [empty]}) == []
    assert types_hdfs.wrong_rows([row()], {PATH: [empty]})


def test_a_row_of_another_day_or_too_many_is_wrong() -> None:
    assert len(types_hdfs.wrong_rows([row()], {PATH.replace("21", "22"): [line()]})) == 2
    assert len(types_hdfs.wrong_rows([row()], {PATH: [line(), line()]})) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_events_say_what_comes_of_each_record(engine: str) -> None:
    steps, events = types_hdfs.steps(engine), types_hdfs.events(engine, mysql(engine))
    assert len(events) == sum(4 if step.table == TABLE else 2 for step in steps)
    assert {step.number for step in steps} >= {c.name for c in COLUMNS if types_hdfs.kind(c.type) in ("int", "decimal")}
    assert all("datahora" in event.values and "valor" in event.values for event in events[: 4 * 20])


def test_the_original_rows_keep_their_names() -> None:
    first, second = types_hdfs.steps("debezium")[:2]
    text = '{"datahora":1,"valor":2,"c_date":3,"c_tinyint":4}'
    renamed = []
    for step in (first, second):
        changed = text
        for old, new in step.names.items():
            changed = changed.replace(f'"{old}"', f'"{new}"')
        renamed.append(json.loads(changed))
    assert renamed[0] == json.loads(text)
    assert {renamed[1]["datahora"], renamed[1]["valor"]} == {
        json.loads(text).get(second.time),
        json.loads(text).get(second.number),
    }


def test_a_wrong_line_of_the_csv_program_is_named() -> None:
    event = types_hdfs.Event("21/02/2025 10:00:00", ("DECIMAL(5,2)", "17.10"), {})
    refused = event._replace(refused=True)
    assert types_hdfs.wrong_lines([refused, event], ["21/02/2025 10:00:00,17.10"]) == []
    for changed in ("21/02/2025 10:00:01,17.10", "21/02/2025 10:00:00,17.1", "21/02/2025 10:00:00,17.10,"):
        assert len(types_hdfs.wrong_lines([event], [changed])) == 1


def test_a_wrong_value_in_jsonl_is_named() -> None:
    event = types_hdfs.Event("", ("INT", "1"), {"v": ("BIGINT UNSIGNED", 2**64 - 1)})
    assert types_hdfs.wrong_objects([event], ['{"v":18446744073709551615}']) == []
    for changed in ('{"v":18446744073709551616}', '{"v":-1}', '{"v":"18446744073709551615"}', "{}"):
        assert len(types_hdfs.wrong_objects([event], [changed])) == 1


@pytest.mark.parametrize(
    ("arrived", "same"), [(14.5, True), (Decimal("14.50"), True), ("14.5", False), (14, False), (None, False)]
)
def test_a_float_arrives_as_a_number_and_not_as_its_text(arrived: Any, same: bool) -> None:
    assert same_value("FLOAT", 14.5, arrived) is same
