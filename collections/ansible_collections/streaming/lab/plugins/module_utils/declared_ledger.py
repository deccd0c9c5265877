"""What an inventory has declared on a lab, noted on the host, so that only that is ever taken away.

    {"topics": {NAME: {"config": [KEY, ...]}}, "connectors": {NAME: {"reset_offsets": false}}}

The file is root's, holds no secret, and is gone when nothing is declared any more.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path


class LedgerError(Exception):
    """One line that says what is wrong with the ledger."""


def read(path: str | None, part: str) -> dict[str, dict]:
    """Return what is noted.

    Args:
        path: of the ledger; none: nothing is noted.
        part: `topics` or `connectors`.
    Raises:
        LedgerError: if the file is no ledger.
    """
    return _whole(path).get(part, {})


def write(path: str | None, part: str, entries: dict[str, dict]) -> None:
    """Replace one part; no reader sees half of it, and a crash leaves the old one or the new one.

    Args:
        path: of the ledger; none: nothing is noted.
        part: `topics` or `connectors`.
        entries: what is declared, by name.
    """
    if not path:
        return
    whole = _whole(path)
    new = {name: found for name, found in {**whole, part: entries}.items() if found}
    if new == whole:
        return
    place = Path(path)
    if not new:
        place.unlink(missing_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".declared", dir=place.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(new, file, indent=1, sort_keys=True)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).chmod(0o644)
    Path(temporary).replace(place)


def _whole(path: str | None) -> dict[str, dict[str, dict]]:
    if not path:
        return {}
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise LedgerError(f"{path}, the list of declared objects, cannot be read: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(part, dict) for part in found.values()):
        raise LedgerError(f"{path} is not a list of declared objects; remove it to start with an empty list")
    return found
