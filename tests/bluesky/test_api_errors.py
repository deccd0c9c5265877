"""Each answer of Bluesky and what becomes of it, against a client of the SDK with prepared answers."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from atproto_client import SessionEvent
from atproto_client.exceptions import (
    BadRequestError,
    InvokeTimeoutError,
    LoginRequiredError,
    RateLimitExceededError,
    UnauthorizedError,
)
from atproto_client.models.common import XrpcError
from atproto_client.request import Response

from bluesky_search import api
from bluesky_search.api import Bluesky, RefusedError, explain, pause_after
from bluesky_search.records import BadPostError, record_of
from bluesky_search.settings import Settings
from bluesky_search.sweep import key_of

PAGE = {"posts": ["newest", "older"], "cursor": "2"}


def failed(kind: type[Exception], status: int, name: str | None = None, headers: dict[str, str] | None = None):
    """An error of the SDK, as it comes from an answer."""
    content = XrpcError(error=name, message=None) if name else b"<html>"
    return kind(Response(False, status, content, headers or {}))


class FakeClient:
    """The SDK's client. `script` has the answers of searches; `logins` the errors of logins, or None."""

    script: list[Any]
    logins: list[Exception | None]
    calls: list[Any]

    def __init__(self, url: str, request: Any) -> None:
        self.calls.append(("client", url))

    def on_session_change(self, keep: Any) -> None:
        type(self).keep = keep

    def login(self, *account: str, **more: Any) -> None:
        self.calls.append(("login", *account, more))
        if self.logins and (error := self.logins.pop(0)):
            raise error

    def invoke_query(self, method: str, params: Any) -> Any:
        self.calls.append((method, params.model_dump(exclude_none=True)))
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(content=answer)


