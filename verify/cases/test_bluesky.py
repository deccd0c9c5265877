"""Notes 5.5: posts of Bluesky become events.

Which way depends on the lab: the notes' connector or the service of the lab, and Bluesky itself where the instructor
gave an account, else a local XRPC stand-in; the table says which.
"""

import json
import re
import time
from typing import Any

from verify.onhost.bluesky import ledger
from verify.support.bluesky import Search, StandIn
from verify.support.bluesky_worker import Worker
from verify.support.lab import Lab
from verify.support.waits import until

ENGINE = "bluesky"
SERVERS = [("workspace", "lab-verify-bluesky*"), ("connect", "kafka-connect"), ("kafka", "kafka")]
TOPIC = "bluesky_laliga"
FIRST, MORE, KILLS = 130, 340, 2
SEARCH, LOGIN = "app.bsky.feed.searchPosts", "com.atproto.server.createSession"


def test_each_post_becomes_one_event(lab, evidence):
    """Ids out are ids in, each once, with the post's values; the student's program prints author, text and address."""
    if lab.has_bluesky_account:
        payloads = reads_bluesky(lab, evidence)
    elif lab.bluesky_engine == "connector":
        payloads = connector_reads_stand_in(lab, evidence)
    else:
        payloads = service_reads_stand_in(lab, evidence)
    reader = lab.start("bluesky", "python3 consumer_bluesky.py")
    shown = payloads[-1]
    post_id = shown["id"]["uri"].rsplit("/", 1)[1]
    url = f"https://bsky.app/profile/{shown['author']['handle']}/post/{post_id}"
    printed = reader.wait(url, 30)
    reader.stop()
    author = shown["author"]["displayName"] or shown["author"]["handle"]
    assert f"{author}: {shown['text']}\n  {url}\n" in printed
    evidence(f"{url} printed with author and text")


def service_reads_stand_in(lab: Lab, evidence: Any) -> list[dict]:
    """More posts than a page holds, and the service is killed amid paging; then a second copy takes over."""
    stand_in = StandIn(lab.workspace, int(time.time() * 1000) - 3_600_000, FIRST)
    search = Search(lab, TOPIC)
    other = Search(lab, TOPIC, "lab-verify-bluesky-2")
    try:
        search.start()
        wanted = newest_page(stand_in)
        check(events(lab, len(wanted)), wanted)
        stand_in.order(add=MORE, bad=list(ledger.BAD), future=1, slow=0.1)
        for _ in range(KILLS):
            asked = stand_in.order()["asked"][SEARCH]
            until(lambda: stand_in.order()["asked"][SEARCH], lambda now, before=asked: now >= before + 2, 30, "paging")
            search.kill()
        stand_in.order(slow=0)
        last = ledger.make(FIRST + MORE + len(ledger.BAD), stand_in.epoch_ms, future=True)
        wanted += [ledger.make(number, stand_in.epoch_ms) for number in range(FIRST, FIRST + MORE)] + [last]
        payloads = check(events(lab, len(wanted)), wanted)
        other.start()
        stand_in.order(add=1)
        wanted.append(ledger.make(last.number + 1, stand_in.epoch_ms))
        payloads = check(events(lab, len(wanted)), wanted)
        ended = until(lambda: search.show("ActiveState"), lambda state: state == "failed", 20, "the first copy ends")
        assert (ended, search.show("ExecMainStatus")) == ("failed", "3"), "the first copy is fenced"
        logins = stand_in.order()["asked"][LOGIN]
        assert logins == 2, f"{logins} logins: one for each copy, none for a start after a kill"
        assert stand_in.leaks() == []
        assert f"{len(ledger.BAD)} passed over" in other.show("StatusText")
        evidence(
            f"local XRPC stand-in: {len(wanted)} posts, each on the topic once; {KILLS} kill -9 amid paging, a second "
            f"copy; {len(ledger.BAD)} bad posts passed over"
        )
        return payloads
    finally:
        search.remove()
        other.remove()


def connector_reads_stand_in(lab: Lab, evidence: Any) -> list[dict]:
    """The notes' file, posted to a worker of its own; its JVM takes the stand-in for bsky.social."""
    stand_in = StandIn(lab.part("connect"), int(time.time() * 1000) - 3_600_000, FIRST, tls=True)
    worker = Worker(lab)
    try:
        worker.post("bluesky-source.json")
        wanted = newest_page(stand_in)
        payloads = check(events(lab, len(wanted)), wanted)
        config = json.dumps(worker.get("/connectors/bluesky-laliga"))
        assert "${secrets:" in config
        assert stand_in.leaks() == []
        evidence(f"local XRPC stand-in: {len(wanted)} posts served, each on the topic once")
        return payloads
    finally:
        worker.stop()


def reads_bluesky(lab: Lab, evidence: Any) -> list[dict]:
    """Bluesky itself: what arrives is what a post is, each once. What else is there is not ours to know."""
    if lab.bluesky_engine == "connector":
        assert lab.post("bluesky-source.json") == 201
        lab.running("bluesky-laliga")
    else:
        lab.workspace.root("systemctl start bluesky-search", seconds=120)
    payloads = check(events(lab, 1, 60), None)
    for payload in payloads:
        assert re.fullmatch(r"at://did:[a-z]+:[\w.:%-]+/app\.bsky\.feed\.post/[\w.~-]+", payload["id"]["uri"])
        assert payload["id"]["cid"].startswith("baf")
        assert payload["createdAt"] > 1_600_000_000_000
    evidence(f"{len(payloads)} posts of bsky.social, none twice")
    return payloads


def newest_page(stand_in: StandIn) -> list[ledger.Post]:
    """What the first search gives: the newest hundred."""
    posts = (ledger.make(number, stand_in.epoch_ms) for number in range(FIRST))
    return sorted(posts, key=lambda post: (post.sort_ms, post.number))[-100:]


def events(lab: Lab, count: int, seconds: float = 30) -> list[dict]:
    """Wait until a number of committed events is there, and give all."""
    return until(
        lambda: lab.ask("read", topic=TOPIC, count=count, seconds=5, committed=True),
        lambda found: len(found) >= count,
        seconds,
        f"{count} events in {TOPIC}",
    )


def check(records: list[dict], wanted: list[ledger.Post] | None) -> list[dict]:
    """Compare events with the posts that were served, and give the events' payloads in their order."""
    payloads = [json.loads(record["value"])["payload"] for record in records]
    uris = [payload["id"]["uri"] for payload in payloads]
    assert len(set(uris)) == len(uris), f"{len(uris) - len(set(uris))} posts are on the topic twice"
    assert {record["key"] for record in records} == {None}
    assert [record["timestamp"] for record in records] == [payload["createdAt"] for payload in payloads]
    if wanted is not None:
        expected = {post.uri: post.payload for post in wanted}
        assert set(uris) == set(expected), (
            f"missing: {set(expected) - set(uris)}; not expected: {set(uris) - set(expected)}"
        )
        assert dict(zip(uris, payloads, strict=True)) == expected
    return payloads
