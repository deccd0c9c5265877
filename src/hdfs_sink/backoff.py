"""Why the sink waits, since when, and when it tries again. It tries for ever."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

DELAYS = (0.2, 0.5, 1.0, 2.0, 3.0)
"""Seconds before each try; the last value repeats."""


@dataclass
class Backoff:
    """The failures of one kind of work since its last success."""

    why: str = ""
    tries: int = 0
    since: float = 0.0
    until: float = field(default=0.0)

    def failed(self, why: str, now: float) -> bool:
        """Note a failure.

        Args:
            why: the reason in one line.
            now: seconds of a monotonic clock.
        Returns:
            whether the reason is new.
        """
        is_new = not self.tries or why != self.why
        self.since = self.since if self.tries else now
        self.until = now + DELAYS[min(self.tries, len(DELAYS) - 1)]
        self.tries += 1
        self.why = why
        return is_new

    def worked(self) -> float:
        """Note a success; returns the seconds since the first failure."""
        seconds = time.monotonic() - self.since if self.tries else 0.0
        self.why, self.tries, self.until = "", 0, 0.0
        return seconds

    def waiting(self, now: float) -> bool:
        """Whether it is too early for the next try."""
        return now < self.until

    def __str__(self) -> str:
        return f"waiting: {self.why} (try {self.tries})" if self.tries else ""


def brief(error: BaseException) -> str:
    """An error as one line of at most 240 characters; an error with the attribute `whole` is never cut."""
    text = " ".join(str(error).split()) or type(error).__name__
    if text.startswith("('"):
        # urllib3's pair of a text and its cause.
        text = f"no answer: {text.strip('()')}"
    for mark in ("Max retries exceeded with url: ", "HTTPConnectionPool("):
        if mark in text:
            # requests' own text holds the whole URL twice.
            text = (
                f"no answer: {text[text.rfind('(Caused by ') + 11 :].removesuffix(')')}"
                if "(Caused by " in text
                else text
            )
            break
    return text if len(text) <= 240 or getattr(error, "whole", False) else f"{text[:237]}..."
