"""Waiting: poll until something holds, with a deadline, and say what was there instead."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def until(
    look: Callable[[], Any], holds: Callable[[Any], bool], seconds: float, expected: str, pause: float = 0.1
) -> Any:
    """Look again and again until what is seen is right.

    Args:
        look: returns what is there now.
        holds: whether that is right.
        seconds: how long to go on.
        expected: what is waited for, for the message.
        pause: seconds between two looks, or as long as a look takes.

    Returns:
        What was seen when it was right.

    Raises:
        AssertionError: at the deadline, with what was expected and what was seen last.
    """
    deadline = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        seen = look()
        if holds(seen):
            return seen
        now = time.monotonic()
        if now > deadline:
            raise AssertionError(f"waited {seconds:g} s\nexpected: {expected}\narrived:  {brief(seen)}")
        # At least half of the time is left to what is waited for, and to other cases.
        time.sleep(max(pause, now - began))


def brief(seen: Any, length: int = 3000) -> str:
    """What was seen as text, its middle left out where it is long."""
    text = seen if isinstance(seen, str) else repr(seen)
    return text if len(text) <= length else f"{text[: length // 2]}\n[...]\n{text[-length // 2 :]}"
