"""The columns of a row of CSV: their kinds, and how values of each kind are written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from hdfs_sink.records import values
from hdfs_sink.records.values import DAY, MICRO, MILLI, NANO, SECOND, Meaning

UNITS = {
    "datetime": ("datetime", MILLI),
    "datetime_us": ("datetime", MICRO),
    "datetime_ns": ("datetime", NANO),
    "date": ("date", DAY),
    "time": ("time", MILLI),
    "time_us": ("time", MICRO),
    "time_ns": ("time", NANO),
}
"""Kinds of times, and the meaning of their whole numbers without a schema."""
KINDS = ("text", "int", "float", "decimal", "bool", *UNITS)
COLUMN = re.compile(r"(?P<name>[^:]+)(:(?P<kind>[a-z_]*)(\((?P<scale>\d{1,3})\))?)?")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TWO_DIGITS = [f"{number:02d}" for number in range(60)]
REFUSED = (KeyError, ValueError, TypeError, AttributeError, OverflowError, ArithmeticError, OSError)
"""Errors for a value that is not of its kind."""


@dataclass(frozen=True)
class Column:
    """One column of a row.

    Args:
        name: the field of the payload.
        kind: one of KINDS. A schema beside the payload defines the unit of a number: `datetime` is milliseconds
            since 1970, unless the schema says microseconds.
        scale: of kind `decimal`: digits after the point; the value is base64 without a schema.
    """

    name: str
    kind: str
    scale: int | None = None

    @classmethod
    def read(cls, text: str, default: str = "text") -> Column:
        """Read `name:kind` or `name:decimal(2)`; the kind may be missing.

        Raises:
            ValueError: the kind does not exist.
        """
        match = COLUMN.fullmatch(text)
        kind = (match and match["kind"]) or default
        if not match or kind not in KINDS or (match["scale"] and kind != "decimal"):
            raise ValueError(f"{text!r} is not NAME:KIND with a kind of {', '.join(KINDS)}")
        return cls(match["name"], kind, int(match["scale"]) if match["scale"] else None)


# What writes a value that is not NULL


@lru_cache(maxsize=1024)
def _notes_minute(minute: int) -> str:
    when = EPOCH + timedelta(minutes=minute)
    return f"{when:%d/%m/}{when.year:04d}{when: %H:%M}:"


def notes_time(milliseconds: int) -> str:
    """A time as the notes write it, in UTC: 21/02/2025 10:00:00, with .123 after it unless that is .000.

    Args:
        milliseconds: since 1970.
    Raises:
        OverflowError: the time is not in the years 1 to 9999.
    """
    part = milliseconds % 1000
    text = _notes_minute(milliseconds // 60_000) + TWO_DIGITS[milliseconds // 1000 % 60]
    return f"{text}.{part:03d}" if part else text


def _datetime(nanoseconds: int) -> str:
    seconds, part = divmod(nanoseconds, SECOND)
    return notes_time(seconds * 1000) + values.fraction(part)


def _date(nanoseconds: int) -> str:
    if nanoseconds % DAY:
        raise ValueError("not midnight")
    return _datetime(nanoseconds)[:10]


def _time(nanoseconds: int) -> str:
    seconds, part = divmod(abs(nanoseconds), SECOND)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{values.fraction(part)}"
    return f"-{clock}" if nanoseconds < 0 else clock


def _refuse(value: Any) -> str:
    raise ValueError("not of its kind")


def _int(value: Any) -> str:
    return str(int(value)) if type(value) is bool else values.whole(value)


def _float(value: Any) -> str:
    if value in ("NaN", "Infinity", "-Infinity"):  # as Connect writes these
        return value
    digits = values.digits_of(value)
    if float(digits) in (float("inf"), float("-inf")):
        raise ValueError("too large")
    return digits


def _bool(value: Any) -> str:
    return {False: "false", True: "true"}[value]


def _text(value: Any) -> str:
    if type(value) is int or isinstance(value, values.Number):
        return values.digits_of(value)
    text = value if isinstance(value, str) else values.dumps(value).decode()
    # A row is one line: Hive's reader does not know quoted line ends.
    text = text.replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n")
    return '"' + text.replace('"', '""') + '"' if not text or "," in text or '"' in text else text


WRITE = {
    "text": _text, "int": _int, "float": _float, "bool": _bool,
    "decimal": lambda value: values.plain(values.digits_of(value)),
}  # fmt: skip
_WRITE_TIME = {"datetime": _datetime, "date": _date, "time": _time}


def writer(column: Column, about: Meaning) -> Callable[[Any], str]:
    """Make the function that writes a column's values; NULL is an empty field, an empty text is `""`."""
    decode = about.decode or (None if column.scale is None else values.decimal_of(column.scale).decode)
    if column.kind in UNITS:
        wanted, unit = UNITS[column.kind]
        family, unit = (about.family, about.unit) if about.family else (wanted, unit)
        # A date and the midnight of its day are exchangeable; a time of day is neither.
        if (family == "time") != (wanted == "time"):
            return lambda value: "" if value is None else _refuse(value)
        show = _WRITE_TIME[wanted]
        return lambda value: "" if value is None else show(values.nanoseconds(value, family, unit))
    write = WRITE[column.kind]
    if decode:
        return lambda value: "" if value is None else write(decode(value))
    return lambda value: "" if value is None else write(value)