@pytest.fixture
def bluesky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Make a session with prepared answers, and return it with its calls, pauses and reports."""
    monkeypatch.setattr(api.random, "uniform", lambda least, most: most)
    monkeypatch.setattr(api.time, "time", lambda: 1_740_132_000.0)  # 10:00:00 UTC

    def make(*script: Any, logins: tuple[Exception | None, ...] = ()):
        FakeClient.script, FakeClient.logins, FakeClient.calls = list(script), list(logins), []
        monkeypatch.setattr(api, "Client", FakeClient)
        pauses, reports = [], []

        def wait(seconds: float) -> None:
            pauses.append(seconds)
            assert len(pauses) < 20

        settings = Settings("me", "LaLiga", "t", 1, "https://bsky.social", "-", "secret", tmp_path)
        made = Bluesky(settings, reports.append, wait)
        return SimpleNamespace(search=made.search, calls=FakeClient.calls, pauses=pauses, reports=reports, made=made)

    return make


def searches(ran: Any) -> list[Any]:
    return [call[1] for call in ran.calls if call[0] == "app.bsky.feed.searchPosts"]


def logins(ran: Any) -> int:
    return len([call for call in ran.calls if call[0] == "login"])


def test_a_search_asks_for_the_newest_posts_of_a_full_page(bluesky):
    ran = bluesky(PAGE, {"posts": []})
    assert ran.search(None) == (["newest", "older"], "2")
    assert ran.search("2") == ([], None)
    asked = {"q": "LaLiga", "limit": 100, "sort": "latest"}
    assert searches(ran) == [asked, {**asked, "cursor": "2"}]
    assert ("login", "me", "secret", {"fetch_bsky_profile": False}) in ran.calls
    assert logins(ran) == 1


@pytest.mark.parametrize("content", [None, [], {"posts": None}, {}])
def test_an_answer_without_posts_is_waited_for(bluesky, content):
    ran = bluesky(content, PAGE)
    assert ran.search(None)[1] == "2"
    assert ran.reports == [
        "waiting: bsky.social cannot be used (ValueError: the answer holds no posts); try 2 at 10:00:02 UTC"
    ]
    assert ran.pauses == [2.0]


@pytest.mark.parametrize(
    "error", [failed(UnauthorizedError, 401), failed(BadRequestError, 400, "ExpiredToken"), LoginRequiredError()]
)
def test_the_end_of_a_session_is_one_login_without_a_pause(bluesky, error):
    ran = bluesky(error, PAGE)
    assert ran.search("7")[1] == "2"
    assert (logins(ran), ran.pauses) == (2, [])
    assert searches(ran)[1]["cursor"] == "7"


def test_a_bad_request_is_no_end_of_a_session_and_forgets_the_cursor(bluesky):
    ran = bluesky(*[failed(BadRequestError, 400, "InvalidRequest")] * 2, PAGE)
    assert ran.search("7")[1] == "2"
    assert (logins(ran), ran.pauses) == (1, [2.0, 4.0])
    assert [asked.get("cursor") for asked in searches(ran)] == ["7", "7", None]
    assert ran.reports[0].startswith("waiting: bsky.social answers 400 InvalidRequest; try 2 at")


@pytest.mark.parametrize(
    "error", [failed(UnauthorizedError, 401, "AuthFactorTokenRequired"), failed(BadRequestError, 400)]
)
def test_a_refused_login_ends_the_search(bluesky, error):
    ran = bluesky(logins=(error,))
    with pytest.raises(RefusedError) as refused:
        ran.search(None)
    reason = "401 AuthFactorTokenRequired" if isinstance(error, UnauthorizedError) else "400"
    assert str(refused.value) == (
        f"bsky.social refuses the login of me ({reason}): check bluesky_identity and bluesky_password (an app "
        "password), then run ./lab up"
    )
    assert ran.pauses == []


@pytest.mark.parametrize("error", [failed(UnauthorizedError, 403), BadRequestError()])
def test_a_proxy_that_refuses_is_no_refused_account(bluesky, error):
    ran = bluesky(PAGE, logins=(error, None))
    assert ran.search(None)[1] == "2"
    assert len(ran.pauses) == 1


def test_a_kept_session_is_private_and_replaced_whole(bluesky, tmp_path):
    ran = bluesky()
    session = SimpleNamespace(export=lambda: "exported")
    ran.made._keep(SessionEvent.IMPORT, session)
    assert not (tmp_path / "session").exists()
    ran.made._keep(SessionEvent.CREATE, session)
    assert json.loads((tmp_path / "session").read_text(encoding="utf-8"))["session"] == "exported"
    assert (tmp_path / "session").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["session"]
    again = bluesky(PAGE)
    assert again.calls[1] == ("login", {"session_string": "exported", "fetch_bsky_profile": False})
    again.search(None)
    assert logins(again) == 1


@pytest.mark.parametrize(
    ("headers", "tries", "seconds"),
    [
        ({"retry-after": "17"}, 1, 19.0),
        ({"retry-after": "0"}, 1, 3.0),
        ({"retry-after": "9999"}, 1, 3602.0),
        ({"ratelimit-reset": "1740132060"}, 1, 62.0),
        ({}, 1, 30.0),
        ({}, 6, 64.0),
    ],
)
def test_a_limit_is_waited_for_as_the_server_says(monkeypatch, headers, tries, seconds):
    monkeypatch.setattr(api.random, "uniform", lambda least, most: most)
    error = failed(RateLimitExceededError, 429, headers=headers)
    assert pause_after(error, tries, 1_740_132_000.0) == seconds


@pytest.mark.parametrize(
    ("error", "tries", "least", "most"),
    [
        (OSError(), 1, 1.0, 2.0),
        (OSError(), 8, 128.0, 256.0),
        (OSError(), 9, 150.0, 300.0),
        (OSError(), 5000, 150.0, 300.0),
        (failed(UnauthorizedError, 401), 40, 600.0, 1200.0),
    ],
)
def test_pauses_double_to_a_longest_one_with_a_random_half(monkeypatch, error, tries, least, most):
    ranges = []
    monkeypatch.setattr(api.random, "uniform", lambda *limits: ranges.append(limits) or 5.0)
    assert pause_after(error, tries, 0) == 5.0
    assert ranges == [(least, most)]


def caused() -> Exception:
    error = RuntimeError("outside")
    error.__cause__ = OSError("x" * 300)
    return error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (failed(RateLimitExceededError, 429), "h limits the number of requests (429)"),
        (InvokeTimeoutError(), "h does not answer in time"),
        (failed(BadRequestError, 400, "InvalidRequest"), "h answers 400 InvalidRequest"),
        (failed(BadRequestError, 502), "h answers 502"),
        (BadRequestError(), "h cannot be used (BadRequestError: )"),
        (caused(), f"h cannot be used (OSError: {'x' * 200})"),
    ],
)
def test_a_failure_is_a_few_words(error, text):
    assert explain(error, "h") == text


POST = {
    "uri": "at://1",
    "cid": "c",
    "author": {"handle": "a"},
    "record": {"createdAt": "2025-02-21T10:00:00Z", "text": "t"},
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"author": None}, "author is missing"),
        ({"uri": 1}, "uri is missing or no text"),
        ({"record": {**POST["record"], "langs": "ca"}}, "langs is no list of texts: 'ca'"),
        ({"record": {**POST["record"], "langs": [1]}}, "langs is no list of texts: [1]"),
    ],
)
def test_a_post_that_is_passed_over_says_why(change, message):
    with pytest.raises(BadPostError) as bad:
        record_of({**POST, **change})
    assert str(bad.value) == message


@pytest.mark.parametrize(
    ("given", "written"), [(None, None), ("", None), ("name", "name"), (5, "5"), ({"a": 1}, '{"a": 1}')]
)
def test_an_optional_field_is_text_or_null(given, written):
    value = json.loads(record_of({**POST, "author": {"handle": "a", "displayName": given}}).value)
    assert value["payload"]["author"] == {"handle": "a", "displayName": written, "avatar": None}


def test_a_post_without_an_address_is_known_by_its_content():
    assert key_of({"uri": "at://1", "x": 1}) == "at://1"
    assert key_of({"uri": 1, "b": 1, "a": 2}) == '{"a": 2, "b": 1, "uri": 1}'
    assert key_of(["x"]) == '["x"]'
