"""Rows of hdfs-sink: the notes' lines, JSON lines, and what is no row."""

from __future__ import annotations

import json

import pytest

from hdfs_sink.records import columns as kinds
from hdfs_sink.records.columns import Column
from hdfs_sink.records.rows import Maker, Poison
from tests.hdfs_sink.topic_log import Record

NOTES = [Column("datahora", "datetime"), Column("valor", "float")]


def value(**fields: object) -> bytes:
    return json.dumps({"schema": None, "payload": fields}).encode()


def test_a_row_of_the_notes_is_their_line():
    line, time = Maker("csv", NOTES)(Record(7, value(id=1, datahora=1740132000000, valor=14.5), timestamp=5))
    assert (line, time) == (b"21/02/2025 10:00:00,14.5\n", 5)


@pytest.mark.parametrize(
    "milliseconds",
    [-62_135_596_800_000, -55_000_000_000_001, -1, 0, 999, 86_399_999, 951_782_400_000, 4_102_444_799_999],
)
def test_times_are_those_of_the_calendar(milliseconds):
    from datetime import UTC, datetime, timedelta

    right = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    part = f".{milliseconds % 1000:03d}" if milliseconds % 1000 else ""
    assert kinds.notes_time(milliseconds) == f"{right:%d/%m/}{right.year:04d}{right: %H:%M:%S}{part}"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (None, "tombstone"),
        (b"", "not JSON"),
        (b"hola", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"schema":null}', "no payload"),
        (b'{"payload":null}', "no payload"),
        (b'["payload"]', "no payload"),
        (value(valor=1.5), "no field datahora"),
        (value(datahora=0, valor="fred"), "field valor is no float"),
        (value(datahora=0, valor=True), "field valor is no float"),
        (b'{"payload":{"datahora":0,"valor":NaN}}', "not JSON"),
        (b'{"payload":{"datahora":0,"valor":1e999}}', "field valor is no float"),
        (value(datahora=10**18, valor=1), "field datahora is no datetime"),
        (value(datahora=1.5, valor=1), "field datahora is no datetime"),
        (value(datahora="yesterday", valor=1), "field datahora is no datetime"),
        (value(datahora="2025-02-30", valor=1), "field datahora is no datetime"),
        (value(datahora="2025-02-21T25:00:00Z", valor=1), "field datahora is no datetime"),
    ],
)
def test_what_is_no_row_is_poison_with_its_reason(raw, reason):
    with pytest.raises(Poison, match=reason):
        Maker("csv", NOTES)(Record(0, raw))


def test_a_text_stays_one_line_and_one_column():
    make = Maker("csv", [Column("a", "text"), Column("b", "text")])
    line, _ = make(Record(0, value(a='one, "two"\nthree', b="número")))
    assert line.decode() == '"one, ""two""\\nthree",número\n'


def test_json_lines_keep_every_field_and_say_where_they_come_from():
    make = Maker("jsonl", [Column("id", "int")], offset_columns=True)
    line, _ = make(Record(9, value(id=1, nom="Adéu", buit=None), partition=3))
    assert json.loads(line) == {"id": 1, "nom": "Adéu", "buit": None, "_partition": 3, "_offset": 9}
    assert line.count(b"\n") == 1


def test_offset_and_partition_are_the_last_columns():
    line, _ = Maker("csv", [Column("id", "int")], offset_columns=True)(Record(9, value(id=1), partition=3))
    assert line == b"1,3,9\n"


def test_a_bare_value_is_the_row_itself():
    line, _ = Maker("csv", [Column("id", "int")], bare=True)(Record(0, b'{"id":5}'))
    assert line == b"5\n"
    with pytest.raises(Poison, match="not a JSON object"):
        Maker("csv", [Column("id", "int")], bare=True)(Record(0, b"5"))


def test_the_own_time_of_a_record_can_be_one_of_its_fields():
    make = Maker("csv", [Column("id", "int")], time=Column("when", "datetime"))
    assert make(Record(0, value(id=1, when=86_400_000)))[1] == 86_400_000
    assert make(Record(0, value(id=1, when="1970-01-02T01:00:00+01:00")))[1] == 86_400_000
    assert make(Record(0, value(id=1, when=None)))[1] is None
    for wrong in ({}, {"when": "soon"}, {"when": True}):
        with pytest.raises(Poison, match="no time in field when"):
            make(Record(0, value(id=1, **wrong)))


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_null_in_a_time_field_of_a_time_of_day_is_poison_for_every_record(format_):
    make = Maker(format_, [Column("id", "int")], time=Column("when", "datetime"))
    schema = '{"type":"struct","fields":[{"type":"int32","name":"org.apache.kafka.connect.data.Time","field":"when"}]}'
    record = Record(0, f'{{"schema":{schema},"payload":{{"id":1,"when":null}}}}'.encode())
    for _ in range(3):
        with pytest.raises(Poison, match="no time in field when"):
            make(record)


@pytest.mark.parametrize("raw", [b'{"payload":{"x":NaN}}', b'{"payload":{"x":"\\ud800"}}'])
def test_what_json_cannot_write_is_poison(raw):
    with pytest.raises(Poison):
        Maker("jsonl", [])(Record(0, raw))


