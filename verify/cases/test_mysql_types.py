"""Every MySQL type in common use: the right value arrives, or the lab names table, column and remedy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.connect import tables as connector_tables
from verify.support import mysql_types, types_hdfs
from verify.support.mysql_types import COLUMNS, EDGES, TABLE, same_value
from verify.support.sinks import Trial
from verify.support.targets import Target, in_order
from verify.support.types_connector import ENGINES, Source, reason_not_to_run, start

ENGINE = "mysql"
SERVERS = [
    ("connect", "kafka-connect"),
    ("mysql", "mysql"),
    ("kafka", "kafka"),
    ("namenode", "hadoop-namenode"),
    ("datanode", "hadoop-datanode"),
]
TOPIC = "mysql_temperatures"
"""What the notes' programs read."""
RAW, CSV = "temperatures_raw.txt", "temperatures.txt"


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
    for number, expected in enumerate(types_hdfs.ROWS):
        for column in COLUMNS:
            right, arrived = column.expected(source.engine, expected), payloads[number][column.name]
            if not same_value(column.type, right, arrived):
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


def test_values_reach_hdfs(lab, source, evidence):
    """hdfs-sink (csv by day, jsonl) and the notes' two programs write the values that MySQL holds, of every row."""
    if source.not_run:
        return
    mysql = types_hdfs.in_mysql(lab)
    steps = types_hdfs.steps(source.engine)
    expected = types_hdfs.events(source.engine, mysql)
    counts = {source.topic(step.table): len(mysql[step.table]) for step in steps}
    before = {file: len(lab.hdfs(f"{lab.hdfs_folder}/{file}").splitlines()) for file in (RAW, CSV)}
    by_day, jsonl = (f"{lab.hdfs_folder}/mysql-types/{source.engine}-{name}" for name in ("csv", "jsonl"))
    sinks = Trial(lab, source.topic(TABLE))
    common = ("--group", "hdfs-sink-types", "--dead-letters", "lab-verify-types-dead-letters")
    sinks.sink("types-csv", "--folder", by_day, "--by-day", "--time-field", "datahora", *common,
               "--columns", types_hdfs.COLUMN_ARGUMENT)  # fmt: skip
    wanted = [{"topic": source.topic(step.table), "names": step.names} for step in steps]
    sent = lab.ask("copy", target=TOPIC, counts=counts, steps=wanted, seconds=30)
    assert len(sent) == len(expected)
    sinks.sink("types-jsonl", "--topic", TOPIC, "--folder", jsonl, "--format", "jsonl", "--columns", "", *common)
    lab.start("types-raw", "python3 consumer_hdfs_temperatures.py")
    program = lab.start("types-program-csv", "python3 consumer_hdfs_temperatures_csv.py")

    def file(name: str) -> Callable[[], list[str]]:
        return lambda: lab.hdfs(f"{lab.hdfs_folder}/{name}").splitlines()

    def folder(path: str) -> Callable[[], list[str]]:
        return lambda: in_order(sinks.lines(path))

    raw = Target(RAW, file(RAW), before[RAW], len(sent))
    written = Target(CSV, file(CSV), before[CSV], sum(not event.refused for event in expected))
    rows = Target(by_day, folder(by_day), 0, len(types_hdfs.ROWS))
    # It reads the topic from its beginning, with the events of the engines before.
    objects = Target(jsonl, folder(jsonl), before[RAW], len(sent))
    for target in (raw, written, rows, objects):
        target.wait()
    sinks.stop("types-csv", "types-jsonl", "types-raw", "types-program-csv")
    assert raw.appended() == sent
    assert len(rows.appended()) == len(mysql[TABLE])
    wrong = types_hdfs.wrong_lines(expected, written.appended())
    wrong += types_hdfs.wrong_rows(mysql[TABLE], sinks.lines(by_day))
    wrong += types_hdfs.wrong_objects(expected, objects.appended())
    assert not wrong, "\n".join(wrong)
    reports = [line for line in program.lines() if line.startswith("No és una temperatura")]
    assert len(reports) == sum(event.refused for event in expected), reports
    programs = "by hdfs-sink (csv by day, jsonl), the notes' raw and CSV programs"
    evidence(f"{source.engine}: {len(sent)} events in HDFS {programs}, each value as in MySQL")


def _payload(record: dict[str, Any]) -> dict[str, Any]:
    return json.loads(record["value"], parse_float=Decimal)["payload"]
