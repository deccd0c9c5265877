"""Values of a record: JSON that keeps every digit, and the meaning of a field by its schema (Connect, Debezium).

Connect's logical types: https://kafka.apache.org/38/javadoc/org/apache/kafka/connect/data/package-summary.html
Debezium's: https://debezium.io/documentation/reference/3.0/connectors/mysql.html#mysql-data-types
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import orjson

MILLI, MICRO, NANO = 10**6, 10**3, 1
"""Nanoseconds of one unit."""
SECOND, DAY = 10**9, 86_400 * 10**9
CONNECT, DEBEZIUM = "org.apache.kafka.connect.data.", "io.debezium."
TIMES = {
    f"{CONNECT}Timestamp": ("datetime", MILLI),
    f"{CONNECT}Date": ("date", DAY),
    f"{CONNECT}Time": ("time", MILLI),
    f"{DEBEZIUM}time.Timestamp": ("datetime", MILLI),
    f"{DEBEZIUM}time.MicroTimestamp": ("datetime", MICRO),
    f"{DEBEZIUM}time.NanoTimestamp": ("datetime", NANO),
    f"{DEBEZIUM}time.Date": ("date", DAY),
    f"{DEBEZIUM}time.Time": ("time", MILLI),
    f"{DEBEZIUM}time.MicroTime": ("time", MICRO),
    f"{DEBEZIUM}time.NanoTime": ("time", NANO),
}
"""Schema names of whole numbers that are times: their family, and nanoseconds of one unit."""
LONGEST = 1000
"""Most digits before or after the point of a number that is written without an exponent."""
NUMBER = re.compile(r"\s*([+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?)\s*", re.ASCII)
ZONE = r"(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?"
CLOCK = r"(?P<hour>\d+):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)(?:[.,](?P<part>\d{1,9}))?)?"
INSTANT = re.compile(rf"(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)(?:[T ]{CLOCK})? ?{ZONE}", re.ASCII)
TIME = re.compile(rf"(?P<sign>-?){CLOCK}{ZONE}", re.ASCII)
EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Number:
    """A number with all digits of its JSON text."""

    text: str


def _integer(text: str) -> int | Number:
    """An int if orjson can write it."""
    return int(text) if len(text) < 19 else Number(text)


def _constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


_decoder = json.JSONDecoder(parse_float=Number, parse_int=_integer, parse_constant=_constant)


def parse(value: bytes) -> Any:
    """Read JSON in any of its encodings; all numbers but short whole ones become Number.

    Raises:
        ValueError: it is not JSON.
    """
    try:
        return _decoder.decode(value.decode(json.detect_encoding(value)))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _fragment(value: Any) -> orjson.Fragment:
    if isinstance(value, Number):
        return orjson.Fragment(value.text)
    raise TypeError


def dumps(value: Any) -> bytes:
    """Write the result of `parse` as JSON, on one line.

    Raises:
        TypeError: it holds half of a character (a lone surrogate), or is nested more than 250 deep.
    """
    return orjson.dumps(value, default=_fragment, option=orjson.OPT_PASSTHROUGH_DATACLASS)


# Schemas

Decode = Callable[[Any], Any]


@dataclass(frozen=True)
class Meaning:
    """The meaning of a field's value, by its schema.

    Args:
        family: datetime, date or time for a whole number that is a time; otherwise empty.
        unit: its nanoseconds.
        decode: turns the JSON value into the value that it represents; None: they are equal.
    """

    family: str = ""
    unit: int = 0
    decode: Decode | None = None


def meaning(schema: Any) -> Meaning:
    """Read a schema as Connect's JsonConverter writes it; anything else has no meaning."""
    if not isinstance(schema, dict):
        return Meaning()
    name = schema.get("name")
    if isinstance(name, str) and name in TIMES:
        return Meaning(*TIMES[name])
    if name == f"{CONNECT}Decimal":
        parameters = schema.get("parameters")
        scale = parameters.get("scale") if isinstance(parameters, dict) else None
        return Meaning(decode=lambda value: _decimal(value, scale))
    if name == f"{DEBEZIUM}data.VariableScaleDecimal":
        return Meaning(decode=lambda value: _decimal(value["value"], value["scale"]))
    if name == f"{DEBEZIUM}data.Bits":
        return Meaning(decode=lambda value: int.from_bytes(_bytes(value), "little"))
    return Meaning(decode=_nested(schema))


