"""The rows of the case mysql-types on their way to HDFS: events for the notes' programs, and what must be written."""

from __future__ import annotations

import base64
import itertools
import json
import re
from decimal import Decimal
from typing import Any, NamedTuple

from verify.support.lab import Lab
from verify.support.mysql_types import COLUMNS, EDGES, TABLE, TABLES, Edge, same_value

ROWS = (0, 1, None, 0)
"""Which values the rows of TABLE hold: the first ones, the second ones, NULL, the first ones."""
WHOLE = ("TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "BOOLEAN", "BIT", "YEAR")
KINDS = {
    **dict.fromkeys(WHOLE, "int"),
    **dict.fromkeys(("FLOAT", "DOUBLE"), "float"),
    **dict.fromkeys(("DATETIME", "TIMESTAMP"), "datetime"),
    "DECIMAL": "decimal",
    "DATE": "date",
    "TIME": "time",
}
CSV_PROGRAM = "consumer_hdfs_temperatures_csv.py"
FIELD = re.compile(r'("(?:[^"]|"")*"|[^",]*)(?:,|$)')


def word(type_: str) -> str:
    """The first word of a column's type: BIGINT of `BIGINT UNSIGNED`."""
    return re.split(r"\W", type_, maxsplit=1)[0]


def kind(type_: str) -> str:
    """The kind of hdfs-sink's column for a type of MySQL."""
    return KINDS.get(word(type_), "text")


COLUMN_ARGUMENT = ",".join(f"{column.name}:{kind(column.type)}" for column in COLUMNS)


# What MySQL holds


def in_mysql(lab: Lab) -> dict[str, list[dict[str, str | None]]]:
    """The rows of each table, with each value as MySQL prints it; bytes as base64."""
    types = {TABLE: {column.name: column.type for column in COLUMNS}, **{e.table: {"v": e.type} for e in EDGES}}
    statements = ["SET time_zone = '+00:00';"]
    for table, columns in types.items():
        texts = ", ".join(_sql_text(name, type_) for name, type_ in columns.items())
        statements.append(f"SELECT '{table}', HEX(JSON_ARRAY(CAST(id AS CHAR), {texts})) FROM {table} ORDER BY id;")
    rows: dict[str, list[dict[str, str | None]]] = {table: [] for table in TABLES}
    for line in lab.sql("".join(statements)).splitlines():
        table, _, encoded = line.partition("\t")
        rows[table].append(dict(zip(["id", *types[table]], json.loads(bytes.fromhex(encoded)), strict=True)))
    return rows


def _sql_text(name: str, type_: str) -> str:
    if word(type_) in ("BINARY", "VARBINARY", "BLOB"):
        return f"TO_BASE64({name})"
    return f"CAST({name} + 0 AS CHAR)" if word(type_) == "BIT" else f"CAST({name} AS CHAR)"


# Lines of CSV


def field(type_: str, text: str | None) -> str:
    """A value as a line of CSV has it: times as in the notes, texts quoted and escaped as hdfs-sink documents it.

    Args:
        type_: the column's type in MySQL.
        text: the value as MySQL prints it; None: NULL.
    """
    if text is None:
        return ""
    if kind(type_) in ("date", "datetime"):
        day, _, clock = text.partition(" ")
        time, _, part = clock.partition(".")
        part = part.ljust(6, "0").removesuffix("000") if part.strip("0") else ""
        return f"{'/'.join(reversed(day.split('-')))} {time}".rstrip() + (f".{part}" if part else "")
    if kind(type_) != "text":
        return text
    text = text.replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n")
    return '"' + text.replace('"', '""') + '"' if not text or "," in text or '"' in text else text


def fields(line: str) -> list[str]:
    """The fields of a line of CSV, with their quotes: a field without anything in it is NULL, `""` is an empty text."""
    found, place = [], 0
    while place <= len(line) and (match := FIELD.match(line, place)):
        found.append(match[1])
        place = match.end()
        if not match[0].endswith(","):
            break
    return found


def same_field(type_: str, right: str, arrived: str) -> bool:
    """Whether a field holds a value: digit for digit; FLOAT, DOUBLE and JSON may be written in another form."""
    if kind(type_) == "float" and right and arrived:
        try:
            return float(right) == float(arrived)
        except ValueError:
            return False
    if word(type_) == "JSON":
        right, arrived = (text.replace(": ", ":").replace(", ", ",") for text in (right, arrived))
    return right == arrived


# Events for the notes' programs


class Step(NamedTuple):
    """All records of one table, with two columns renamed to the names that the notes' programs read."""

    table: str
    time: str
    number: str

    @property
    def names(self) -> dict[str, str]:
        """Old and new names, to be replaced in this order."""
        moved = {"datahora": "moved_time", "valor": "moved_number"}
        return moved | {moved.get(self.time, self.time): "datahora", moved.get(self.number, self.number): "valor"}

    def renamed(self, name: str) -> str:
        """The name that a column has in the events."""
        for old, new in self.names.items():
            name = new if name == old else name
        return name


class Event(NamedTuple):
    """What must come of an event that the notes' programs read.

    Args:
        time: first field of its line of CSV.
        number: type of the second field's column, and the field.
        values: for jsonl, each column's type and JSON value by the name that it has in the event.
        refused: whether the CSV program writes no line, and says so.
    """

    time: str
    number: tuple[str, str]
    values: dict[str, tuple[str, Any]]
    refused: bool = False


def steps(engine: str) -> list[Step]:
    """The original rows, then each other column with a number beside one with a time, then the tables of the edges."""
    times = [column.name for column in COLUMNS if kind(column.type) in ("date", "datetime")]
    numbers = [column.name for column in COLUMNS if kind(column.type) in ("int", "float", "decimal")]
    pairs = zip(itertools.cycle(times), (name for name in numbers if name != "valor"), strict=False)
    rows = [Step(TABLE, "datahora", "valor"), *(Step(TABLE, *pair) for pair in pairs)]
    edges = [edge for edge in EDGES if edge.outcome[engine].values]
    return rows + [Step(e.table, "id", "v") if kind(e.type) == "int" else Step(e.table, "v", "id") for e in edges]


def events(engine: str, mysql: dict[str, list[dict[str, str | None]]]) -> list[Event]:
    """What must come of the events of `steps`, one after the other.

    Args:
        engine: what read the rows.
        mysql: the rows, as `in_mysql` returns them.
    """
    edges = {edge.table: edge for edge in EDGES}
    return [
        event
        for step in steps(engine)
        for event in (
            _edge_events(step, edges[step.table], engine, mysql[step.table])
            if step.table in edges
            else _row_events(step, engine, mysql[step.table])
        )
    ]


def _row_events(step: Step, engine: str, rows: list[dict[str, str | None]]) -> list[Event]:
    types = {column.name: column.type for column in COLUMNS}
    made = []
    for row, number in zip(rows, ROWS, strict=True):
        values = {step.renamed(column.name): (column.type, column.expected(engine, number)) for column in COLUMNS}
        type_ = types[step.number]
        made.append(Event(_time(types[step.time], row[step.time]), (type_, field(type_, row[step.number])), values))
    return made


def _edge_events(step: Step, edge: Edge, engine: str, rows: list[dict[str, str | None]]) -> list[Event]:
    outcome, made = edge.outcome[engine], []
    for index, (row, value) in enumerate(zip(rows, outcome.values, strict=True)):
        text = outcome.first[0] if outcome.first and not index else row["v"]
        values = {step.renamed("v"): (edge.type, _decoded(edge.type, value))}
        if step.time == "v":
            # A time of day is no time of a temperature.
            refused = word(edge.type) == "TIME" and value is not None
            made.append(Event(_time(edge.type, text), ("INT", field("INT", row["id"])), values, refused))
        else:
            # Nor are bytes a number. The id stands for milliseconds since 1970.
            refused = word(edge.type) == "BIT" and isinstance(value, str)
            time = _time("DATETIME", f"1970-01-01 00:00:00.{int(row['id'] or 0):03d}")
            made.append(Event(time, (edge.type, field(edge.type, text)), values, refused))
    return made


def _time(type_: str, text: str | None) -> str:
    """A time as the CSV program writes it: of a date, its midnight."""
    return field("DATETIME", f"{text} 00:00:00" if text and word(type_) == "DATE" else text)


def _decoded(type_: str, value: Any) -> Any:
    """The JSON value that hdfs-sink writes: bits become a number."""
    if word(type_) == "BIT" and isinstance(value, str):
        return int.from_bytes(base64.b64decode(value), "little")
    return value


# What is wrong in HDFS, a line for each value


def wrong_lines(expected: list[Event], lines: list[str]) -> list[str]:
    """Lines of the notes' CSV program that are not their event's."""
    wanted = [event for event in expected if not event.refused]
    return [
        f"{CSV_PROGRAM}: line {number}: {event.time},{event.number[1]} is {line}"
        for number, (event, line) in enumerate(zip(wanted, lines, strict=True), 1)
        if (found := line.split(","))[0] != event.time or not same_field(*event.number, ",".join(found[1:]))
    ]


def wrong_rows(mysql: list[dict[str, str | None]], files: dict[str, list[str]]) -> list[str]:
    """Fields in the files of hdfs-sink's CSV by day that are not MySQL's values, and rows of other days.

    Args:
        mysql: rows of TABLE, as `in_mysql` returns them.
        files: lines by the path of their file.
    """
    days: dict[str, list[str]] = {}
    for path in sorted(files):
        days.setdefault(path.partition("/")[0], []).extend(files[path])
    wrong = []
    for row in mysql:
        day = f"dt={(row['datahora'] or '__HIVE_DEFAULT_PARTITION__').partition(' ')[0]}"
        line = days[day].pop(0) if days.get(day) else None
        if line is None:
            wrong.append(f"hdfs-sink csv: row {row['id']} is not in {day}")
            continue
        texts = fields(line)
        if len(texts) != len(COLUMNS):
            wrong.append(f"hdfs-sink csv: row {row['id']} has {len(texts)} fields, not {len(COLUMNS)}: {line:.500}")
            continue
        for column, text in zip(COLUMNS, texts, strict=True):
            right = field(column.type, row[column.name])
            if not same_field(column.type, right, text):
                wrong.append(
                    f"hdfs-sink csv: row {row['id']} {column.name} {column.type}: {right!r:.200} is {text!r:.200}"
                )
    return wrong + [f"hdfs-sink csv: a row too many in {day}: {line}" for day in days for line in days[day]]


def wrong_objects(expected: list[Event], lines: list[str]) -> list[str]:
    """Values in hdfs-sink's jsonl that are not those of the events."""
    wrong = []
    for number, (event, line) in enumerate(zip(expected, lines, strict=True), 1):
        payload = json.loads(line, parse_float=Decimal)
        for name, (type_, right) in event.values.items():
            if name not in payload or not same_value(type_, right, payload[name]):
                wrong.append(
                    f"hdfs-sink jsonl: line {number} {name} {type_}: {right!r:.200} is {payload.get(name)!r:.200}"
                )
    return wrong
