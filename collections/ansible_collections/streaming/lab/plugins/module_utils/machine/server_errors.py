"""What a server said before it ended, in one line: found among the lines that it wrote since its last start."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

LONGEST = 300
# How many of a unit's last starts are looked at.
STARTS = 3
# What the readiness check says of a server that was too slow: an answer where the server itself has none.
NOT_READY = re.compile(r"not ready within [\d.]+ s")
# Lines that only say that something failed, and what servers print around the cause and when they are stopped.
NOISE = re.compile(
    r"Could not create the Java Virtual Machine|A fatal exception has occurred|^\s*at [\w.$/<>]+\(|^\s*\.\.\. \d+ more"
    r"|^\s*\^|SLF4J|^Usage:|[Ss]hutting down|shut down completed|SHUTDOWN_MSG|^[*/\s]+$"
    r"|still starting up, cannot shut down|Exiting Kafka|Fatal error during Kafka\w* (startup|shutdown)"
)
CAUSE = re.compile(r"^\s*Caused by: ")
EXCEPTION = re.compile(r"^[\w.$]*(Exception|Error)\b: \S")
TROUBLE = re.compile(
    r"\b(error|fatal|invalid|unable|cannot|could not|can't|fail(ed|s)?|denied|refused|unrecognized|unknown|in use"
    r"|must be|no such|not found|out of memory|conflicting)\b",
    re.IGNORECASE,
)
# [2026-11-26 01:02:03,123] ERROR of log4j; 2026-11-26 01:02:03,123 ERROR of Hadoop; 2026-11-26T01:02:03.1Z 0 of MySQL.
PREFIX = re.compile(r"^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*\s*")


def words_of_journal(text: str) -> str:
    """What a unit's server said of its end, in the newest of its last starts that tells of trouble.

    systemd may be trying again just now: that start has written nothing yet, or only that it waits.

    Args:
        text: of `journalctl --output=json`, with the fields MESSAGE and _SYSTEMD_INVOCATION_ID.
    """
    starts: dict[str, list[str]] = {}
    for line in text.splitlines():
        entry = json.loads(line)
        message = entry.get("MESSAGE") or ""
        # Bytes that are no text come as a list of numbers (systemd.journal-fields(7)).
        said = bytes(message).decode(errors="replace") if isinstance(message, list) else str(message)
        starts.setdefault(entry.get("_SYSTEMD_INVOCATION_ID", ""), []).extend(said.splitlines())
    newest = list(starts.values())[: -STARTS - 1 : -1]
    return next((words for lines in newest if (words := last_words(lines, trouble=True))), "") or next(
        (words for lines in newest if (words := last_words(lines))), ""
    )


def last_words(lines: Sequence[str], trouble: bool = False) -> str:
    """The line that says why a server ended; empty where it wrote none.

    A cause of an exception goes before the exception, that before a line with a word of trouble, and that before the
    last line; among equals the last one counts.

    Args:
        lines: what the server wrote since it was started, oldest first.
        trouble: whether a line without a word of trouble is no answer.
    """
    kept = [line for line in lines if line.strip() and not NOISE.search(line)]
    told = [line for line in kept if not NOT_READY.search(line)]
    for candidates, mark in ((told, CAUSE), (told, EXCEPTION), (told, TROUBLE), (kept, NOT_READY)):
        found = [line for line in candidates if mark.search(PREFIX.sub("", line))]
        if found:
            return _clean(found[-1])
    return _clean(kept[-1]) if kept and not trouble else ""


def _clean(line: str) -> str:
    text = CAUSE.sub("", PREFIX.sub("", line.strip()))
    # Control characters of a server's text do nothing on a terminal.
    text = "".join(character if character.isprintable() else " " for character in text)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def is_down(values: dict[str, str]) -> bool:
    """Whether a unit failed, or systemd is still trying to start it.

    Args:
        values: ActiveState and Result of `systemctl show`.
    """
    return values.get("ActiveState") in ("failed", "activating") or values.get("Result", "success") != "success"
