"""What the log of a Connect worker tells of its connectors: which failure is retried, whether records are sent.

Lines of a connector's tasks carry `[NAME|task-0]` (KIP-449). Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from ansible_collections.streaming.lab.plugins.module_utils.connect import position as connector_position

LONGEST = 400
# Sentences by which a wrapper says only that something went wrong inside.
EMPTY = (
    "Tolerance exceeded in error handler",
    "An exception occurred in the change event producer",
    "Unrecoverable exception",
)

KILLED = "Task threw an uncaught and unrecoverable exception"
# What a source task logs when its records have arrived.
SENDS = re.compile(r"Committing offsets for [1-9]")
# What Debezium logs before each attempt: proof that it works again only after the newest failure.
CONNECTS = re.compile(r"Connected to binlog at")
REPEATS = 2
"""Failures of one kind that count as retrying: the second one shows that the first retry failed."""
INTERVALS, LEAST_SECONDS, MOST_SECONDS = 3, 15.0, 600.0
"""A failure is over after 3 of its intervals, and not before 15 s. An age above 10 min is that of another time zone."""
# What a worker logs when it starts; its tasks start after that.
WORKER_STARTS = re.compile(r"Kafka Connect (?:worker initializ|start)")


class Entry(NamedTuple):
    """An entry in the log of a connector's task; `text` has the lines of its stack trace."""

    task: str
    level: str
    written: datetime
    text: str

    @property
    def is_failure(self) -> bool:
        """Whether it tells of an error that the task gets over or dies of."""
        return (
            self.level != "INFO"
            and "Exception" in self.text
            and (self.level == "ERROR" or "retry" in self.text.lower())
        )

    @property
    def kind(self) -> str:
        """Its first line without numbers, such as that of the retries that are left."""
        return re.sub(r"\d+", "", self.text.partition("\n")[0])


def root_cause(trace: str) -> str:
    """The sentence of a Java stack trace that says what to mend: the innermost cause with a message.

    Args:
        trace: of a connector or a task; or an entry of the log.
    """
    lines = [line.strip() for line in trace.splitlines() if line.strip()]
    said = [
        *lines[:1],
        *(line.removeprefix("Caused by:").strip() for line in lines[1:] if line.startswith("Caused by:")),
    ]
    for line in reversed(said):
        name, _, message = line.partition(": ")
        if message.strip() and not message.startswith(EMPTY):
            short = name.rpartition(".")[2] if re.fullmatch(r"[\w.$]+", name) else name
            return f"{short}: {message.strip()}"[:LONGEST]
    return (said[-1] if said else "no trace")[:LONGEST]


def retried(journal: str, name: str, now: datetime | None = None) -> str:
    """The reason of the newest failure that a connector's tasks retry without success; empty: there is none.

    A failure counts while a task repeats it. Connect 3.8 logs no success of a sink's retry (its commits are DEBUG), so
    the log of a task that failed once and works again looks like that of one that still fails. But a task that still
    fails logs the failure again after its backoff. So a failure counts if the log has it twice and its last entry is
    not older than three of the intervals between its entries; a backoff at most doubles. One failure may have entries
    of several kinds (Debezium logs an ERROR and a WARN), so each kind counts by itself. Records that a task sends end
    its failures, and so does its death.

    Args:
        journal: of the worker; lines with `[NAME|task-0]` are a connector's.
        name: of the connector.
        now: local time, as the worker writes it; None: every repeated failure counts.
    """
    tasks: dict[str, list[Entry]] = {}
    for entry in _newest_first(journal, name):
        tasks.setdefault(entry.task, []).append(entry)
    return next(filter(None, (_retried_by_task(entries, now) for entries in tasks.values())), "")


def _retried_by_task(entries: Iterable[Entry], now: datetime | None) -> str:
    failures: list[Entry] = []
    for entry in entries:
        # A task that was killed is FAILED; one that runs all the same was restarted since.
        if SENDS.search(entry.text) or KILLED in entry.text or (CONNECTS.search(entry.text) and not failures):
            break
        if entry.is_failure:
            failures.append(entry)
    for kind in dict.fromkeys(entry.kind for entry in failures):
        written = [entry.written for entry in failures if entry.kind == kind]
        if len(written) >= REPEATS and not _is_over(written, now):
            head, _, trace = failures[0].text.partition("\n")
            return root_cause(trace if trace.strip() else head)
    return ""


def _is_over(written: Sequence[datetime], now: datetime | None) -> bool:
    """Whether a failure with entries at these times, the newest first, should have been repeated by now."""
    if now is None:
        return False
    age, interval = (now - written[0]).total_seconds(), (written[0] - written[1]).total_seconds()
    return max(INTERVALS * interval, LEAST_SECONDS) < age < MOST_SECONDS


def purge_logged(journal: str, name: str) -> bool:
    """Whether a connector's task has logged that MySQL purged its position, and has sent no record since.

    Debezium logs "Connected to binlog at" before each such error, so that line proves nothing here.

    Args:
        journal: of the worker; lines with `[NAME|task-0]` are a connector's.
        name: of the connector.
    """
    for entry in _newest_first(journal, name):
        if SENDS.search(entry.text) or KILLED in entry.text:
            return False
        if entry.is_failure and connector_position.PURGED.search(entry.text):
            return True
    return False


def starts_logged(journal: str, name: str) -> bool:
    """Whether the log has the start of the worker, or any line of a connector's tasks.

    Args:
        journal: of the worker.
        name: of the connector.
    """
    return bool(WORKER_STARTS.search(journal)) or any(_newest_first(journal, name))


def _newest_first(journal: str, name: str) -> Iterator[Entry]:
    mark = re.compile(rf"^\[([\d-]+ [\d:]+)[^\]]*\] (ERROR|WARN|INFO) \[{re.escape(name)}\|(task-\d+)[^\]]*\] ")
    for text in reversed(re.split(r"\n(?=\[\d{4}-)", journal)):
        found = mark.match(text)
        if found:
            written, level, task = found.groups()
            yield Entry(task, level, datetime.strptime(written, "%Y-%m-%d %H:%M:%S"), text[found.end() :])
