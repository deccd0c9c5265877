"""Progress of apt, read from its output and written to a file that ./lab shows."""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path

UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}
SIZE = r"([\d.,]+) ([kMG]?B)"
NEEDED = re.compile(rf"^Need to get {SIZE}")
# After a download was interrupted: "Need to get 12.1 MB/40.2 MB of archives."
RECEIVED = re.compile(rf"^Get:\d+ .*\[{SIZE}\]$")
PACKAGES = re.compile(r"^\d+ upgraded, (\d+) newly installed")
INTERVAL = 0.5


def size(number: str, unit: str) -> float:
    """A size as apt prints it, in bytes."""
    return float(number.replace(",", "")) * UNITS[unit]


class AptProgress:
    """Reads apt's output line by line.

    Args:
        path: the file. It holds the id of this process and a text, in one line.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = 0.0
        self._needed = self._received = 0.0
        self._packages = self._installed = 0
        self._began = time.monotonic()

    def write(self, text: str) -> None:
        """Write a text. A file that cannot be written is no reason to stop."""
        with contextlib.suppress(OSError):
            temporary = self._path.with_name(f"{self._path.name}.part")
            temporary.write_text(f"{os.getpid()} {text}\n", encoding="utf-8")
            temporary.replace(self._path)
        self._written = time.monotonic()

    def read_line(self, line: str) -> None:
        """Account for a line of apt's output."""
        line = line.strip()
        if match := PACKAGES.match(line):
            self._packages, self._installed = int(match[1]), 0
        elif match := NEEDED.match(line):
            self._needed, self._received, self._began = size(*match.groups()), 0.0, time.monotonic()
        elif match := RECEIVED.match(line):
            self._received += size(*match.groups())
        elif line.startswith("Setting up "):
            self._installed += 1
        if self.text and time.monotonic() - self._written > INTERVAL:
            self.write(self.text)

    @property
    def text(self) -> str:
        """`84 of 199 MB, 21.4 MB/s`, then `120 of 310 packages installed`; empty before apt knows the sizes."""
        if self._installed:
            return f"{min(self._installed, self._packages)} of {self._packages} packages installed"
        if not self._needed:
            return ""
        rate = self._received / 1e6 / max(1.0, time.monotonic() - self._began)
        return f"{self._received / 1e6:.0f} of {self._needed / 1e6:.0f} MB, {rate:.1f} MB/s"

    def end(self) -> None:
        """Remove the file."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
