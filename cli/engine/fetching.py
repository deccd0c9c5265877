"""The process that fills an empty artifact cache beside the first playbook, as the screen shows it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from cli.engine import process
from cli.ui.screen import phase_line

NAME = "Downloads"
MB = 1e6


def progress(cache: Path) -> str:
    """How far a transfer into an artifact cache is: `84 of 199 MB, 21.4 MB/s`; empty where none is under way.

    Args:
        cache: its file `progress` has the bytes that are there, all bytes, and when the transfer began (epoch seconds).
    """
    try:
        done, total, began = (float(word) for word in (cache / "progress").read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return ""
    rate = done / MB / max(1.0, time.time() - began)
    return f"{done / MB:.0f} of {total / MB:.0f} MB, {rate:.1f} MB/s"


class Fetching:
    """A process that fills an artifact cache, or the work of another one on it.

    Args:
        cache: the artifact cache.
        child: the process, which leads a group; none where the cache has what a lab needs.
        log: its output, as the screen shows the path.
    """

    def __init__(self, cache: Path, child: subprocess.Popen[bytes] | None = None, log: str = "") -> None:
        self._cache = cache
        self._child = child
        self._log = log
        self._began = time.monotonic()

    def running(self) -> list[str]:
        """Lines to show while it runs."""
        how_far = progress(self._cache)
        if self._child:
            return [f"{phase_line(NAME, time.monotonic() - self._began)}  {how_far}"]
        return [f"  {NAME}: {how_far}"] if how_far else []

    def ended(self) -> list[str]:
        """The line that stays when the process has ended; given once."""
        if not self._child or self._child.poll() is None:
            return []
        failed = self._child.returncode != 0
        self._child = None
        note = f"not finished; the phase Artifacts fetches what is missing; log: {self._log}" if failed else ""
        return [phase_line(NAME, time.monotonic() - self._began, note)]

    def stop(self) -> None:
        """End the process, if it runs."""
        if self._child and self._child.poll() is None:
            process.stop(self._child)
