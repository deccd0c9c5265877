"""Lines in HDFS that a program under test appends, counted exactly: neither a line too many nor a late one passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from verify.support.waits import brief, until


class Target(NamedTuple):
    """A file of HDFS, or the files of a folder in their order.

    Args:
        name: for messages.
        read: returns all its lines.
        before: number of lines before the program started.
        wanted: number of lines that the program must append.
    """

    name: str
    read: Callable[[], list[str]]
    before: int
    wanted: int

    def wait(self, seconds: float = 30) -> None:
        """Wait until all lines are there.

        Raises:
            AssertionError: at the deadline.
        """
        expected = f"{self.wanted} new lines in {self.name}"
        until(self.read, lambda lines: len(lines) >= self.before + self.wanted, seconds, expected)

    def appended(self) -> list[str]:
        """Read the appended lines again; call it when the program has ended.

        Raises:
            AssertionError: their number is not `wanted`.
        """
        lines = self.read()[self.before :]
        assert len(lines) == self.wanted, (
            f"{self.name}: {len(lines)} new lines, not {self.wanted}:\n{brief(chr(10).join(lines))}"
        )
        return lines


def in_order(files: Mapping[str, list[str]]) -> list[str]:
    """Lines of several files, in the order of the files' paths."""
    return [line for path in sorted(files) for line in files[path]]
