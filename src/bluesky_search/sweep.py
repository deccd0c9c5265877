"""Going back through a search, newest post first, until what is met has been seen before."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Sequence
from typing import Any, NamedTuple

from .records import BadPostError, epoch_ms

Page = tuple[Sequence[Any], str | None]
RUN = 20
"""So many posts seen before, one after the other, are old ground. A single one is not: a post that is dated in the
future, or that the index moved, can lie above new ones."""
PAGES = 100
"""Pages that one sweep reads at most: 10,000 posts, as far as Bluesky's search goes back."""


class Sweep(NamedTuple):
    """What was found: new posts, oldest first; pages read; whether old ground (or the end) was reached."""

    posts: list[Any]
    pages: int
    complete: bool


def key_of(post: Any) -> str:
    """What a post is known by: its uri, or all of it where it has none."""
    uri = post.get("uri") if isinstance(post, dict) else None
    return uri if isinstance(uri, str) else json.dumps(post, sort_keys=True)


def go_back(
    fetch: Callable[[str | None], Page], seen: Container[str], known: int, since_ms: int | None, pages: int = PAGES
) -> Sweep:
    """Read pages until old ground.

    Nothing may be written before the sweep has ended, and then the oldest first: after a kill in between, what is
    missing lies above what is there, where the next sweep finds it.

    Args:
        fetch: gives the page at a cursor (None: the newest) and the next one's cursor (None: there is none).
        seen: what `key_of` gave for posts taken or passed over before.
        known: how many those are. When none, the newest page is all that is taken, as the connector does.
        since_ms: time of the newest posts taken before; a page of none but older posts is old ground too. It ends
            the sweep where all that was seen before is gone from the index, or another term is searched.
        pages: where to give up.
    """
    needed = min(RUN, known)
    fresh: list[Any] = []
    taken: set[str] = set()
    run, cursor = 0, None
    for number in range(1, pages + 1):
        posts, cursor = fetch(cursor)
        if since_ms is not None and number > 1 and _all_older(posts, since_ms):
            return Sweep(fresh[::-1], number, True)
        found: list[Any] = []
        keep, met = 0, False
        for post in posts:
            key = key_of(post)
            if key in taken:  # a new post on top has moved the pages by one
                continue
            if key in seen:
                run += 1
                keep = len(found)
                met = met or run >= needed
            else:
                run = 0
                taken.add(key)
                found.append(post)
        # Below the last one seen before lies what was there before the first search.
        fresh += found[:keep] if met else found
        if met or not known or not posts or cursor is None:
            return Sweep(fresh[::-1], number, True)
    return Sweep(fresh[::-1], pages, False)


def _all_older(posts: Sequence[Any], since_ms: int) -> bool:
    times = []
    for post in posts:
        try:
            times.append(epoch_ms(post["record"]["createdAt"]))
        except (BadPostError, KeyError, TypeError):
            continue
    return bool(times) and max(times) < since_ms
