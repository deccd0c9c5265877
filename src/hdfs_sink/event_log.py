"""The sink's log: a live line on a terminal, lines of key=value elsewhere (https://brandur.org/logfmt)."""

from __future__ import annotations

import os
import re
import shutil
import sys
import threading
from datetime import UTC, datetime
from typing import Any, TextIO

PLAIN = re.compile(r'[^\s"=]+')
PRIORITY = {"error": "<3>", "warning": "<4>", "info": "<6>"}
"""Prefixes by which journald knows the priority of a line (sd-daemon(3))."""


class EventLog:
    """Writes events. Each has a level, a name, a text and fields.

    Args:
        stream: default: standard error.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self.terminal = self._stream.isatty()
        self._journal = "JOURNAL_STREAM" in os.environ
        self._live = False
        self._lock = threading.Lock()

    def event(self, name: str, text: str, level: str = "info", **fields: Any) -> None:
        """Write an event.

        Args:
            name: one word for programs.
            text: a sentence for people.
            level: info, warning or error.
            fields: data of the event.
        """
        if self.terminal:
            self._line(f"{'' if level == 'info' else level + ': '}{text}")
            return
        pairs = {"level": level, "event": name, **fields, "msg": text}
        if not self._journal:
            pairs = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **pairs}
        self._line((PRIORITY[level] if self._journal else "") + logfmt(pairs))

    def live(self, text: str) -> None:
        """Show a line that the next one replaces; only on a terminal."""
        if self.terminal:
            with self._lock:
                width = shutil.get_terminal_size((100, 24)).columns - 1
                self._stream.write(f"\r\x1b[K{text[:width]}")
                self._stream.flush()
                self._live = True

    def _line(self, text: str) -> None:
        with self._lock:
            self._stream.write(f"{chr(13) + chr(27) + '[K' if self._live else ''}{text}\n")
            self._stream.flush()
            self._live = False


def logfmt(pairs: dict[str, Any]) -> str:
    """Pairs as one line of key=value, quoted if needed."""
    return " ".join(f"{key}={_quoted(value)}" for key, value in pairs.items())


def _quoted(value: Any) -> str:
    text = str(value)
    if PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
