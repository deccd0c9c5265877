"""A batch: rows of one partition that are written and committed together."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from hdfs_sink.hdfs.names import DAYS


@dataclass(frozen=True)
class Limits:
    """When a batch is written.

    Args:
        rows: after this many rows.
        bytes: at this size, or at the first row above it.
        seconds: this long after the first record of the batch came, also if no more come.
    """

    rows: int
    bytes: int
    seconds: float


@dataclass
class Batch:
    """Records that are committed together.

    Args:
        start: first offset of the batch: the next one for HDFS before it.
        end: next offset for HDFS after it.
        files: rows by day, `-` if files are not laid out by day; empty if there are no rows.
        rows: their number.
        poison: records without a row, each with the reason.
        gaps: offsets without a record, as (first, first after).
        lost: those gaps that the log had deleted before they were read; None: not known yet.
        sure: whether its records are known to be of the topic that the position belongs to.
        began: start of the first attempt to write it (time.monotonic).
        upload: of its rows, until the result was read.
        attempt: name of the staged rows, once they are written.
        reported: whether its dead letters and gaps are reported.
        committed: whether the position is after it.
    """

    start: int
    end: int
    files: dict[str, bytes]
    rows: int
    poison: list[tuple[Any, str]]
    gaps: list[tuple[int, int]]
    lost: list[tuple[int, int]] | None = None
    sure: bool = False
    began: float = 0.0
    upload: Future[None] | None = None
    attempt: str = ""
    reported: bool = False
    committed: bool = False

    @property
    def day(self) -> str:
        """The day of all its rows, `-` if there is none; DAYS if there are several."""
        return DAYS if len(self.files) > 1 else next(iter(self.files), "-")

    @property
    def bytes(self) -> int:
        """Size of its rows."""
        return sum(map(len, self.files.values()))
