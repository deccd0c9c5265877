"""Waiting after failures, and errors that become one line."""

from __future__ import annotations

import pytest

from hdfs_sink import backoff
from hdfs_sink.backoff import brief


def test_waiting_grows_to_its_bound_and_is_told_once(monkeypatch):
    waiting = backoff.Backoff()
    assert [waiting.failed("down", 100.0) for _ in range(3)] == [True, False, False]
    assert waiting.waiting(100.9) and not waiting.waiting(101.0)
    assert waiting.failed("refused", 200.0)
    assert str(waiting) == "waiting: refused (try 4)"
    waiting.worked()
    assert str(waiting) == "" and not waiting.waiting(0.0)


def test_a_long_error_of_requests_becomes_one_short_line():
    error = OSError(
        "HTTPConnectionPool(host='h', port=1): Max retries exceeded with url: /webhdfs/v1/x?op=LISTSTATUS "
        "(Caused by NewConnectionError('Connection refused'))"
    )
    assert backoff.brief(error) == "no answer: NewConnectionError('Connection refused')"


class WholeError(Exception):
    """An error that is shown uncut."""

    whole = True


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("two\n lines"), "two lines"),
        (ValueError(), "ValueError"),
        (ValueError("x" * 240), "x" * 240),
        (ValueError("x" * 241), "x" * 237 + "..."),
        (WholeError("x" * 241), "x" * 241),
        (ValueError("('Connection aborted.', Gone())"), "no answer: 'Connection aborted.', Gone"),
        (ValueError("Max retries exceeded with url: /a (Caused by New('no'))"), "no answer: New('no')"),
        (ValueError("HTTPConnectionPool(host): Read timed out."), "HTTPConnectionPool(host): Read timed out."),
    ],
)
def test_an_error_is_one_line(error, text):
    assert brief(error) == text
