"""Columns that a connector cannot carry are named with table, column and remedy; all others are not mentioned."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.connect.tables import (
    address_of,
    engine_of,
    problems,
    tables_of,
    warnings,
)
from tests.artifacts.kit import ROOT

FILES = ROOT / "roles/course/files/connectors"
ENGINES = ("debezium", "jdbc", "aiven")


def course(engine: str, name: str = "mysql-source", **more: str) -> dict[str, str]:
    """The course's connector, reading every table of `sensors`; `__` in an option's name stands for a dot."""
    config = json.loads((FILES / engine / f"{name}.json").read_text(encoding="utf-8"))["config"]
    config.pop("table.whitelist", None)
    changed = {"table.include.list": r"sensors\..*"} if engine == "debezium" else {}
    return config | changed | {key.replace("__", "."): value for key, value in more.items()}


def column(kind: str, holds: bool | None = None, nullable: bool = True, default: str | None = None) -> dict[str, Any]:
    """A column `v` of the table sensors.t."""
    return {
        "database": "sensors", "table": "t", "column": "v", "type": kind, "nullable": nullable, "default": default,
        "holds": holds,
    }  # fmt: skip


def said(engine: str, of: dict[str, Any], held: bool = True, name: str = "mysql-source", **more: str) -> str:
    """What is said of one column."""
    lines = problems(course(engine, name, **more), [of], held)
    assert all(line.startswith("sensors.t.v (") and "\n" not in line for line in lines)
    return "; ".join(lines)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "kind",
    [
        "int", "int unsigned", "bigint", "tinyint(1)", "float", "decimal(5,2)", "date", "datetime", "datetime(3)",
        "varchar(50)", "text", "json", "blob", "bit(1)", "enum('a','b')", "year",
    ],
)  # fmt: skip
def test_a_column_that_arrives_as_it_is_is_not_mentioned(engine, kind):
    assert said(engine, column(kind)) == ""
    assert said(engine, column(kind, nullable=False, holds=False)) == ""


@pytest.mark.parametrize("engine", ENGINES)
def test_the_notes_own_tables_are_not_mentioned(engine):
    for kind in ("int", "datetime", "float", "varchar(100)"):
        for name in ("mysql-source", "mysql-source2"):
            assert said(engine, column(kind, nullable=False, holds=False), held=False, name=name) == ""


@pytest.mark.parametrize("engine", ENGINES)
def test_a_time_of_more_than_a_day_is_named_where_a_row_has_one_or_may_have_one(engine):
    assert "ALTER TABLE sensors.t MODIFY v INT" in said(engine, column("time", holds=True))
    assert said(engine, column("time", holds=False)) == ""
    assert "outside 00:00:00 to 23:59:59" in said(engine, column("time", holds=False), held=False)
    assert "outside 00:00:00 to 23:59:59" in said(engine, column("time", holds=None)), "too many rows to look"
    stops = said(engine, column("time", holds=True, nullable=False))
    assert "ends the task" in stops


@pytest.mark.parametrize("engine", ENGINES)
def test_a_zero_date_is_named_where_it_does_not_arrive_as_null(engine):
    assert "NULL" in said(engine, column("datetime", holds=True, nullable=False))
    assert said(engine, column("datetime", holds=True)) == ""
    assert said(engine, column("datetime", nullable=False), held=False) == "", "not of every NOT NULL date"


def test_a_zero_date_ends_a_task_of_jdbc_without_the_drivers_option():
    url = "jdbc:mysql://localhost:3306/sensors"
    assert "zeroDateTimeBehavior=CONVERT_TO_NULL" in said("jdbc", column("date", holds=True), connection__url=url)


def test_a_year_of_jdbc_is_a_date_without_the_drivers_option():
    url = "jdbc:mysql://localhost:3306/sensors"
    assert "yearIsDateType=false" in said("jdbc", column("year"), connection__url=url)


def test_a_long_bit_field_of_jdbc_is_named():
    assert "above 127 ends the task" in said("jdbc", column("bit(10)"))
    assert "above 127 arrives as null" in said("aiven", column("bit(10)"))
    assert said("debezium", column("bit(10)")) == ""


def test_an_unsigned_bigint_is_named_where_the_engine_cannot_carry_it():
    huge = column("bigint unsigned", holds=True)
    assert said("debezium", huge) == ""
    assert "bigint.unsigned.handling.mode=precise" in said("debezium", huge, bigint__unsigned__handling__mode="long")
    assert "MODIFY v DECIMAL(20)" in said("jdbc", huge)
    assert said("jdbc", column("bigint unsigned", holds=False)) == ""


def test_a_timestamp_of_debezium_is_named_as_text_unless_it_is_converted():
    assert "MODIFY v DATETIME" in said("debezium", column("timestamp"))
    assert "MODIFY v DATETIME(6)" in said("debezium", column("timestamp(6)"))
    converter = {
        "transforms": "unwrap,t",
        "transforms__t__type": "org.apache.kafka.connect.transforms.TimestampConverter$Value",
        "transforms__t__field": "v",
    }
    assert "text" not in said("debezium", column("timestamp"), **converter)
    assert said("jdbc", column("timestamp")) == ""


@pytest.mark.parametrize("engine", ENGINES)
def test_microseconds_are_named(engine):
    assert "cut off" in said(engine, column("datetime(6)"))


def test_null_that_becomes_a_default_is_named():
    with_default = column("float", default="20.5")
    assert said("debezium", with_default) == ""
    assert "because of transforms.dropLocation" in said("debezium", with_default, name="mysql-source2")
    assert "DROP DEFAULT" in said("debezium", with_default, name="mysql-source2")
    own = "org.apache.kafka.connect.json.JsonConverter"
    assert "replace.null.with.default=false" in said("debezium", with_default, value__converter=own)
    assert said("debezium", column("float", default="20.5", nullable=False), name="mysql-source2") == ""


TABLES = [("sensors", "temperatures"), ("sensors", "temperatures2"), ("altra", "temperatures")]


@pytest.mark.parametrize("engine", ENGINES)
def test_only_tables_that_the_connector_reads_count(engine):
    config = json.loads((FILES / engine / "mysql-source.json").read_text(encoding="utf-8"))["config"]
    assert tables_of(config, TABLES) == [("sensors", "temperatures")]


def test_without_a_list_jdbc_reads_every_table_of_its_database():
    config = course("jdbc")
    assert tables_of(config, TABLES) == TABLES[:2]
    assert tables_of({**config, "table.blacklist": "temperatures"}, TABLES) == [TABLES[1]]
    assert tables_of({**config, "query": "SELECT 1"}, TABLES) == []
    assert tables_of({**config, "query": None}, TABLES) == TABLES[:2]


def test_columns_that_debezium_leaves_out_are_not_mentioned():
    assert said("debezium", column("time", holds=True), column__exclude__list="sensors.t.v") == ""


def test_address_and_engine_of_a_connector():
    assert [address_of(course(engine)) for engine in ENGINES] == [
        ("localhost", 3306, ""),
        ("localhost", 3306, "sensors"),
        ("localhost", 3306, "sensors"),
    ]
    assert address_of({"connector.class": "x.JdbcSourceConnector", "connection.url": "jdbc:postgresql://h/d"})[0] == ""
    assert [engine_of({"connector.class": name}) for name in ("MySqlConnector", "JdbcSource", "FileStreamSource")] == [
        "debezium",
        "jdbc",
        "",
    ]


@pytest.mark.parametrize(
    "url", ["jdbc:mysql://[(host=a)]/x", "jdbc:mysql://[(host=a),(host=b)]/x", "jdbc:mysql://h:x/d"]
)
def test_an_address_that_is_no_url_has_no_host(url):
    config = course("jdbc", connection__url=url)
    assert address_of(config) == ("", 0, "")
    assert warnings(config, None, {"columns": [column("time")]}, ["localhost:3306"]) == [
        "without table.whitelist it reads every table that its user sees"
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_invalid_regular_expression_matches_no_table(engine):
    config = course(engine, table__include__list="*.temperatures")
    assert tables_of(config, TABLES) == []


def test_a_table_added_to_debezium_is_warned_of():
    old = {**course("debezium"), "table.include.list": "sensors.temperatures"}
    new = {**old, "table.include.list": "sensors.temperatures,sensors.humitats"}
    (line,) = warnings(new, old, {}, [])
    assert line.startswith("sensors.humitats is new in table.include.list") and "state: fresh" in line
    narrow = {**old, "schema.history.internal.store.only.captured.tables.ddl": "true"}
    assert "the task will fail" in warnings(new, narrow, {}, [])[1]
    assert warnings(new, None, {}, []) == []
    assert warnings(new, new, {}, []) == []


def test_a_declared_connector_is_warned_of_columns_of_the_labs_server_alone():
    server = {"columns": [column("time", holds=False)]}
    config = course("debezium", table__include__list="sensors.t")
    assert "outside 00:00:00" in warnings(config, None, server, ["localhost:3306"])[0]
    assert warnings(config, None, server, ["mysql:3306"]) == []
