"""Turns a record's value into a row: a line of CSV as in the notes, or a line of JSON. No digit is lost."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Any

import orjson

from hdfs_sink.records import values
from hdfs_sink.records.columns import REFUSED, UNITS, WRITE, Column, notes_time, writer
from hdfs_sink.records.values import MILLI, Meaning

Row = tuple[bytes, "int | None"]
"""A line with its end, and the record's time in ms since 1970; None: its time field is NULL."""
BRACE = ord("}")


class Poison(Exception):  # noqa: N818 - the usual name of such a record
    """A record that cannot become a row; the text gives the reason."""


SAFE = {int, str, bool, type(None)}
"""Types that orjson reads without loss; of a float it keeps 17 digits."""


class FieldPlan:
    """How records of one schema become rows.

    Args:
        schema: beside their payload; None: there is none.
        columns: of a row.
        time: field with the record's time; None: Kafka's time.
    """

    def __init__(self, schema: Any, columns: list[Column], time: Column | None) -> None:
        fields = values.fields_of(schema)
        meanings = [fields.get(column.name, Meaning()) for column in columns]
        self.decode = values.meaning(schema).decode
        self.writers = [(column, writer(column, meaning)) for column, meaning in zip(columns, meanings, strict=True)]
        self.fast = [
            (column.name, quick(column, meaning, write), exact(column))
            for (column, write), meaning in zip(self.writers, meanings, strict=True)
        ]
        of_time = fields.get(time.name, Meaning()) if time else Meaning()
        self.unit = of_time.unit or (UNITS[time.kind][1] if time else MILLI)
        self.clock = of_time.family == "time"

    def time(self, value: Any) -> int | None:
        """A record's time in ms since 1970; None: it is NULL.

        Raises:
            one of REFUSED: the value is not a time.
        """
        if self.clock:
            raise ValueError("a time of day")
        return None if value is None else values.nanoseconds(value, "datetime", self.unit) // MILLI


def quick(column: Column, about: Meaning, write: Callable[[Any], str]) -> dict[type, Callable[[Any], str]]:
    """The fastest writers of a column's values, by type of orjson's result, without types that lose digits."""
    writers = dict.fromkeys(SAFE, write)
    if column.kind == "datetime" and (about.unit or MILLI) == MILLI and about.family in ("", "datetime"):
        writers[int] = notes_time
    elif column.kind in WRITE and column.kind != "bool" and not about.decode:
        writers[int] = str
    return writers


def exact(column: Column) -> Callable[[bytes, float], str] | None:
    """Make a function that finds a float's text in the payload, because orjson's float may have lost digits.

    Args:
        column: the field; only float, decimal and text columns write floats.
    Returns:
        a function of a payload and its float; it raises ValueError unless the field's name is there exactly once.
        None for columns of other kinds.
    """
    if column.kind not in ("float", "decimal", "text"):
        return None
    key, plain = f'"{column.name}":'.encode(), values.plain if column.kind == "decimal" else None

    def digits(payload: bytes, value: float) -> str:
        parts = payload.split(key)
        # More than two parts: a nested object also has a field of this name.
        if len(parts) != 2:
            raise ValueError("not found")
        text = parts[1].split(b",", 1)[0].strip(b"} \r\n\t").decode()
        if float(text) != value:
            raise ValueError("not found")
        return plain(text) if plain else text

    return digits


