"""What ./lab shows while it works: one line a phase, and on a terminal a line for each that runs."""

from __future__ import annotations

import shutil
import sys
from typing import TextIO

from cli.ui.printable import printable

WIDTH = 24
CLEAR = "\r\x1b[2K"
UP_AND_CLEAR = "\x1b[1A\x1b[2K"


def phase_line(name: str, seconds: float, note: str = "") -> str:
    """`  Kafka .................... 12.3 s  (4 changed)`.

    Args:
        name: the phase.
        seconds: how long it took.
        note: what stands in brackets, if anything.
    """
    return f"  {f'{name} '.ljust(WIDTH, '.')} {seconds:6.1f} s{f'  ({note})' if note else ''}"


class Screen:
    """Prints finished lines, and rewrites the running ones where a terminal shows them.

    Args:
        out: where to print.
        live: whether to show running lines; default: only on a terminal.
        quiet: show nothing at all.
    """

    def __init__(self, out: TextIO | None = None, live: bool | None = None, quiet: bool = False) -> None:
        self.quiet = quiet
        self.out = out or sys.stdout
        self.live = self.out.isatty() if live is None else live
        self._running = 0

    def running(self, lines: list[str]) -> None:
        """Show what is under way, a line each; nothing where no terminal is."""
        if self.live:
            width = shutil.get_terminal_size().columns - 1
            self.clear()
            self.out.write("\n".join(printable(line)[:width] for line in lines))
            self.out.flush()
            self._running = len(lines)

    def clear(self) -> None:
        """Take the running lines away."""
        if self._running:
            self.out.write(CLEAR + UP_AND_CLEAR * (self._running - 1))
            self._running = 0

    def line(self, text: str = "") -> None:
        """Print a line that stays."""
        self.clear()
        if not self.quiet:
            print(printable(text), file=self.out, flush=True)
