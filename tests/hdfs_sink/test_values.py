"""Limits of values: numbers and times."""

from __future__ import annotations

import pytest

from hdfs_sink.records.columns import Column, writer
from hdfs_sink.records.values import DAY, MILLI, SECOND, Meaning, Number, dumps, nanoseconds, parse


@pytest.mark.parametrize("text", ["999999999999999999", "-99999999999999999"])
def test_a_short_whole_number_is_an_int(text):
    assert parse(text.encode()) == int(text)


@pytest.mark.parametrize("text", ["1000000000000000000", "-999999999999999999", "1.0", "1e5"])
def test_any_other_number_keeps_its_digits(text):
    assert parse(text.encode()) == Number(text)
    assert dumps(parse(text.encode())).decode() == text


def test_json_that_is_nested_too_deeply_is_no_json():
    with pytest.raises(ValueError, match=r"^nested too deeply$"):
        parse(b"[" * 100_000)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_constants_of_javascript_are_no_json(constant):
    with pytest.raises(ValueError, match=f"^{constant} is not JSON$"):
        parse(constant.encode())


@pytest.mark.parametrize(
    ("value", "family", "expected"),
    [
        (5, "datetime", 5 * MILLI),
        ("5", "datetime", 5 * MILLI),
        ("1970-01-02", "date", DAY),
        ("1970-01-01T23:59:59.5", "datetime", DAY - SECOND // 2),
        ("1970-01-01 01:00:00+01:00", "datetime", 0),
        ("1970-01-01T00:00:00-0030", "datetime", 1800 * SECOND),
        ("00:00:01,000000001", "time", SECOND + 1),
        ("-00:00:01", "time", -SECOND),
        ("838:59:59", "time", (838 * 3600 + 3599) * SECOND),
        ("00:30:00+01:00", "time", DAY - 1800 * SECOND),
        ("9" * 30, "datetime", int("9" * 30) * MILLI),
    ],
)
def test_times_are_read_to_the_nanosecond(value, family, expected):
    assert nanoseconds(value, family, MILLI) == expected


NO_TIMES = ["1970-01-01T24:00:00", "1970-13-01", "1970-02-30", "9" * 31, "yesterday", "", None, True]


@pytest.mark.parametrize("value", NO_TIMES)
def test_texts_that_are_no_time(value):
    with pytest.raises((TypeError, ValueError)):
        nanoseconds(value, "datetime", MILLI)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_a_float_may_be_no_number_as_connect_writes_it(value):
    assert writer(Column.read("x:float"), Meaning())(value) == value


@pytest.mark.parametrize("value", ["infinity", "nan", "-infinity", "", "1e400"])
def test_other_spellings_are_no_float(value):
    with pytest.raises((TypeError, ValueError)):
        writer(Column.read("x:float"), Meaning())(value)
