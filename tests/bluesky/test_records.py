"""Posts become the connector's records, and odd posts are told from good ones as the connector tells them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bluesky_search.records import BadPostError, epoch_ms, record_of, to_json
from tests.bluesky.kit import EPOCH_MS
from verify.onhost.bluesky import ledger

CONNECTOR = Path(__file__).parents[1] / "data/bluesky_connector_0.0.1.jsonl"


@pytest.mark.parametrize("number", range(60))
def test_a_post_becomes_the_payload_that_it_must(number):
    post = ledger.make(number, EPOCH_MS)
    record = record_of(post.view)
    assert json.loads(record.value)["payload"] == post.payload
    assert (record.uri, record.timestamp_ms) == (post.uri, post.payload["createdAt"])


@pytest.mark.parametrize("bad", ledger.BAD)
def test_a_post_that_the_connector_stops_at_is_passed_over(bad):
    with pytest.raises(BadPostError):
        record_of(ledger.make(3, EPOCH_MS, bad=bad).view)


@pytest.mark.parametrize("post", [None, [], "text", {}, {"author": None, "record": 5}, {"uri": 1}])
def test_what_is_no_post_is_passed_over(post):
    with pytest.raises(BadPostError):
        record_of(post)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-02-21T10:00:00Z", 1740132000000),
        ("2025-02-21T10:00:00.1239Z", 1740132000123),
        ("2025-02-21T12:00:00.123456789+02:00", 1740132000123),
        ("2025-02-21t05:30:00-04:30", 1740132000000),
        ("2025-02-20T24:00:00Z", 1740096000000),
        ("2025-02-20T23:59:60Z", 1740095999000),
        ("1969-12-31T23:59:59.9999Z", -1),
        ("2099-12-31T23:59:59.999Z", 4102444799999),
    ],
)
def test_times_are_read_as_java_reads_them(text, expected):
    assert epoch_ms(text) == expected


@pytest.mark.parametrize(
    "text",
    ["2025-02-21T10:00:00", "2025-02-21", "ahir", "", "2025-02-30T10:00:00Z", "2025-02-21T10:00Z",
     "2025-02-21T10:00:00+0200", "2025-02-21T25:00:00Z", "2025-02-21T10:00:00+19:00", "٢٠٢٥-02-21T10:00:00Z"],
)  # fmt: skip
def test_what_java_does_not_read_is_no_time(text):
    with pytest.raises(BadPostError):
        epoch_ms(text)


def test_json_is_printed_as_jackson_prints_it():
    text = 'à «ç» \\u001f \x1f\x07\n\t"\\/ \u2028 \x7f ⚽️ 👵🏽'
    # Emoji outside the first plane become two escapes; hexadecimal digits are large; a backslash of the post is none.
    expected = '"à «ç» \\\\u001f \\u001F\\u0007\\n\\t\\"\\\\/ \u2028 \x7f ⚽️ \\uD83D\\uDC75\\uD83C\\uDFFD"'
    assert to_json(text).decode() == expected
    assert json.loads(to_json(text)) == text


@pytest.mark.parametrize("line", CONNECTOR.read_bytes().splitlines(), ids=range(24))
def test_the_record_is_the_connectors_byte_for_byte(line):
    """What the notes' connector (0.0.1, Connect 3.8.1) wrote when it read the stand-in."""
    number = int(json.loads(line)["payload"]["id"]["uri"].rsplit("3l", 1)[1])
    assert record_of(ledger.make(number, EPOCH_MS).view).value == line
