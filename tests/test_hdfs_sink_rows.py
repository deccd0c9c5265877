"""Rows of hdfs-sink: the notes' lines, JSON lines, and what is no row."""

from __future__ import annotations

import json

import pytest
from hdfs_sink import rows
from hdfs_sink.rows import Column, Poison, row_maker
from hdfs_sink_kit import Record

NOTES = [Column("datahora", "datetime"), Column("valor", "float")]


def value(**fields: object) -> bytes:
    return json.dumps({"schema": None, "payload": fields}).encode()


def test_a_row_of_the_notes_is_their_line():
    line, time = row_maker("csv", NOTES)(Record(7, value(id=1, datahora=1740132000000, valor=14.5), timestamp=5))
    assert (line, time) == (b"21/02/2025 10:00:00,14.5\n", 5)


@pytest.mark.parametrize("milliseconds", [-1, 0, 999, 86_399_999, 951_782_400_000, 1740132000000, 4_102_444_799_999])
def test_times_are_those_of_the_calendar(milliseconds):
    from datetime import UTC, datetime, timedelta

    right = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    assert rows.notes_time(milliseconds) == f"{right:%d/%m/%Y %H:%M:%S}"


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
        (value(datahora=0, valor=None), "no field valor"),
        (value(datahora=0, valor="fred"), "field valor is no float"),
        (value(datahora=0, valor=True), "field valor is no float"),
        (b'{"payload":{"datahora":0,"valor":NaN}}', "field valor is no float"),
        (b'{"payload":{"datahora":0,"valor":1e999}}', "field valor is no float"),
        (value(datahora=10**18, valor=1), "field datahora is no datetime"),
        (value(datahora=1.5, valor=1), "field datahora is no datetime"),
    ],
)
def test_what_is_no_row_is_poison_with_its_reason(raw, reason):
    with pytest.raises(Poison, match=reason):
        row_maker("csv", NOTES)(Record(0, raw))


def test_a_text_stays_one_line_and_one_column():
    make = row_maker("csv", [Column("a", "text"), Column("b", "text")])
    line, _ = make(Record(0, value(a='one, "two"\nthree', b="número")))
    assert line.decode() == '"one, ""two""\\nthree",número\n'


def test_json_lines_keep_every_field_and_say_where_they_come_from():
    make = row_maker("jsonl", [Column("id", "int")], places=True)
    line, _ = make(Record(9, value(id=1, nom="Adéu", buit=None), partition=3))
    assert json.loads(line) == {"id": 1, "nom": "Adéu", "buit": None, "_partition": 3, "_offset": 9}
    assert line.count(b"\n") == 1


def test_offset_and_partition_are_the_last_columns():
    line, _ = row_maker("csv", [Column("id", "int")], places=True)(Record(9, value(id=1), partition=3))
    assert line == b"1,3,9\n"


def test_a_bare_value_is_the_row_itself():
    line, _ = row_maker("csv", [Column("id", "int")], bare=True)(Record(0, b'{"id":5}'))
    assert line == b"5\n"
    with pytest.raises(Poison, match="not a JSON object"):
        row_maker("csv", [Column("id", "int")], bare=True)(Record(0, b"5"))


def test_the_own_time_of_a_record_can_be_one_of_its_fields():
    make = row_maker("csv", [Column("id", "int")], time_field="when")
    assert make(Record(0, value(id=1, when=86_400_000)))[1] == 86_400_000
    with pytest.raises(Poison, match="no time in field when"):
        make(Record(0, value(id=1)))


@pytest.mark.parametrize("raw", [b'{"payload":{"x":NaN}}', b'{"payload":{"x":"\\ud800"}}'])
def test_what_json_cannot_write_is_poison(raw):
    with pytest.raises(Poison):
        row_maker("jsonl", [])(Record(0, raw))


def test_an_unknown_kind_is_refused_by_its_text():
    with pytest.raises(ValueError, match="'valor:decimal' is not NAME:KIND"):
        Column.read("valor:decimal")


@pytest.mark.parametrize("kind", ["datetime", "float", "int", "text"])
@pytest.mark.parametrize(
    "number",
    [
        "0", "-0", "-0.0", "14", "14.50", "1e3", "1E400", "-1e-400", "9007199254740993", "9223372036854775808",
        "18446744073709551616", "123456789012345678901234567890", "0.1", "5e-324", "1.7976931348623157e308", "NaN",
        "Infinity", "null", "true", '"a,b"', '"\\ud83d\\ude00"', '"\\ud800"', '"\\u0000"', '"é\\nç"', "[1, 2.50]",
        '{"a": 1e2}', "01", "1.", "+1", "1740132000000", "-62135596800001", "253402300800000",
    ],
)  # fmt: skip
def test_the_fast_way_makes_the_very_rows_of_the_careful_one(kind, number):
    columns = [Column("x", kind)]
    fast = row_maker("csv", columns, places=True, time_field="when")
    careful = rows._careful_maker("csv", columns, False, True, "when")
    for raw in (
        f'{{"payload": {{"when": 5, "x": {number}}}}}',
        f'{{"payload": {{"x": 1, "when": 5, "x": {number}}}}}',
        f'  {{"schema": {{}}, "payload": {{"when": {number}, "x": {number}}}}}\r\n',
        f'[{{"payload": {{"when": 5, "x": {number}}}}}]',
    ):
        record = Record(3, raw.encode("utf-8", "surrogatepass"), partition=2, timestamp=7)
        assert said(fast, record) == said(careful, record), raw


def said(make, record: Record) -> tuple[bytes, int] | str:
    """What a maker makes of a record: the row, or why it is none."""
    try:
        return make(record)
    except Poison as why:
        return str(why)
