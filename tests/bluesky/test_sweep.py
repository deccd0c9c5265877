"""A sweep takes each new post once and stops at old ground, whatever moves in the index meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bluesky_search.sweep import RUN, go_back, key_of
from tests.bluesky.kit import EPOCH_MS
from verify.onhost.bluesky import ledger


def posts(first: int, last: int) -> list[dict[str, Any]]:
    """Posts of the ledger, newest first, without late ones."""
    return [{**ledger.make(number * 10, EPOCH_MS).view} for number in range(last - 1, first - 1, -1)]


def pages(there: list[dict[str, Any]], before: Callable[[int], None] = lambda start: None) -> Callable:
    """A search of a list, a hundred posts a page; `before` is called before a page is read, to change the list."""

    def fetch(cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        start = int(cursor or 0)
        before(start)
        return there[start : start + 100], str(start + 100) if start + 100 < len(there) else None

    return fetch


def keys(found: list[dict[str, Any]]) -> set[str]:
    return {key_of(post) for post in found}


def test_the_first_sweep_takes_the_newest_page_as_the_connector_does():
    sweep = go_back(pages(posts(0, 250)), set(), 0, None)
    assert sweep.posts == posts(150, 250)[::-1]
    assert sweep.pages == 1


def test_new_posts_of_many_pages_come_oldest_first_and_history_stays_out():
    seen = keys(posts(150, 250))
    sweep = go_back(pages(posts(0, 600)), seen, len(seen), None)
    assert sweep.posts == posts(250, 600)[::-1]
    assert sweep.complete


def test_a_kill_after_any_batch_loses_and_doubles_nothing():
    seen, written = keys(posts(150, 250)), []
    while batch := go_back(pages(posts(0, 600)), seen, len(seen), None).posts[:37]:  # the kill comes after these
        written += batch
        seen |= keys(batch)
    assert written == posts(250, 600)[::-1]


def test_a_post_on_top_while_paging_neither_doubles_nor_hides_another():
    there = posts(0, 600)

    def before(start: int) -> None:
        if start:
            there.insert(0, posts(600 + start, 601 + start)[0])

    seen = keys(posts(150, 250))
    sweep = go_back(pages(there, before), seen, len(seen), None)
    assert sweep.posts == posts(250, 600)[::-1]


def test_a_seen_post_that_stays_on_top_does_not_end_a_sweep():
    sticky = ledger.make(7, EPOCH_MS, future=True).view
    seen = keys([sticky, *posts(150, 250)])
    sweep = go_back(pages([sticky, *posts(0, 600)]), seen, len(seen), None)
    assert sweep.posts == posts(250, 600)[::-1]


def test_a_late_post_within_the_newest_page_is_found():
    late = {**ledger.make(5, EPOCH_MS).view}
    there = [*posts(220, 250), late, *posts(0, 220)]
    seen = keys(posts(150, 250))
    assert go_back(pages(there), seen, len(seen), None).posts == [late]


def test_few_posts_known_and_few_there():
    seen = keys(posts(0, 3))
    assert go_back(pages(posts(0, 5)), seen, len(seen), None).posts == posts(3, 5)[::-1]
    assert go_back(pages([]), set(), 0, None).posts == []
    assert RUN > 3


def test_where_all_that_was_seen_is_gone_the_time_ends_the_sweep():
    since = ledger.make(3000, EPOCH_MS).payload["createdAt"]
    sweep = go_back(pages(posts(0, 900)), {"gone"}, 1, since)
    assert sweep.posts == posts(300, 900)[::-1]
    assert sweep.pages == 7


def test_a_sweep_without_end_is_given_up():
    sweep = go_back(pages(posts(0, 900)), {"gone"}, 1, None, pages=3)
    assert not sweep.complete
    assert len(sweep.posts) == 300
