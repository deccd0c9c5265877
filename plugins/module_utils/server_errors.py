"""What a server said before it ended, in one line: found among the lines that it wrote since its last start."""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST = 300
# Lines that only say that something failed, and what Java and our own readiness check print around the cause.
NOISE = re.compile(
    r"Could not create the Java Virtual Machine|A fatal exception has occurred|^\s*at [\w.$/<>]+\(|^\s*\.\.\. \d+ more"
    r"|not ready within [\d.]+ s|^\s*\^|SLF4J|^Usage:|[Ss]hutting down|shut down completed|SHUTDOWN_MSG|^[*/\s]+$"
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


def last_words(lines: Sequence[str]) -> str:
    """The line that says why a server ended; empty where it wrote none.

    A cause of an exception goes before the exception, that before a line with a word of trouble, and that before the
    last line; among equals the last one counts.

    Parameters:
        lines: what the server wrote since it was started, oldest first.
    """
    kept = [line for line in lines if line.strip() and not NOISE.search(line)]
    for mark in (CAUSE, EXCEPTION, TROUBLE):
        found = [line for line in kept if mark.search(PREFIX.sub("", line))]
        if found:
            return _clean(found[-1])
    return _clean(kept[-1]) if kept else ""


def _clean(line: str) -> str:
    text = CAUSE.sub("", PREFIX.sub("", line.strip()))
    # Control characters of a server's text do nothing on a terminal.
    text = "".join(character if character.isprintable() else " " for character in text)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def is_down(values: dict[str, str]) -> bool:
    """Whether a unit failed, or systemd tries to start it again and again.

    Parameters:
        values: ActiveState, SubState and Result of `systemctl show`.
    """
    if values.get("ActiveState") == "failed":
        return True
    return values.get("SubState") == "auto-restart" or values.get("Result", "success") not in ("success", "")