@pytest.mark.parametrize("text", ["valor:number", "valor:DECIMAL", "valor:int(2)", ":int", "a:b:int"])
def test_an_unknown_kind_is_refused_by_its_text(text):
    with pytest.raises(ValueError, match="is not NAME:KIND"):
        Column.read(text)


def test_json_in_another_encoding_is_read():
    make = Maker("csv", [Column("a", "text")])
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"):
        assert make(Record(0, '{"payload":{"a":"Adéu"}}'.encode(encoding)))[0].decode() == "Adéu\n"


def test_a_text_that_is_escaped_can_be_told_from_one_that_looks_so():
    make = Maker("csv", [Column("a", "text")])
    lines = {make(Record(0, value(a=text)))[0] for text in ("a\nb", "a\\nb", "a\rb", "a\\\nb", "", None, '""')}
    assert len(lines) == 7 and all(line.count(b"\n") == 1 for line in lines)


def test_a_line_of_json_is_the_payload_as_it_stands_on_one_line():
    make = Maker("jsonl", [], offset_columns=True)
    make(Record(3, b'{"schema":null,"payload":{}}'))
    for _ in range(2):
        line, _ = make(Record(4, b'{"schema":null,"payload":{ "a" : 1.50,\r\n "b": "\\n" }}'))
        assert line == b'{ "a" : 1.50,   "b": "\\n" ,"_partition":0,"_offset":4}\n'
    for _ in range(2):
        assert make(Record(4, b'{"schema":null,"payload":{}}'))[0] == b'{"_partition":0,"_offset":4}\n'
    assert json.loads(make(Record(4, b'{"schema":null,"payload":{"_offset":1}}'))[0])["_offset"] == 4


def test_a_schema_that_changes_is_followed():
    make = Maker("csv", [Column("x", "decimal")])
    described = (
        '{"schema":{"type":"struct","fields":[{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal",'
        '"parameters":{"scale":"%d"},"field":"x"}]},"payload":{"x":"BrE="}}'
    )
    for scale in [0, 1, 2, 1, 0] * 5:
        whole = "1713"
        right = f"{whole[: 4 - scale]}.{whole[4 - scale :]}" if scale else whole
        assert make(Record(0, (described % scale).encode()))[0].decode() == right + "\n"


@pytest.mark.parametrize(
    "payload",
    [
        '{"x":1.5},"schema":null',
        '{"x":1.5},"payload":{"x":2.50}',
        '{"a":{"x":1.5},"x":2.50}',
        '{"x":2.50}',
        "null",
        "5",
    ],
)
def test_what_is_known_of_the_records_before_spoils_no_later_one(payload):
    make = Maker("csv", [Column("x", "float")])
    make(Record(0, b'{"schema":null,"payload":{"x":0.5}}'))
    record = Record(0, b'{"schema":null,"payload":' + payload.encode() + b"}")
    assert said(make, record) == said(Maker("csv", [Column("x", "float")]).careful, record)


@pytest.mark.parametrize("value", ["null", "[]", '"a"', '{"fields":[1,{"field":2},{"name":[]}]}', '{"type":"struct"}'])
def test_a_schema_that_is_none_says_nothing(value):
    make = Maker("csv", [Column("x", "int")])
    assert make(Record(0, b'{"schema":' + value.encode() + b',"payload":{"x":1}}'))[0] == b"1\n"


@pytest.mark.parametrize("kind", kinds.KINDS)
@pytest.mark.parametrize(
    "number",
    [
        "0", "-0", "-0.0", "14", "14.50", "1e3", "1E400", "-1e-400", "9007199254740993", "9223372036854775808",
        "18446744073709551616", "123456789012345678901234567890", "0.1", "5e-324", "1.7976931348623157e308", "NaN",
        "Infinity", "null", "true", '"a,b"', '"\\ud83d\\ude00"', '"\\ud800"', '"\\u0000"', '"é\\nç"', "[1, 2.50]",
        '{"a": 1e2}', "01", "1.", "+1", "1740132000000", "-62135596800001", "253402300800000", '"2025-02-21T10:00:00Z"',
        '"10.50"', "0.1000000000000000055511151231257827", "1E1000000000",
    ],
)  # fmt: skip
def test_the_fast_way_makes_the_very_rows_of_the_careful_one(kind, number):
    fast = Maker("csv", [Column("x", kind)], offset_columns=True, time=Column("when", "datetime"))
    careful = Maker("csv", [Column("x", kind)], offset_columns=True, time=Column("when", "datetime")).careful
    for raw in (
        f'{{"payload": {{"when": 5, "x": {number}}}}}',
        f'{{"payload": {{"x": 1, "when": 5, "x": {number}}}}}',
        f'{{"payload": {{"when": {number}, "y": 1, "x": {number}}}}}',
        f'  {{"schema": {{}}, "payload": {{"when": {number}, "x": {number}}}}}\r\n',
        f'[{{"payload": {{"when": 5, "x": {number}}}}}]',
    ):
        record = Record(3, raw.encode("utf-8", "surrogatepass"), partition=2, timestamp=7)
        for _ in range(2):
            assert said(fast, record) == said(careful, record), raw


def said(make, record: Record) -> tuple[bytes, int | None] | str:
    """What a maker makes of a record: the row, or why it is none."""
    try:
        return make(record)
    except Poison as why:
        return str(why)
