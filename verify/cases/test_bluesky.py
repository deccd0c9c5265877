"""Notes 5.5: posts of Bluesky become events."""

import json
import time

import pytest

from verify.bluesky import ledger
from verify.lib.bluesky import Search, StandIn
from verify.lib.waits import until

ENGINE = "bluesky"
SERVERS = [("workspace", "lab-verify-bluesky"), ("connect", "kafka-connect"), ("kafka", "kafka")]
TOPIC = "bluesky_laliga"
FIRST, MORE, KILLS = 130, 340, 4
SEARCH = "app.bsky.feed.searchPosts"
LEAK = r"""
pattern=$(mktemp); trap 'rm -f "$pattern"' EXIT; cat >"$pattern"
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -qFf "$pattern" && echo "in a command line"
journalctl --no-pager --boot --output=cat | grep -qFf "$pattern" && echo "in the journal"
exit 0
"""


@pytest.fixture
def stand_in(lab):
    """The stand-in, with the posts that were there before."""
    return StandIn(lab, int(time.time() * 1000) - 3_600_000, FIRST)


@pytest.fixture
def search(lab, stand_in):
    """The service, against the stand-in."""
    found = Search(lab, TOPIC)
    yield found
    found.remove()


def test_each_post_becomes_one_event(lab, stand_in, search, evidence):
    """More posts than a page holds, the service killed amid paging: each is on the topic once, with its values."""
    search.start()
    wanted = newest_page(stand_in)
    assert arrived(lab, len(wanted)) == wanted
    stand_in.order(add=MORE, bad=list(ledger.BAD), future=1, slow=0.15)
    for _ in range(KILLS):
        asked = stand_in.order()["asked"][SEARCH]
        until(
            lambda: stand_in.order()["asked"][SEARCH], lambda now, asked=asked: now >= asked + 3, 20, "pages are read"
        )
        search.kill()
    number = FIRST + MORE
    wanted |= {post.uri: post.payload for post in (made(stand_in, n) for n in range(FIRST, number))}
    future = ledger.make(number + len(ledger.BAD), stand_in.epoch_ms, future=True)
    wanted[future.uri] = future.payload
    stand_in.order(slow=0)
    assert arrived(lab, len(wanted)) == wanted
    logins = stand_in.order()["asked"]["com.atproto.server.createSession"]
    assert logins == 1, f"{logins} logins for {KILLS + 1} starts"
    assert f"{len(ledger.BAD)} passed over" in until(
        lambda: search.show("StatusText"), lambda said: "passed over" in said, 20, "the service says how it stands"
    )
    evidence(
        f"{len(wanted)} posts served, each on the topic once, {KILLS} kill -9 amid pages of 100; "
        f"{len(ledger.BAD)} bad ones passed over; 1 login"
    )


def newest_page(stand_in: StandIn) -> dict:
    """What the first search gives."""
    posts = sorted((made(stand_in, number) for number in range(FIRST)), key=lambda post: (-post.sort_ms, -post.number))
    return {post.uri: post.payload for post in posts[:100]}


def made(stand_in: StandIn, number: int) -> ledger.Post:
    """A post of the stand-in."""
    return ledger.make(number, stand_in.epoch_ms)


def arrived(lab, count: int) -> dict:
    """Wait for a number of events and give payloads by uri; each has its post's time and is there once."""
    records = until(
        lambda: lab.ask("read", topic=TOPIC, count=count, seconds=5, committed=True),
        lambda found: len(found) >= count,
        30,
        f"{count} events in {TOPIC}",
    )
    payloads = [json.loads(record["value"])["payload"] for record in records]
    assert len({payload["id"]["uri"] for payload in payloads}) == len(payloads), "a post is on the topic twice"
    assert {record["key"] for record in records} == {None}
    assert [record["timestamp"] for record in records] == [payload["createdAt"] for payload in payloads]
    return {payload["id"]["uri"]: payload for payload in payloads}
