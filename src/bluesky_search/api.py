"""Bluesky's search with the atproto SDK: keeps and renews one session, and tries again after errors."""

from __future__ import annotations

import hashlib
import json
import math
import random
import time
from collections.abc import Callable
from typing import Any

from atproto_client import Client, Session, SessionEvent
from atproto_client.exceptions import (
    BadRequestError,
    InvokeTimeoutError,
    LoginRequiredError,
    RateLimitExceededError,
    RequestErrorBase,
    UnauthorizedError,
)
from atproto_client.models.app.bsky.feed.search_posts import Params
from atproto_client.models.common import XrpcError
from atproto_client.request import Request

from bluesky_search.settings import Settings

LIMIT = 100
"""Posts of a page, the maximum of app.bsky.feed.searchPosts."""
LONGEST_PAUSE = 300.0
"""Seconds between two attempts while a server fails; at most an hour if the server names a time."""
SESSION_OVER = ("ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired")


class RefusedError(Exception):
    """Bluesky refuses the account. More attempts would be refused too, and count against its limit."""


class Bluesky:
    """A session at Bluesky. Each call tries until it has an answer; it reports each failure and calls `wait`."""

    def __init__(
        self, settings: Settings, report: Callable[[str], None], wait: Callable[[float], None], timeout: float = 30
    ) -> None:
        """Makes no request yet.

        Args:
            settings: the account and the server.
            report: takes one line about a failure.
            wait: waits a number of seconds; may raise to end the call.
            timeout: seconds for one answer.
        """
        self._settings, self._report, self._wait, self._timeout = settings, report, wait, timeout
        self._file = settings.state_dir / "session"
        self._account = _fingerprint(settings)
        self._client = self._new_client()
        self._has_session = self._restore()

    def search(self, cursor: str | None) -> tuple[list[Any], str | None]:
        """Return one page of the search, newest post first, and the cursor of the next page.

        Posts are as the server sent them: the SDK's models would refuse a whole page for one invalid post.

        Raises:
            RefusedError: if the account is refused.
        """
        tries = 0
        while True:
            try:
                if not self._has_session:
                    self._log_in()
                params = Params(q=self._settings.search_term, limit=LIMIT, sort="latest", cursor=cursor)
                answer = self._client.invoke_query("app.bsky.feed.searchPosts", params=params)
                body = answer.content
                if not isinstance(body, dict) or not isinstance(body.get("posts"), list):
                    raise ValueError("the answer holds no posts")
                return body["posts"], body.get("cursor") or None
            except RefusedError:
                raise
            except (UnauthorizedError, BadRequestError, LoginRequiredError) as error:
                if tries and not _session_is_over(error):
                    cursor = None  # the server no longer knows the cursor
                if self._has_session and (isinstance(error, LoginRequiredError) or _session_is_over(error)):
                    self._forget()
                    if not tries:  # the end of an old session is normal: log in and continue
                        tries = 1
                        continue
                tries = self._pause(error, tries)
            except Exception as error:  # any error of network, TLS or server: report it, wait, try again
                tries = self._pause(error, tries)

    def _log_in(self) -> None:
        self._client = self._new_client()
        try:
            self._client.login(self._settings.identity, self._settings.password, fetch_bsky_profile=False)
        except RateLimitExceededError:
            raise
        except (UnauthorizedError, BadRequestError) as error:
            if error.response is None or error.response.status_code == 403:  # a proxy, not the account
                raise
            raise RefusedError(
                f"{self._settings.host} refuses the login of {self._settings.identity} ({_reason(error)}): check "
                "bluesky_identity and bluesky_password (an app password), then run ./lab up"
            ) from None
        self._has_session = True

    def _pause(self, error: Exception, tries: int) -> int:
        tries += 1
        seconds = pause_after(error, tries, time.time())
        until = time.strftime("%H:%M:%S", time.gmtime(time.time() + seconds))
        self._report(f"waiting: {explain(error, self._settings.host)}; try {tries + 1} at {until} UTC")
        self._wait(seconds)
        return tries

    def _new_client(self) -> Client:
        client = Client(self._settings.service_url, request=Request(timeout=self._timeout))
        client.on_session_change(self._keep)
        return client

    def _restore(self) -> bool:
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            if kept["account"] != self._account:
                return False
            self._client.login(session_string=kept["session"], fetch_bsky_profile=False)
        except (OSError, ValueError, KeyError, TypeError):
            return False
        return True

    def _keep(self, event: SessionEvent, session: Session) -> None:
        if event is not SessionEvent.IMPORT:
            new = self._file.with_suffix(".new")
            new.touch(mode=0o600)
            new.write_text(json.dumps({"account": self._account, "session": session.export()}), encoding="utf-8")
            new.replace(self._file)

    def _forget(self) -> None:
        self._file.unlink(missing_ok=True)
        self._has_session = False


def pause_after(error: Exception, tries: int, now: float) -> float:
    """The seconds to wait after a failed attempt.

    A time that the server names (`retry-after`, `ratelimit-reset`) counts, plus up to two seconds, because a class of
    thirty shares one address. Otherwise the time doubles after each failure, with a random part of up to its half.

    Args:
        error: the failure.
        tries: number of failed attempts, 1 or more.
        now: seconds since 1970.
    """
    # If the search refuses a new session, each attempt logs in again, and there are 300 logins a day.
    longest = LONGEST_PAUSE * 4 if isinstance(error, UnauthorizedError) else LONGEST_PAUSE
    own = min(longest, 2.0 ** min(tries, 20))
    if isinstance(error, RateLimitExceededError):
        reset = error.reset_at.timestamp() - now if error.reset_at else None
        named = error.retry_after if error.retry_after is not None else reset
        if named is not None and math.isfinite(named):
            return min(max(named, 1.0), 3600.0) + random.uniform(0, 2)  # noqa: S311
        own = max(own, 30.0)
    return random.uniform(own / 2, own)  # noqa: S311


def explain(error: Exception, host: str) -> str:
    """Describe a failure in a few words."""
    if isinstance(error, RateLimitExceededError):
        return f"{host} limits the number of requests (429)"
    if isinstance(error, InvokeTimeoutError):
        return f"{host} does not answer in time"
    if isinstance(error, RequestErrorBase) and error.response is not None:
        return f"{host} answers {_reason(error)}"
    cause = error.__cause__ or error
    return f"{host} cannot be used ({type(cause).__name__}: {str(cause)[:200]})"


def _reason(error: RequestErrorBase) -> str:
    content = error.response.content if error.response else None
    name = content.error if isinstance(content, XrpcError) else ""
    return f"{error.response.status_code if error.response else '?'} {name}".strip()


def _session_is_over(error: Exception) -> bool:
    content = getattr(getattr(error, "response", None), "content", None)
    name = content.error if isinstance(content, XrpcError) else ""
    return isinstance(error, UnauthorizedError) or name in SESSION_OVER


def _fingerprint(settings: Settings) -> str:
    text = "\n".join((settings.service_url, settings.identity, settings.password)).encode()
    return hashlib.scrypt(text, salt=b"streaming-lab bluesky session", n=2**12, r=8, p=1).hex()
