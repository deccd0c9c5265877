"""The download that runs beside the playbooks, as the screen shows it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from cli.engine import process
from cli.ui.screen import phase_line

NAME = "Downloads"
IMAGE = Path("/run/streaming-lab-image.progress")
"""Progress of the image build: the id of the process that writes it (module lab_image), and a text."""
MB = 1e6
STALE_SECONDS = 10
"""Age of a progress file that a killed process has left; a running one writes it twice a second."""


def progress(cache: Path) -> str:
    """Progress of a transfer into an artifact cache: `84 of 199 MB, 21.4 MB/s`; empty without a transfer.

    Args:
        cache: its file `progress` has the bytes received, bytes in all, and the start (epoch seconds).
    """
    path = cache / "progress"
    try:
        received, total, began = (float(word) for word in path.read_text(encoding="ascii").split())
        age = time.time() - path.stat().st_mtime
    except (OSError, ValueError):
        return ""
    if age > STALE_SECONDS:
        return ""
    rate = received / MB / max(1.0, time.time() - began)
    return f"{received / MB:.0f} of {total / MB:.0f} MB, {rate:.1f} MB/s"


def image_progress(path: Path = IMAGE) -> str:
    """Progress of the image build; empty without one, and for a file that a killed process has left."""
    try:
        writer, _, text = path.read_text(encoding="utf-8").strip().partition(" ")
    except OSError:
        return ""
    return text if Path("/proc", writer).is_dir() else ""


class Fetching:
    """A process that fills an artifact cache. Without one, transfers of other processes into the cache are shown.

    Args:
        cache: the artifact cache.
        child: the process, which leads a process group.
        log: path of its output, as the screen shows it.
        record: starts a process that records class-data archives, once the child has ended well; it is not shown.
        image: file with the progress of the hosts' image.
    """

    def __init__(
        self,
        cache: Path,
        child: subprocess.Popen[bytes] | None = None,
        log: str = "",
        record: Callable[[], subprocess.Popen[bytes]] | None = None,
        image: Path = IMAGE,
    ) -> None:
        self._cache = cache
        self._image = image
        self._child = child
        self._record = record
        self._recording: subprocess.Popen[bytes] | None = None
        self._log = log
        self._began = time.monotonic()

    def running(self) -> list[str]:
        """Lines to show while it runs."""
        transfer, image = progress(self._cache), image_progress(self._image)
        lines = [f"  Image: {image}"] if image else []
        if self._child:
            return [*lines, f"{phase_line(NAME, time.monotonic() - self._began)}  {transfer}"]
        return [*lines, f"  {NAME}: {transfer}"] if transfer else lines

    def ended(self) -> list[str]:
        """The final line, once after the end of the process."""
        if not self._child or self._child.poll() is None:
            return []
        failed = self._child.returncode != 0
        if self._record and not failed:
            self._recording = self._record()
        self._child = None
        note = f"not finished; the phase Artifacts fetches what is missing; log: {self._log}" if failed else ""
        return [phase_line(NAME, time.monotonic() - self._began, note)]

    def stop(self) -> None:
        """End the processes that run."""
        for child in (self._child, self._recording):
            if child and child.poll() is None:
                process.stop(child)
