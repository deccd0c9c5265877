"""Reads a search, newest post first, back to the posts that are known."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Sequence
from typing import Any, NamedTuple

from bluesky_search.records import BadPostError, epoch_ms

Page = tuple[Sequence[Any], str | None]
RUN = 20
"""A sweep ends after this many known posts in a row. One is not enough: a post with a date in the future, or one that
the index moved, can be above new ones."""
PAGES = 100
"""Most pages of one sweep: 10,000 posts, the limit of Bluesky's search."""


class Sweep(NamedTuple):
    """New posts, oldest first; number of pages; whether known posts (or the end) were reached."""

    posts: list[Any]
    pages: int
    complete: bool


def key_of(post: Any) -> str:
    """The identity of a post: its uri, or its whole content if it has none."""
    uri = post.get("uri") if isinstance(post, dict) else None
    return uri if isinstance(uri, str) else json.dumps(post, sort_keys=True)


def go_back(
    fetch: Callable[[str | None], Page], seen: Container[str], known: int, since_ms: int | None, pages: int = PAGES
) -> Sweep:
    """Read pages until known posts.

    Posts may only be written after the sweep, oldest first: after a kill, the missing posts are above those that were
    written, where the next sweep finds them.

    Args:
        fetch: returns the page at a cursor (None: the newest), and the next cursor (None: there is none).
        seen: keys (`key_of`) of posts that were taken or skipped.
        known: number of these keys. If it is 0, only the newest page is taken, as the connector does.
        since_ms: time of the newest posts on the topic; a page with only older posts ends the sweep too. This matters
            if all known posts are gone from the index, or the search term is new.
        pages: the limit.
    """
    needed = min(RUN, known)
    fresh: list[Any] = []
    taken: set[str] = set()
    run, cursor = 0, None
    for number in range(1, pages + 1):
        posts, cursor = fetch(cursor)
        if since_ms is not None and number > 1 and _all_older(posts, since_ms):
            return Sweep(fresh[::-1], number, True)
        unseen: list[Any] = []
        keep, met = 0, False
        for post in posts:
            key = key_of(post)
            if key in taken:  # a new post has moved the pages by one
                continue
            if key in seen:
                run += 1
                keep = len(unseen)
                met = met or run >= needed
            else:
                run = 0
                taken.add(key)
                unseen.append(post)
        # Posts below the last known one are older than the first search.
        fresh += unseen[:keep] if met else unseen
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
