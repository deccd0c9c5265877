"""What the sink says: a live line at a terminal, lines of key=value elsewhere (https://brandur.org/logfmt)."""

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
"""How journald takes a line's priority (sd-daemon(3))."""


class Say:
    """Writes lines. Every one has a level, the event's name, and fields."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Look where the lines go.

        Parameters:
            stream: default: standard error.
        """
        self._stream = stream or sys.stderr
        self.terminal = self._stream.isatty()
        self._journal = "JOURNAL_STREAM" in os.environ
        self._shown = False
        self._lock = threading.Lock()

    def event(self, name: str, text: str, level: str = "info", **fields: Any) -> None:
        """Say that something has happened.

        Parameters:
            name: one word for it, for programs.
            text: the same for people.
            level: info, warning or error.
            fields: what belongs to it.
        """
        if self.terminal:
            self._line(f"{'' if level == 'info' else level + ': '}{text}")
            return
        pairs = {"level": level, "event": name, **fields, "msg": text}
        if not self._journal:
            pairs = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **pairs}
        self._line((PRIORITY[level] if self._journal else "") + logfmt(pairs))

    def live(self, text: str) -> None:
        """Show a line that the next one replaces; at a terminal only."""
        if self.terminal:
            with self._lock:
                width = shutil.get_terminal_size((100, 24)).columns - 1
                self._stream.write(f"\r\x1b[K{text[:width]}")
                self._stream.flush()
                self._shown = True

    def _line(self, text: str) -> None:
        with self._lock:
            self._stream.write(f"{chr(13) + chr(27) + '[K' if self._shown else ''}{text}\n")
            self._stream.flush()
            self._shown = False


def logfmt(pairs: dict[str, Any]) -> str:
    """Pairs as one line of key=value, quoted where need be."""
    return " ".join(f"{key}={_quoted(value)}" for key, value in pairs.items())


def _quoted(value: Any) -> str:
    text = str(value)
    if PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
