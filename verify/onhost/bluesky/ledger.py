"""The posts of the stand-in for Bluesky: each follows from its number, so that a test knows what must arrive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

TEXTS = (
    "Avui hi ha partit de LaLiga! ⚽️",
    "El Mallorca guanya 2-1 a Son Moix 🔴⚫ #LaLiga",
    "«Quin gol!», ha dit l'àvia 👵🏽 — LaLiga és això\n…i demà, més",
    'LaLiga: col·lecció d\'estadístiques «à la carte» \\ "cometes" \t tabulador',
    "Família al camp 👨‍👩‍👧‍👦 i bandera 🏴󠁧󠁢󠁣󠁴󠁿 LaLiga",
    "Text amb un separador \u2028 rar, un \u0007 so i LaLiga",
)
FUTURE = "2099-12-31T23:59:59.999Z"
BAD = ("no zone", "no createdAt", "no text", "before 1970", "langs null")
"""What a post can lack so that it is passed over."""


@dataclass(frozen=True)
class Post:
    """A post: what a search gives of it, and the payload that must arrive on the topic (None: passed over)."""

    number: int
    view: dict[str, Any]
    payload: dict[str, Any] | None
    sort_ms: int

    @property
    def uri(self) -> str:
        """Its at:// address."""
        return self.view["uri"]


def make(number: int, epoch_ms: int, bad: str = "", future: bool = False) -> Post:
    """Make a post.

    Args:
        number: 0 and up, in the order in which the index learns of them, one second apart.
        epoch_ms: when the first one was indexed, in ms since 1970.
        bad: one of `BAD`, or nothing.
        future: whether it says that it was written in 2099.
    """
    indexed_ms = epoch_ms + number * 1000
    # Every tenth arrives late: it was written before the nine that the index had first.
    created_ms = indexed_ms - 9500 if number % 10 == 9 else indexed_ms - 350
    created = FUTURE if future else written(created_ms, number)
    if future:
        created_ms = 4102444799999
    author: dict[str, Any] = {"did": f"did:plc:{number:024d}", "handle": f"aficionat{number % 17}.bsky.social"}
    if number % 5:
        author["displayName"] = f"Aficionat núm. {number % 17} 🎉" if number % 3 else ""
    if number % 7:
        author["avatar"] = f"https://cdn.bsky.app/img/avatar/plain/did:plc:{number % 17}@jpeg"
    record: dict[str, Any] = {
        "$type": "app.bsky.feed.post",
        "createdAt": created,
        "text": f"{TEXTS[number % len(TEXTS)]} ({number})",
    }
    if number % 4:
        record["langs"] = ["ca"] if number % 3 else ["ca", "es"]
    match bad:
        case "no zone":
            record["createdAt"] = created.rstrip("Z").split("+")[0]
        case "no createdAt":
            del record["createdAt"]
        case "no text":
            del record["text"]
        case "before 1970":
            record["createdAt"] = "1969-12-31T23:59:59Z"
        case "langs null":
            record["langs"] = None
    rkey, cid = f"3l{number:011d}", f"bafyrei{number:052d}"
    uri = f"at://{author['did']}/app.bsky.feed.post/{rkey}"
    view = {
        "uri": uri,
        "cid": cid,
        "author": author,
        "record": record,
        "replyCount": number % 3,
        "indexedAt": written(indexed_ms, 0),
    }
    payload = {
        "id": {"uri": uri, "cid": cid},
        "text": record.get("text"),
        "langs": record.get("langs", []),
        "createdAt": created_ms,
        "author": {
            "handle": author["handle"],
            "displayName": author.get("displayName") or None,
            "avatar": author.get("avatar"),
        },
    }
    # Bluesky sorts by the earlier of both times, and cannot read an odd one.
    return Post(number, view, None if bad else payload, min(created_ms, indexed_ms))


def written(moment_ms: int, number: int) -> str:
    """Write a time in one of the ways in which clients do."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment_ms)
    if number % 6 == 1:
        return moment.astimezone(timezone(timedelta(hours=2))).isoformat(timespec="milliseconds")
    if number % 6 == 2:
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "123Z")
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
