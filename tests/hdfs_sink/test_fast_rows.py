"""Rows of hdfs-sink that are made the fast way: which ones are, and that they are the careful ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hdfs_sink.records.columns import Column
from hdfs_sink.records.rows import Maker
from tests.hdfs_sink.topic_log import Record

TIMESTAMP = {"type": "int64", "name": "org.apache.kafka.connect.data.Timestamp", "field": "t"}
MICROS = {"type": "int64", "name": "io.debezium.time.MicroTimestamp", "field": "t"}


def event(payload: str, *fields: dict[str, str]) -> bytes:
    """A record's value, with the payload as it is."""
    schema = {"type": "struct", "fields": list(fields)} if fields else None
    return f'{{"schema":{json.dumps(schema)},"payload":{payload}}}'.encode()


def refuse(_record: Any) -> Any:
    """Stands for the careful way."""
    raise AssertionError("made the careful way")


def both_ways(make: Maker, value: bytes) -> Any:
    """The row of a value, which is the same both ways; the fast way must do."""
    record = Record(4, value, timestamp=7)
    careful = make.careful(record)
    make.careful = refuse  # type: ignore[method-assign]
    try:
        assert make(record) == careful
    finally:
        del make.careful
    return careful


@pytest.mark.parametrize(
    ("column", "payload", "text"),
    [
        ("x:int", '{"x":12}', "12"),
        ("x:int", '{"x":null}', ""),
        ("x:float", '{"x":14.5}', "14.5"),
        ("x:float", '{"x":0.1000000000000000055511151231257827}', "0.1000000000000000055511151231257827"),
        ("x:float", '{"a":1.5,"x":2.5 }', "2.5"),
        ("x:float", '{"x": 2.5\n}', "2.5"),
        ("x:float", '{"x":3}', "3"),
        ("x:decimal", '{"x":1.50,"y":2}', "1.50"),
        ("x:decimal", '{"x":15e-1}', "1.5"),
        ("x:text", '{"x":2.50}', "2.50"),
        ("x:text", '{"x":"a,b"}', '"a,b"'),
        ("x:text", '{"x":7}', "7"),
        ("x:bool", '{"x":true}', "true"),
        ("x:datetime", '{"x":1740132000000}', "21/02/2025 10:00:00"),
        ("x:datetime", '{"x":"2025-02-21T10:00:00Z"}', "21/02/2025 10:00:00"),
    ],
)
@pytest.mark.parametrize("bare", [False, True])
def test_a_value_that_can_lose_nothing_is_written_the_fast_way(column, payload, text, bare):
    make = Maker("csv", [Column.read(column)], bare=bare)
    line, time = both_ways(make, payload.encode() if bare else event(payload))
    assert (line.decode(), time) == (f"{text}\n", 7)


def test_several_columns_are_written_in_their_order():
    make = Maker("csv", [Column.read(text) for text in ("b:float", "a:int", "c:text")], offset_columns=True)
    assert both_ways(make, event('{"a":1,"b":2.25,"c":"x"}'))[0] == b"2.25,1,x,0,4\n"


def test_a_field_of_a_nested_object_is_not_taken_for_the_column():
    make = Maker("csv", [Column.read("x:float")])
    for payload in ('{"o":{"x":9.5},"x":1.5}', '{"x":1.5,"o":{"x":9.5}}'):
        for _ in range(2):
            assert make(Record(0, event(payload)))[0] == b"1.5\n"


def test_a_time_of_another_unit_is_not_written_as_milliseconds():
    make = Maker("csv", [Column.read("t:datetime")])
    for _ in range(2):
        assert make(Record(0, event('{"t":1740132000000000}', MICROS)))[0] == b"21/02/2025 10:00:00\n"
    assert both_ways(make, event('{"t":1740132000000}', TIMESTAMP))[0] == b"21/02/2025 10:00:00\n"


@pytest.mark.parametrize(("field", "number"), [(TIMESTAMP, 1_740_132_000_000), (MICROS, 1_740_132_000_000_000)])
def test_the_time_of_a_record_is_in_the_unit_of_its_schema(field, number):
    make = Maker("csv", [Column.read("x:int")], time=Column.read("t:datetime"))
    assert both_ways(make, event(f'{{"x":1,"t":{number}}}', field)) == (b"1\n", 1_740_132_000_000)


@pytest.mark.parametrize("space", ["", " ", "\n", "\r\n"])
def test_a_json_line_is_the_payload_as_it_is(space):
    make = Maker("jsonl", [Column.read("x:float")])
    row = Record(4, event(f'{{"x":1.50,{space}"y":[1,2]}}{space}'), timestamp=7)
    make(row)
    make.careful = refuse
    line, time = make(row)
    assert (json.loads(line), time) == ({"x": 1.5, "y": [1, 2]}, 7)
    assert line.count(b"\n") == 1 and line.endswith(b"}\n") and b"1.50" in line


def test_a_json_line_of_the_fast_way_says_where_it_comes_from():
    make = Maker("jsonl", [], offset_columns=True)
    for payload, fields in (("{}", {}), ('{"x":1}', {"x": 1})):
        line, _ = both_ways(make, event(payload))
        assert json.loads(line) == {**fields, "_partition": 0, "_offset": 4}


def test_a_field_with_the_name_of_the_offset_is_replaced():
    make = Maker("jsonl", [], offset_columns=True)
    for _ in range(2):
        line, _ = make(Record(4, event('{"_offset":99,"x":1}')))
        assert json.loads(line) == {"_offset": 4, "x": 1, "_partition": 0}
        assert line.count(b"_offset") == 1
