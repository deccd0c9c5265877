"""What the log of a Connect worker tells of its connectors: which failure is retried, whether records are sent.

Lines of a connector's tasks carry `[NAME|task-0]` (KIP-449). Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

try:
    from ansible.module_utils import connector_position
except ImportError:  # imported by a unit test, without Ansible's own importer
    from plugins.module_utils import connector_position

LONGEST = 400
# Sentences by which a wrapper says only that something went wrong inside.
EMPTY = (
    "Tolerance exceeded in error handler",
    "An exception occurred in the change event producer",
    "Unrecoverable exception",
)

KILLED = "Task threw an uncaught and unrecoverable exception"
# What a task logs when it works again.
SENDS = re.compile(r"Committing offsets for [1-9]")
RECOVERED = re.compile(rf"{SENDS.pattern}|Connected to binlog at")
# What a worker logs when it starts; its tasks start after that.
WORKER_STARTS = re.compile(r"Kafka Connect (?:worker initializ|start)")


def root_cause(trace: str) -> str:
    """The sentence of a Java stack trace that says what to mend: the innermost cause with a message.

    Parameters:
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


def retried(journal: str, name: str) -> str:
    """The reason of the newest failure that a connector's tasks have logged and try to get over; empty: there is none.

    Parameters:
        journal: of the worker; lines with `[NAME|task-0]` are a connector's.
        name: of the connector.
    """
    for level, entry in _newest_first(journal, name):
        # A task that was killed is FAILED; one that runs all the same was restarted since.
        if RECOVERED.search(entry) or KILLED in entry:
            return ""
        if _is_failure(level, entry):
            head, _, trace = entry.partition("\n")
            return root_cause(trace if trace.strip() else head)
    return ""


def purge_logged(journal: str, name: str) -> bool:
    """Whether a connector's task has logged that MySQL purged its position, and has sent no record since.

    Debezium logs "Connected to binlog at" before each such error, so that line proves nothing here.

    Parameters:
        journal: of the worker; lines with `[NAME|task-0]` are a connector's.
        name: of the connector.
    """
    for level, entry in _newest_first(journal, name):
        if SENDS.search(entry) or KILLED in entry:
            return False
        if _is_failure(level, entry) and connector_position.PURGED.search(entry):
            return True
    return False


def starts_logged(journal: str, name: str) -> bool:
    """Whether the log has the start of the worker, or any line of a connector's tasks.

    Parameters:
        journal: of the worker.
        name: of the connector.
    """
    return bool(WORKER_STARTS.search(journal)) or any(_newest_first(journal, name))


def _newest_first(journal: str, name: str) -> Iterator[tuple[str, str]]:
    """A connector's entries in the log, each as its level and its text."""
    mark = re.compile(rf"^\[[^\]]+\] (ERROR|WARN|INFO) \[{re.escape(name)}\|task-\d+[^\]]*\] ")
    for entry in reversed(re.split(r"\n(?=\[\d{4}-)", journal)):
        level = mark.match(entry)
        if level:
            yield level[1], entry[level.end() :]


def _is_failure(level: str, entry: str) -> bool:
    return level != "INFO" and "Exception" in entry and (level == "ERROR" or "retry" in entry.lower())
