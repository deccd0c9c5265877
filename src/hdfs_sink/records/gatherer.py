"""Gathers the rows of one partition and cuts them into batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hdfs_sink.hdfs.names import NO_DAY, day_of
from hdfs_sink.records.batch import Batch, Limits
from hdfs_sink.records.rows import Poison

DAY = 86_400_000
"""Milliseconds."""
MAX_DAYS = 1000
"""Most files of a batch: renaming them all is one step, in which the sink does nothing else."""
Convert = Callable[[Any], tuple[bytes, "int | None"]]


@dataclass
class Gatherer:
    """Turns records of a partition into batches.

    Args:
        next: next offset for HDFS.
        convert: turns a record into a row and its time in ms; raises Poison.
        limits: when a batch is full.
        by_day: whether each day has its own file.
        backwards: first and last offset of records that come again although HDFS has them.
    """

    next: int
    convert: Convert
    limits: Limits
    by_day: bool = False
    backwards: tuple[int, int] | None = field(default=None, init=False)
    size: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.expected = self.next
        self.log_start: int | None = None
        self._records: Sequence[Any] = ()
        self._at = 0
        self._sure = True
        self._begin()

    def _begin(self) -> None:
        self._days: dict[int | None, list[bytes]] = {}
        """Rows by day since 1970; None: their time is NULL. Without `by_day` all rows are of day 0."""
        self._poison: list[tuple[Any, str]] = []
        self._gaps: list[tuple[int, int]] = []
        self._lost: list[tuple[int, int]] | None = []
        self._since: float | None = None
        self._full = False
        self.size = 0
        self._known: tuple[dict[int | None, int], int, int, int, int] = ({}, 0, 0, 0, self.expected)

    @property
    def rows(self) -> int:
        """Number of rows that are not in a batch yet."""
        return sum(map(len, self._days.values()))

    @property
    def waiting(self) -> int:
        """Number of records that are not in a batch yet: rows, poison, and unread records."""
        return self.rows + len(self._poison) + len(self._records) - self._at

    @property
    def busy(self) -> bool:
        """Whether no more records may be taken: some are unread, or a batch is full."""
        return self._full or self._at < len(self._records)

    def has_gap(self, records: Sequence[Any]) -> bool:
        """Whether offsets are missing in or before the records of a poll."""
        first, last = records[0].offset, records[-1].offset
        return first > self.expected or last - first >= len(records)

    def be_sure(self) -> None:
        """Note that all records until now are of the topic that the position belongs to."""
        self._sure = True

    def forget(self) -> int:
        """Drop the records that were taken since `be_sure`.

        Returns:
            their number.
        """
        if self._sure:
            return 0
        before = self.waiting
        days, poison, gaps, lost, self.expected = self._known
        self._days = {day: self._days[day][:count] for day, count in days.items()}
        del self._poison[poison:], self._gaps[gaps:]
        if self._lost is not None:
            del self._lost[lost:]
        self._records, self._at, self._sure, self._full = (), 0, True, False
        return before - self.waiting

    def miss(self, log_start: int, now: float) -> None:
        """Note that the log begins after the expected offset, and that no records come.

        Args:
            log_start: first offset of the log.
            now: seconds, as in `take`.
        """
        self._gaps.append((self.expected, log_start))
        if self._lost is not None:
            self._lost.append((self.expected, log_start))
        self.expected = log_start
        self._since = now if self._since is None else self._since

    def take(self, records: Sequence[Any], now: float, log_start: int | None = None) -> None:
        """Take the records of a poll, unless it is `busy`.

        Args:
            records: of this partition, in their order.
            now: seconds of a monotonic clock.
            log_start: first offset of the log after that poll; needed if offsets are missing.
        """
        if self._sure:
            days = {day: len(lines) for day, lines in self._days.items()}
            self._known = (days, len(self._poison), len(self._gaps), len(self._lost or []), self.expected)
            self._sure = False
        self._records, self._at, self.log_start = records, 0, log_start
        if self._since is None and records:
            self._since = now

    def due(self, now: float) -> float:
        """Seconds until a batch is due because of its age; an hour if there are no records."""
        return 3600.0 if self._since is None else self._since + self.limits.seconds - now

    def look(self) -> None:
        """Turn records into rows until a batch is full."""
        self._full = self._full or self._fill()

    def cut(self, now: float, finish: bool = False) -> Batch | None:
        """Turn records into rows, and make a batch if it is full or old enough.

        Args:
            now: seconds, as in `take`.
            finish: make a batch of any rows.
        Returns:
            a batch; call again. None: more records or more time are needed.
        """
        self.look()
        if self._full:
            # Unread records came with the same poll.
            return self._batch(now if self._at < len(self._records) else None)
        if self._since is not None and (finish or self.due(now) <= 0):
            return self._batch(None)
        return None

    def _fill(self) -> bool:
        """Turn records into rows until a batch is full (True) or all records are read (False)."""
        records, convert, by_day, days = self._records, self.convert, self.by_day, self._days
        expected = self.expected
        rows_left, bytes_left = self.limits.rows - self.rows - len(self._poison), self.limits.bytes - self.size
        day: int | None = 0
        lines, full = [] if by_day else days.setdefault(0, []), False
        number = self._at
        for number in range(self._at, len(records)):
            record = records[number]
            offset = record.offset
            if offset < expected:
                self.backwards = self.backwards or (offset, expected - 1)
                continue
            try:
                line, time = convert(record)
                if by_day and (not lines or time is None or time // DAY != day):
                    new_day = None if time is None else time // DAY
                    if new_day not in days:
                        day_of(time or 0)
                        if len(days) >= MAX_DAYS:
                            full = True
                            break
                    # After day_of: the next row of a refused day must be refused too.
                    day, lines = new_day, days.setdefault(new_day, [])
            except (Poison, OverflowError) as reason:
                why = str(reason) if isinstance(reason, Poison) else "its time is in no year of the calendar"
                self._poison.append((record, why))
                bytes_left -= len(record.value or b"") + len(record.key or b"")
                line = b""
            if offset != expected:
                self._note_gap(expected, offset)
            expected = offset + 1
            rows_left -= 1
            if line:
                lines.append(line)
                bytes_left -= len(line)
            if bytes_left <= 0 or rows_left <= 0:
                number += 1
                full = True
                break
        else:
            number = len(records)
        self._at, self.expected = number, expected
        self.size = self.limits.bytes - bytes_left
        return full

    def _note_gap(self, begin: int, end: int) -> None:
        self._gaps.append((begin, end))
        if self.log_start is None:
            self._lost = None
        elif self._lost is not None and begin < self.log_start:
            self._lost.append((begin, min(end, self.log_start)))

    def _batch(self, since: float | None) -> Batch:
        days = {day: lines for day, lines in self._days.items() if lines}
        files = {self._name(day): b"".join(lines) for day, lines in days.items()}
        batch = Batch(
            start=self.next,
            end=self.expected,
            files=files,
            rows=self.rows,
            poison=self._poison,
            gaps=self._gaps,
            lost=self._lost,
            sure=self._sure,
        )
        self.next = self.expected
        self._begin()
        self._since = since
        return batch

    def _name(self, day: int | None) -> str:
        if not self.by_day:
            return "-"
        return NO_DAY if day is None else day_of(day * DAY)
