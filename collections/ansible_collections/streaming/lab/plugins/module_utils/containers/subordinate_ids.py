"""Ranges of user and group ids for user namespaces: subuid(5) and subgid(5).

podman's `--userns=auto` gives each container a range of its own out of those of the user `containers`
(podman-run(1), containers-storage.conf(5)).
"""

from __future__ import annotations

from pathlib import Path

USER = "containers"
FIRST, LAST = 2147483647, 4294967294
"""The range that podman-run(1) names: no system gives such ids to an account. 4294967295 is no id."""
CONTAINER_IDS = 65536
"""Ids of one container: those that an ordinary system has, `nobody` included."""
NEEDED = 64 * CONTAINER_IDS


def ranges(text: str) -> list[tuple[str, int, int]]:
    """Owner, first id and count of each line. Lines that are none are passed over, as the system's own tools do."""
    found = []
    for line in text.splitlines():
        fields = line.strip().split(":")
        if len(fields) == 3 and fields[1].isdigit() and fields[2].isdigit():
            found.append((fields[0], int(fields[1]), int(fields[2])))
    return found


def missing_range(text: str) -> tuple[int, int] | None:
    """The range to add for the user `containers`; None where it has enough ids.

    Args:
        text: of /etc/subuid or /etc/subgid.
    Raises:
        ValueError: all ids from 2147483647 on are taken.
    """
    found = ranges(text)
    if sum(count for owner, _, count in found if owner == USER) >= NEEDED:
        return None
    start = FIRST
    for _, first, count in sorted(found, key=lambda entry: entry[1]):
        if first - start >= NEEDED:
            break
        start = max(start, first + count)
    free = min([first for _, first, _ in found if first >= start] + [LAST + 1]) - start
    if free < NEEDED:
        raise ValueError(f"no range of {NEEDED} ids is free from {FIRST} on")
    return start, free


def add_ranges(folder: Path = Path("/etc"), change: bool = True) -> list[str]:
    """Give the user `containers` its ranges where they are missing.

    Args:
        folder: where subuid and subgid are.
        change: whether to write; otherwise only tell.
    Returns:
        one line for each file: what was added.
    Raises:
        ValueError: no range is free.
    """
    added = []
    for name in ("subuid", "subgid"):
        path = folder / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        missing = missing_range(text)
        if missing is None:
            continue
        line = f"{USER}:{missing[0]}:{missing[1]}"
        if change:
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{'' if text.endswith(chr(10)) or not text else chr(10)}{line}\n")
        added.append(f"added {line} to {path}")
    return added
