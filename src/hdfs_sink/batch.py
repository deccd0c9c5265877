"""Rows of one partition on their way to HDFS: gathered, and cut into batches that are written as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from hdfs_sink.names import DAYS, NO_DAY, day_of
from hdfs_sink.rows import Poison

DAY = 86_400_000
"""Milliseconds."""
MOST_DAYS = 1000
"""Files that a batch has at most: to give them their names is one step, in which the sink does nothing else."""
Convert = Callable[[Any], tuple[bytes, "int | None"]]


@dataclass(frozen=True)
class Limits:
    """When a batch is written.

    Parameters:
        rows: after this many rows.
        bytes: at this size, or at the first row above it.
        seconds: this long after the first record of the batch came, also when no more come.
    """

    rows: int
    bytes: int
    seconds: float


@dataclass
class Batch:
    """Records that are committed together.

    Parameters:
        start: offset that HDFS wants next.
        end: offset that HDFS wants next when it has this.
        files: rows by day, `-` where files are not laid out by day; empty where there are no rows.
        rows: how many.
        poison: records without a row, each with the reason.
        gaps: offsets that Kafka did not give, as (first, first after).
        lost: those of them that the log had deleted before they were read; None where that was not asked when they were
            seen.
        sure: whether its records are known to be of the topic that HDFS's place is about.
        began: when it was first tried to bring it to HDFS (time.monotonic).
        upload: of its rows, while a thread is at it or until its end was looked at.
        attempt: name of the file that holds the rows while hidden, once it is written.
        reported: whether its dead letters and gaps are where they have to be.
        committed: whether HDFS's place is behind it.
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
        """The day of all its rows, `-` where there is none; DAYS: they have several."""
        return DAYS if len(self.files) > 1 else next(iter(self.files), "-")

    @property
    def bytes(self) -> int:
        """Bytes of its rows."""
        return sum(map(len, self.files.values()))


@dataclass
class Gatherer:
    """Turns records of a partition into batches.

    Parameters:
        next: offset that HDFS wants next.
        convert: makes a row of a record, and says its time in ms; raises Poison.
        limits: when a batch is full.
        by_day: whether rows of each day go to a file of their own.
        backwards: first and last of the offsets that come again though HDFS has them.
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
        """Rows by number of the day since 1970; None: their time is NULL. Without `by_day` all are of day 0."""
        self._poison: list[tuple[Any, str]] = []
        self._gaps: list[tuple[int, int]] = []
        self._lost: list[tuple[int, int]] | None = []
        self._since: float | None = None
        self._full = False
        self.size = 0
        self._known: tuple[dict[int | None, int], int, int, int, int] = ({}, 0, 0, 0, self.expected)

    @property
    def rows(self) -> int:
        """Rows that are in no batch yet."""
        return sum(map(len, self._days.values()))

    @property
    def waiting(self) -> int:
        """Records that were taken and are in no batch yet: rows, poison, and what is not looked at."""
        return self.rows + len(self._poison) + len(self._records) - self._at

    @property
    def busy(self) -> bool:
        """Whether no more may be taken: not all that came is looked at, or it fills a batch."""
        return self._full or self._at < len(self._records)

    def has_gap(self, records: Sequence[Any]) -> bool:
        """Whether offsets lack in or before what a poll gave."""
        first, last = records[0].offset, records[-1].offset
        return first > self.expected or last - first >= len(records)

    def be_sure(self) -> None:
        """Note that all that was taken is of the topic that HDFS's place is about."""
        self._sure = True

    def forget(self) -> int:
        """Take back what was taken since `be_sure`.

        Returns:
            how many records.
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
        """Note that the log begins later than at the offset that is expected, and that nothing comes any more.

        Parameters:
            log_start: first offset that the log has.
            now: seconds, as in `take`.
        """
        self._gaps.append((self.expected, log_start))
        if self._lost is not None:
            self._lost.append((self.expected, log_start))
        self.expected = log_start
        self._since = now if self._since is None else self._since

    def take(self, records: Sequence[Any], now: float, log_start: int | None = None) -> None:
        """Take what a poll gave; only after `cut` has returned None, or `look`.

        Parameters:
            records: of this partition, in their order; none may be taken while it is `busy`.
            now: seconds of a clock that only goes forward.
            log_start: first offset that the log had after that poll; needed where offsets lack.
        """
        if self._sure:
            days = {day: len(lines) for day, lines in self._days.items()}
            self._known = (days, len(self._poison), len(self._gaps), len(self._lost or []), self.expected)
            self._sure = False
        self._records, self._at, self.log_start = records, 0, log_start
        if self._since is None and records:
            self._since = now

    def due(self, now: float) -> float:
        """Seconds until a batch is due because of its age; a long time where nothing waits."""
        return 3600.0 if self._since is None else self._since + self.limits.seconds - now

    def look(self) -> None:
        """Make rows of the records that were taken, until a batch is full."""
        self._full = self._full or self._fill()

    def cut(self, now: float, finish: bool = False) -> Batch | None:
        """Look at the records that were taken, and make a batch if one is full or old enough.

        Parameters:
            now: seconds, as in `take`.
            finish: make a batch of what there is.
        Returns:
            a batch; call again. None: there is no more to do before records come or time passes.
        """
        self.look()
        if self._full:
            # The rest of the records came with the same poll.
            return self._batch(now if self._at < len(self._records) else None)
        if self._since is not None and (finish or self.due(now) <= 0):
            return self._batch(None)
        return None

    def _fill(self) -> bool:
        """Make rows until a batch is full (True) or no record is left (False)."""
        records, convert, by_day, days = self._records, self.convert, self.by_day, self._days
        most, room, expected = (
            self.limits.rows - self.rows - len(self._poison),
            self.limits.bytes - self.size,
            self.expected,
        )
        day, lines, full = 0, [] if by_day else days.setdefault(0, []), False
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
                        if len(days) >= MOST_DAYS:
                            full = True
                            break
                    # Not before day_of: the next row of a refused day must be refused, too.
                    day, lines = new_day, days.setdefault(new_day, [])
            except (Poison, OverflowError) as reason:
                why = str(reason) if isinstance(reason, Poison) else "its time is in no year of the calendar"
                self._poison.append((record, why))
                room -= len(record.value or b"") + len(record.key or b"")
                line = b""
            if offset != expected:
                self._note_gap(expected, offset)
            expected = offset + 1
            most -= 1
            if line:
                lines.append(line)
                room -= len(line)
            if room <= 0 or most <= 0:
                number += 1
                full = True
                break
        else:
            number = len(records)
        self._at, self.expected = number, expected
        self.size = self.limits.bytes - room
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
        batch = Batch(self.next, self.expected, files, self.rows, self._poison, self._gaps, self._lost, self._sure)
        self.next = self.expected
        self._begin()
        self._since = since
        return batch

    def _name(self, day: int | None) -> str:
        if not self.by_day:
            return "-"
        return NO_DAY if day is None else day_of(day * DAY)
