"""Every MySQL type in common use: the right value arrives, or the lab names table, column and remedy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from plugins.module_utils import connector_tables
from verify.lib import mysql_types
from verify.lib.mysql_types import COLUMNS, EDGES, TABLE
from verify.lib.types_connector import ENGINES, Source, reason_not_to_run, start

ENGINE = "mysql"
SERVERS = [("connect", "kafka-connect"), ("mysql", "mysql"), ("kafka", "kafka")]


@pytest.fixture(scope="module", params=ENGINES)
def source(request, lab) -> Iterator[Source]:
    """The tables with their first rows, and a connector of one engine that reads them, where its plugin is there."""
    reason = reason_not_to_run(lab, request.param)
    if reason:
        yield Source(request.param, reason)
        return
    lab.sql(mysql_types.create())
    lab.sql(mysql_types.insert(0) + mysql_types.insert(1))
    yield start(lab, request.param)
    lab.rest(f"/connectors/{Source(request.param).name}", "DELETE")
    lab.sql(mysql_types.drop())


def test_values_arrive(lab, source, evidence):
    """Two rows read from the table and two committed later: every value is right, NULL is null."""
    if source.not_run:
        evidence(f"{source.engine}: not run: {source.not_run}")
        return
    lab.sql(mysql_types.insert(None) + mysql_types.insert(0))
    records = lab.records(source.topic(TABLE), 4, 45)
    payloads = [_payload(record) for record in sorted(records, key=lambda record: _payload(record)["id"])]
    wrong = []
    for number, expected in enumerate((0, 1, None, 0)):
        for column in COLUMNS:
            right, arrived = column.expected(source.engine, expected), payloads[number][column.name]
            if not _same(column, right, arrived):
                wrong.append(f"row {number + 1} {column.name} {column.type}: {right!r} arrived as {arrived!r}")
    assert not wrong, "\n".join(wrong)
    evidence(f"{source.engine}: {len(COLUMNS)} types, 4 rows right")


def test_what_cannot_arrive_is_reported(lab, source, evidence):
    """A value that the engine cannot carry is named with table, column and remedy; later rows arrive where they can."""
    if source.not_run:
        return
    lab.sql("".join(edge.insert_sql() for edge in EDGES))
    tables = {edge.table for edge in EDGES} | {TABLE}
    config = lab.rest(f"/connectors/{source.name}/config")
    columns = [column for column in mysql_types.state(lab)["columns"] if column["table"] in tables]
    said = connector_tables.problems(config, columns)
    topics = {source.topic(edge.table): len(edge.outcome[source.engine].values) for edge in EDGES}
    arrived = lab.ask("read_each", counts={name: count for name, count in topics.items() if count}, seconds=30)
    reported = 0
    for edge in EDGES:
        lines = [line for line in said if line.startswith(f"sensors.{edge.table}.v ")]
        outcome = edge.outcome[source.engine]
        values = [_payload(record)["v"] for record in arrived.get(source.topic(edge.table), [])]
        assert values == list(outcome.values), f"{edge}: {values}"
        assert bool(lines) == outcome.reported, f"{edge}: reported {lines}"
        reported += outcome.reported
        if outcome.reported:
            assert "ALTER TABLE" in lines[0] or "declare it" in lines[0], f"no remedy in: {lines[0]}"
    evidence(f"{source.engine}: {len(EDGES)} extreme values, {reported} reported with column and remedy")


def _payload(record: dict[str, Any]) -> dict[str, Any]:
    return json.loads(record["value"], parse_float=Decimal)["payload"]


def _same(column: mysql_types.Column, right: Any, arrived: Any) -> bool:
    if right is None or arrived is None:
        return right is arrived
    if column.type == "JSON":
        return json.loads(right) == json.loads(arrived)
    if isinstance(right, float):
        return float(arrived) == right
    if isinstance(right, Decimal):
        return Decimal(arrived) == right
    return type(right) is type(arrived) and right == arrived