def _nested(schema: dict[str, Any]) -> Decode | None:
    """A decoder for the content of a struct, an array or a map; None if there is nothing to decode."""
    if schema.get("type") == "struct":
        decoders = {name: _or_null(about.decode) for name, about in fields_of(schema).items() if about.decode}
        if decoders:
            return lambda value: {
                name: decoders[name](below) if name in decoders else below for name, below in value.items()
            }
    items = meaning(schema.get("items")).decode if schema.get("type") == "array" else None
    if items:
        item = _or_null(items)
        return lambda value: [item(below) for below in value]
    values = meaning(schema.get("values")).decode if schema.get("type") == "map" else None
    if values:
        entry = _or_null(values)
        # JsonConverter writes an object if all keys are texts, otherwise pairs.
        return lambda value: (
            {key: entry(below) for key, below in value.items()}
            if isinstance(value, dict)
            else [[key, entry(below)] for key, below in value]
        )
    return None


def _or_null(decode: Decode) -> Decode:
    """A decoder that keeps NULL."""
    return lambda value: None if value is None else decode(value)


def fields_of(schema: Any) -> dict[str, Meaning]:
    """The fields of a struct's schema with their meanings; empty for any other schema."""
    fields = schema.get("fields") if isinstance(schema, dict) else None
    if not isinstance(fields, list):
        return {}
    return {about["field"]: meaning(about) for about in fields if isinstance(about, dict) and "field" in about}


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError("no base64")
    return base64.b64decode(value, validate=True)


def _decimal(value: Any, scale: Any) -> Any:
    """Connect's Decimal: bytes of a whole number, and the number of digits after the point.

    With `decimal.format=NUMERIC` it is a number already.
    """
    if not isinstance(value, str):
        return value
    digits, scale = str(int.from_bytes(_bytes(value), "big", signed=True)), int(scale)
    if abs(scale) > LONGEST:
        raise ValueError(f"scale {scale}")
    sign, digits = ("-", digits[1:]) if digits[0] == "-" else ("", digits)
    if scale <= 0:
        return Number(sign + (digits if digits == "0" else digits + "0" * -scale))
    digits = digits.rjust(scale + 1, "0")
    return Number(f"{sign}{digits[:-scale]}.{digits[-scale:]}")


def decimal_of(scale: int) -> Meaning:
    """The meaning of a Decimal without a schema."""
    return Meaning(decode=lambda value: _decimal(value, scale))


# Numbers and times


def digits_of(value: Any) -> str:
    """A number's text, as the record has it.

    Raises:
        TypeError, ValueError: the value is neither a number nor a text of one.
    """
    if type(value) is int:
        return str(value)
    if isinstance(value, Number):
        return value.text
    match = NUMBER.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise TypeError("no number")
    return match[1]


def plain(text: str) -> str:
    """A number without an exponent.

    Raises:
        ValueError: it would have more than LONGEST digits.
    """
    if not re.search("[eE]", text):
        return text.removeprefix("+")
    number = Decimal(text)
    if number and max(abs(number.adjusted()), -int(number.as_tuple().exponent)) > LONGEST:
        raise ValueError("too long")
    return format(number, "f")


def whole(value: Any) -> str:
    """The digits of a whole number in any notation.

    Raises:
        TypeError, ValueError: the value is not a whole number.
    """
    number, _, part = plain(digits_of(value)).partition(".")
    if part.strip("0"):
        raise ValueError("not a whole number")
    sign, number = ("-", number[1:]) if number[:1] == "-" else ("", number)
    number = number.lstrip("0") or "0"
    return number if number == "0" else sign + number


def nanoseconds(value: Any, family: str, unit: int) -> int:
    """A time: since 1970 in UTC for a datetime or a date, since midnight for a time.

    Args:
        value: a whole number of units, or an ISO text; one without a zone is UTC.
        family: datetime, date or time.
        unit: nanoseconds.
    Raises:
        TypeError, ValueError: the value is not a time.
    """
    if type(value) is int:
        return value * unit
    match = (TIME if family == "time" else INSTANT).fullmatch(value) if isinstance(value, str) else None
    if not match:
        digits = whole(value)
        if len(digits) > 30:
            raise ValueError("no time")
        return int(digits) * unit
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    clock = ((hour * 60 + minute) * 60 + second) * SECOND + int((match["part"] or "").ljust(9, "0"))
    zone = _zone(match["zone"] or "Z")
    if family == "time":
        return (clock - zone) % DAY if zone else -clock if match["sign"] else clock
    if hour > 23:
        raise ValueError("no hour of a day")
    days = date(int(match["year"]), int(match["month"]), int(match["day"])).toordinal() - EPOCH
    return days * DAY + clock - zone


def _zone(text: str) -> int:
    """An offset such as +01:00 in nanoseconds."""
    digits = text[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return (-seconds if text[0] == "-" else seconds) * SECOND


def fraction(part: int) -> str:
    """The fraction of a second in three, six or nine digits; empty if it is 0.

    Args:
        part: nanoseconds, 0 to 999,999,999.
    """
    if not part:
        return ""
    digits = f"{part:09d}"
    return "." + (digits[:3] if digits[3:] == "000000" else digits[:6] if digits[6:] == "000" else digits)
