"""The ledger: the names that verification uses, noted before it makes anything.

After a killed run it tells verification's leftovers from a person's work.
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterable
from pathlib import Path

from slate.stores import Names

LEDGER = Path("/var/lib/streaming-lab/verify/ledger")
FRESH_SECONDS = 15 * 60
"""Until this long after the last case began or ended, all that the ledger names is verification's."""

Entry = dict[str, str]
"""`case`, `kind` and `name`."""


def read() -> list[Entry]:
    """Return the entries: one JSON object on each line; a line that a crash cut short is ignored."""
    entries = []
    try:
        lines = LEDGER.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    for line in lines:
        try:
            entry = json.loads(line)
            entries.append({"case": entry["case"], "kind": entry["kind"], "name": entry["name"]})
        except (ValueError, KeyError, TypeError):
            continue
    return entries


def note(case: str, entries: list[Entry]) -> None:
    """Replace the entries of a case; other cases may do the same at this moment."""
    LEDGER.parent.mkdir(parents=True, exist_ok=True)
    with LEDGER.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write([entry for entry in read() if entry["case"] != case] + entries)


def write(entries: list[Entry]) -> None:
    """Replace the ledger in one step."""
    LEDGER.parent.mkdir(parents=True, exist_ok=True)
    new = LEDGER.with_suffix(".new")
    new.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    new.replace(LEDGER)


def is_fresh() -> bool:
    """Tell whether a case began or ended in the last FRESH_SECONDS."""
    return time.time() - LEDGER.stat().st_mtime < FRESH_SECONDS


def entries_of(case: str, names: Names) -> list[Entry]:
    """List the entries of a case."""
    return [{"case": case, "kind": kind, "name": name} for kind, listed in names.items() for name in listed]


def by_kind(entries: Iterable[Entry]) -> Names:
    """Turn entries into names by kind, each once."""
    names: dict[str, dict[str, None]] = {}
    for entry in entries:
        names.setdefault(entry["kind"], {})[entry["name"]] = None
    return {kind: list(listed) for kind, listed in names.items()}