class Maker:
    """Turns records into rows: a call with a record returns a Row or raises Poison.

    Args:
        format_: csv or jsonl.
        columns: for csv: the columns of a line; for jsonl: required fields, all fields of the payload are written.
        bare: whether the value itself holds the fields (schemas.enable=false), not its `payload`.
        offset_columns: whether partition and offset are written too (last columns; `_partition` and `_offset`).
        time: field with the record's time; None: Kafka's time of the record.
    """

    def __init__(
        self,
        format_: str,
        columns: list[Column],
        *,
        bare: bool = False,
        offset_columns: bool = False,
        time: Column | None = None,
    ) -> None:
        self.csv, self.columns, self.bare, self.time = format_ == "csv", columns, bare, time
        self.offset_columns = offset_columns
        self._bare_plan = FieldPlan(None, columns, time)
        self._known: list[tuple[bytes, FieldPlan]] = [(b"", self._bare_plan)] if bare else []
        """Bytes before the payload (the schema with its brackets), each with its plan; the newest is first."""

    def __call__(self, record: Any) -> Row:
        """Make a row: the fast way if it cannot lose anything, otherwise the careful one."""
        try:
            value = record.value
            for prefix, plan in self._known:
                if value.startswith(prefix):
                    # The prefix is complete JSON except for one value and a brace, so the rest is that value.
                    row = self._fast(record, value[len(prefix) : -1] if prefix else value, plan)
                    if row is not None and (not prefix or value[-1] == BRACE):
                        return row
                    break
        except REFUSED:
            pass
        return self.careful(record)

    def _fast(self, record: Any, payload: bytes, plan: FieldPlan) -> Row | None:
        """See __call__; None, or one of REFUSED: use the careful way."""
        fields = orjson.loads(payload)
        time = record.timestamp
        if self.time:
            time = fields[self.time.name]
            if type(time) is int and not plan.clock:
                time = time if plan.unit == MILLI else time * plan.unit // MILLI
            elif plan.clock or time is not None:
                return None
        if not self.csv:
            return self._fast_json(record, payload, fields, plan, time)
        texts = []
        for name, writers, digits in plan.fast:
            value = fields[name]
            kind = type(value)
            if kind in writers:
                texts.append(writers[kind](value))
            elif kind is float and digits:
                texts.append(digits(payload, value))
            else:
                return None
        if self.offset_columns:
            texts += (str(record.partition), str(record.offset))
        return (",".join(texts) + "\n").encode(), time

    def _fast_json(self, record: Any, payload: bytes, fields: Any, plan: FieldPlan, time: int | None) -> Row | None:
        """The payload as it is; a line end in it can only be white space, since texts of JSON have none."""
        if plan.decode or type(fields) is not dict or any(column.name not in fields for column in self.columns):
            return None
        line = payload.strip().replace(b"\n", b" ").replace(b"\r", b" ")
        if self.offset_columns:
            if "_partition" in fields or "_offset" in fields:
                return None
            comma = b"," if fields else b""
            line = b'%s%s"_partition":%d,"_offset":%d}' % (line[:-1], comma, record.partition, record.offset)
        return line + b"\n", time

    def careful(self, record: Any) -> Row:
        """Make a row of any record.

        Raises:
            Poison: it cannot become a row.
        """
        fields, plan = self._read(record.value)
        time = record.timestamp
        if self.time:
            try:
                time = plan.time(fields[self.time.name])
            except REFUSED:
                raise Poison(f"no time in field {self.time.name}") from None
        for column in self.columns:
            if column.name not in fields:
                raise Poison(f"no field {column.name}")
        try:
            line = self._csv(record, fields, plan) if self.csv else self._json(record, fields, plan)
        except UnicodeEncodeError:
            raise Poison("holds half of a character") from None
        return line + b"\n", time

    def _csv(self, record: Any, fields: dict[str, Any], plan: FieldPlan) -> bytes:
        texts = []
        for column, write in plan.writers:
            try:
                texts.append(write(fields[column.name]))
            except REFUSED:
                raise Poison(f"field {column.name} is no {column.kind}") from None
        if self.offset_columns:
            texts += [str(record.partition), str(record.offset)]
        return ",".join(texts).encode()

    def _json(self, record: Any, fields: dict[str, Any], plan: FieldPlan) -> bytes:
        try:
            fields = plan.decode(fields) if plan.decode else fields
        except REFUSED as error:
            raise Poison(f"a field is not what its schema says: {error}") from None
        if self.offset_columns:
            fields = {**fields, "_partition": record.partition, "_offset": record.offset}
        try:
            return values.dumps(fields)
        except TypeError:
            raise Poison("holds half of a character, or is nested too deeply") from None

    def _read(self, value: bytes | None) -> tuple[dict[str, Any], FieldPlan]:
        """Read a record's fields, and find their plan."""
        if value is None:
            raise Poison("tombstone: the value is null")
        plan = self._bare_plan
        for prefix, known in self._known:
            if prefix and value.startswith(prefix) and value.endswith(b"}"):
                with contextlib.suppress(ValueError):
                    fields = values.parse(value[len(prefix) : -1])
                    if isinstance(fields, dict):
                        return fields, known
        try:
            event = values.parse(value)
        except ValueError:
            raise Poison("not JSON") from None
        if not self.bare:
            if not isinstance(event, dict) or "payload" not in event:
                raise Poison("no payload")
            plan = self._plan(value, event)
            event = event["payload"]
        if not isinstance(event, dict):
            raise Poison("not a JSON object" if self.bare else "no payload")
        return event, plan

    def _plan(self, value: bytes, event: dict[str, Any]) -> FieldPlan:
        """The plan for a record, remembered with the bytes before its payload."""
        plan = FieldPlan(event.get("schema"), self.columns, self.time)
        match = re.search(rb'"payload"\s*:', value)
        if match:
            try:
                probe = values.parse(value[: match.end()] + b"null}")
            except ValueError:
                return plan
            if probe == {**event, "payload": None}:
                self._known = [(value[: match.end()], plan), *self._known[:7]]
        return plan
