"""What ./lab shows while it works: one line a phase, and on a terminal a running line."""

from __future__ import annotations

import shutil
import sys
from typing import TextIO

from cli.ui.printable import printable

WIDTH = 24
CLEAR = "\r\x1b[2K"


def phase_line(name: str, seconds: float, note: str = "") -> str:
    """`  Kafka .................... 12.3 s  (4 changed)`.

    Args:
        name: the phase.
        seconds: how long it took.
        note: what stands in brackets, if anything.
    """
    return f"  {f'{name} '.ljust(WIDTH, '.')} {seconds:6.1f} s{f'  ({note})' if note else ''}"


class Screen:
    """Prints finished lines, and rewrites one running line where a terminal shows it.

    Args:
        out: where to print.
        live: whether to show the running line; default: only on a terminal.
        quiet: show nothing at all.
    """

    def __init__(self, out: TextIO | None = None, live: bool | None = None, quiet: bool = False) -> None:
        self.quiet = quiet
        self.out = out or sys.stdout
        self.live = self.out.isatty() if live is None else live
        self._running = False

    def running(self, name: str, seconds: float, what: str) -> None:
        """Show what is under way; nothing where no terminal is."""
        if self.live:
            line = f"{phase_line(name, seconds)}  {what}"
            self.out.write(CLEAR + printable(line)[: shutil.get_terminal_size().columns - 1])
            self.out.flush()
            self._running = True

    def clear(self) -> None:
        """Take the running line away."""
        if self._running:
            self.out.write(CLEAR)
            self._running = False

    def line(self, text: str = "") -> None:
        """Print a line that stays."""
        self.clear()
        if not self.quiet:
            print(printable(text), file=self.out, flush=True)
