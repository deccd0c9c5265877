"""The search against the local XRPC stand-in: logins are few, limits are kept, and no failure ends or loops it."""

from __future__ import annotations

import stat
import time

import pytest

from bluesky_search.api import RefusedError, pause_after
from tests.bluesky.kit import PASSWORD, stand_in
from verify.onhost.bluesky.xrpc_server import LOGIN, REFRESH, SEARCH


@pytest.fixture
def server(tmp_path):
    """A stand-in with 250 posts."""
    with stand_in(tmp_path) as found:
        found.order(add=250)
        yield found


def test_pages_follow_each_other(server):
    client = server.client()
    first, cursor = client.search(None)
    second, cursor = client.search(cursor)
    third, end = client.search(cursor)
    assert [len(page) for page in (first, second, third)] == [100, 100, 50]
    assert len({post["uri"] for post in first + second + third}) == 250
    assert end is None


def test_a_restart_takes_up_the_session_and_does_not_log_in(server):
    for _ in range(40):  # Bluesky allows 30 logins in five minutes
        server.client().search(None)
    assert server.logins == 1
    assert server.pauses == []


def test_the_session_is_its_owners_alone_and_holds_no_password(server):
    server.client().search(None)
    kept = server.folder / "session"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert PASSWORD not in kept.read_text(encoding="utf-8")


def test_a_session_that_runs_out_is_renewed_without_a_login(tmp_path):
    with stand_in(tmp_path, token_seconds=60) as server:  # the SDK renews a quarter of an hour before the end
        server.order(add=3)
        client = server.client()
        for _ in range(3):
            client.search(None)
        server.client().search(None)
        assert server.logins == 1
        assert server.bluesky.asked[REFRESH] >= 3


def test_a_session_that_the_server_forgot_costs_one_login(server):
    client = server.client()
    client.search(None)
    server.order(forget=True)
    assert len(client.search(None)[0]) == 100
    assert (server.logins, server.pauses) == (2, [])


def test_a_wrong_password_is_tried_once_and_said_in_a_line(server):
    with pytest.raises(
        RefusedError, match=r"refuses the login of prova\.bsky\.social \(401 .*check bluesky_password|check"
    ):
        server.client("wrong").search(None)
    assert (server.logins, server.pauses) == (1, [])
    assert PASSWORD not in str(server.reports)


def test_a_new_password_does_not_use_the_old_ones_session(server):
    server.client().search(None)
    with pytest.raises(RefusedError):
        server.client("wrong").search(None)


def test_a_limit_is_waited_for_as_long_as_the_server_says(server):
    server.fail(SEARCH, 429, ratelimit_reset=str(int(time.time()) + 120))
    assert len(server.client().search(None)[0]) == 100
    (pause,) = server.pauses
    assert 118 <= pause <= 123
    assert "limits the number of requests (429)" in server.reports[0]


def test_a_limit_of_logins_is_waited_for_too(server):
    server.fail(LOGIN, 429, retry_after="17")
    server.client().search(None)
    assert 17 <= server.pauses[0] <= 19
    assert server.logins == 2


@pytest.mark.parametrize("status", [500, 502, 503, 504, 0, 403])
def test_a_failing_server_is_asked_later_and_later(server, status):
    server.fail(SEARCH, status, times=5)
    assert len(server.client().search(None)[0]) == 100
    assert len(server.pauses) >= 4
    assert server.pauses[-1] > server.pauses[0]


def test_a_server_that_never_honours_its_sessions_is_not_hammered(server):
    class EnoughError(Exception):
        pass

    def wait(seconds: float) -> None:
        server.pauses.append(seconds)
        if len(server.pauses) == 14:
            raise EnoughError

    server.fail(SEARCH, 401, times=1000)
    with pytest.raises(EnoughError):
        server.client(wait=wait).search(None)
    assert server.pauses[-1] >= 600
    assert server.logins <= 16


def test_a_cursor_that_is_no_longer_known_starts_the_search_again(server):
    client = server.client()
    client.search(None)
    server.order(fail={SEARCH: {"status": 400, "times": 2, "error": "InvalidRequest"}})
    assert client.search("100")[0] == client.search(None)[0]


def test_a_host_that_is_not_there_is_one_line(server):
    class EnoughError(Exception):
        pass

    def wait(_seconds: float) -> None:
        raise EnoughError

    with pytest.raises(EnoughError):
        server.client(url="http://127.0.0.1:9", wait=wait).search(None)
    assert server.reports[0].startswith("waiting: 127.0.0.1:9 cannot be used (ConnectError")


def test_a_slow_server_is_given_up_and_asked_again(server):
    client = server.client(timeout=0.3)
    client.search(None)
    server.order(slow=1.0)
    client = server.client(timeout=0.3, wait=lambda _seconds: server.order(slow=0.0))
    assert len(client.search(None)[0]) == 100
    assert "does not answer in time" in server.reports[0]


@pytest.mark.parametrize("tries", range(1, 40))
def test_pauses_grow_up_to_five_minutes(tries):
    assert 0.5 <= pause_after(OSError(), tries, 0) <= 300
