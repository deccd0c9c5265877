"""Turns a post of Bluesky into the record that the notes' connector writes, byte for byte.

Posts that the connector skips (BlueskyClient.parse and BlueskyRecordFactory of kafka-connect-bluesky-source 0.0.1) are
skipped too, and so are posts at which it stops with an error.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The format of Java's Instant.parse (DateTimeFormatter.ISO_INSTANT, Java 12 and later): a zone is required.
INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d)(?::(\d\d))?)",
    re.ASCII | re.IGNORECASE,
)
SURROGATES = re.compile(r"[\ud800-\udfff\U00010000-\U0010ffff]")
ESCAPE = re.compile(r"\\(?:u00[01][0-9a-f]|.)")


def _field(kind: str, name: str, optional: bool = False, **more: Any) -> dict[str, Any]:
    return {"type": kind, **more, "optional": optional, "field": name}


SCHEMA = {
    "type": "struct",
    "fields": [
        _field("struct", "id", fields=[_field("string", "uri"), _field("string", "cid")]),
        _field("string", "text"),
        _field("array", "langs", items={"type": "string", "optional": False}),
        {
            "type": "int64",
            "optional": True,
            "name": "org.apache.kafka.connect.data.Timestamp",
            "version": 1,
            "field": "createdAt",
        },
        _field(
            "struct",
            "author",
            fields=[
                _field("string", "handle"),
                _field("string", "displayName", optional=True),
                _field("string", "avatar", optional=True),
            ],
        ),
    ],
    "optional": False,
    "name": "status",
}
"""The schema, as Connect's JsonConverter prints it (order of keys included)."""


class BadPostError(ValueError):
    """The reason why a post is skipped, in a few words."""


class Record(NamedTuple):
    """A record for the topic: the post's uri, the value, and the time in ms since 1970."""

    uri: str
    value: bytes
    timestamp_ms: int


def record_of(post: Any) -> Record:
    """Make the connector's record of a post.

    Args:
        post: `app.bsky.feed.defs#postView` as the server sent it.

    Raises:
        BadPostError: if the connector would not write it.
    """
    author, record = _object(post, "author"), _object(post, "record")
    created = epoch_ms(_text(record, "createdAt"))
    if created < 0:
        raise BadPostError(f"createdAt {record['createdAt']!r} is before 1970, which no Kafka record can be")
    langs = record.get("langs", [])
    if not isinstance(langs, list) or not all(isinstance(lang, str) for lang in langs):
        raise BadPostError(f"langs is no list of texts: {langs!r}")
    uri = _text(post, "uri")
    payload = {
        "id": {"uri": uri, "cid": _text(post, "cid")},
        "text": _text(record, "text"),
        "langs": langs,
        "createdAt": created,
        "author": {
            "handle": _text(author, "handle"),
            "displayName": _optional(author, "displayName"),
            "avatar": _optional(author, "avatar"),
        },
    }
    return Record(uri, to_json({"schema": SCHEMA, "payload": payload}), created)


def epoch_ms(text: str) -> int:
    """Turn a createdAt into ms since 1970, as Java's Instant does.

    Raises:
        BadPostError: if it is not a time with a zone.
    """
    match = INSTANT.fullmatch(text)
    if not match:
        raise BadPostError(f"createdAt {text!r} is no time with a zone")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, sign, off_hour, off_minute, off_second = match.groups()[6:]
    try:
        # 24:00:00 is midnight, and :60 is a leap second, which Java counts as :59.
        days = 1 if (hour, minute, second) == (24, 0, 0) else 0
        second = 59 if (hour, minute, second) == (23, 59, 60) else second
        moment = datetime(year, month, day, hour % 24 if days else hour, minute, second, tzinfo=UTC)
        offset = timedelta(hours=int(off_hour or 0), minutes=int(off_minute or 0), seconds=int(off_second or 0))
        if offset > timedelta(hours=18):
            raise ValueError("no zone is that far")
        moment += timedelta(days=days) + (offset if sign == "-" else -offset)
    except (ValueError, OverflowError) as error:
        raise BadPostError(f"createdAt {text!r} is no time: {error}") from None
    return (moment - EPOCH) // timedelta(milliseconds=1) + int((fraction or "0").ljust(9, "0")) // 1_000_000


def to_json(value: Any) -> bytes:
    """Write JSON as Jackson does: no blanks, and only control characters and emoji are escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Jackson writes hexadecimal digits in upper case. Every escape is matched, so an escaped backslash stays as it is.
    text = ESCAPE.sub(lambda match: match[0] if len(match[0]) == 2 else "\\u" + match[0][2:].upper(), text)
    return SURROGATES.sub(lambda match: _escaped(match[0]), text).encode()


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{int.from_bytes(units[at : at + 2], 'big'):04X}" for at in range(0, len(units), 2))


def _object(value: Any, name: str) -> dict[str, Any]:
    field = value.get(name) if isinstance(value, dict) else None
    if not isinstance(field, dict):
        raise BadPostError(f"{name} is missing")
    return field


def _text(value: dict[str, Any], name: str) -> str:
    text = value.get(name)
    if not isinstance(text, str):
        raise BadPostError(f"{name} is missing or no text")
    return text


def _optional(value: dict[str, Any], name: str) -> str | None:
    field = value.get(name)
    return field if isinstance(field, str) and field else None if field in (None, "") else json.dumps(field)
