"""The download that runs beside the playbooks, as the screen shows it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from cli.engine import process
from cli.ui.screen import phase_line

NAME = "Downloads"
IMAGE = Path("/run/streaming-lab-image.progress")
"""What the making of the hosts' image is at (module lab_image); it can be silent while packages are set up."""
IMAGE_STALE_SECONDS = 60
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
    """What the making of the hosts' image is at; empty where none is made."""
    try:
        fresh = time.time() - path.stat().st_mtime < IMAGE_STALE_SECONDS
        return path.read_text(encoding="utf-8").strip() if fresh else ""
    except OSError:
        return ""


class Fetching:
    """A process that fills an artifact cache. Without one, transfers of other processes into the cache are shown.

    Args:
        cache: the artifact cache.
        child: the process, which leads a process group.
        log: path of its output, as the screen shows it.
        helper: another process that prepares files for the hosts; it is not shown.
        image: file with the progress of the hosts' image.
    """

    def __init__(
        self,
        cache: Path,
        child: subprocess.Popen[bytes] | None = None,
        log: str = "",
        helper: subprocess.Popen[bytes] | None = None,
        image: Path = IMAGE,
    ) -> None:
        self._cache = cache
        self._image = image
        self._child = child
        self._helper = helper
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
        self._child = None
        note = f"not finished; the phase Artifacts fetches what is missing; log: {self._log}" if failed else ""
        return [phase_line(NAME, time.monotonic() - self._began, note)]

    def stop(self) -> None:
        """End the processes that run."""
        for child in (self._child, self._helper):
            if child and child.poll() is None:
                process.stop(child)
