"""Whether a Debezium connector of MySQL can go on from where it was: its stored offset against the server's logs.

Debezium asks the server for all that came after its offset. A server that has purged a part of it answers with an
error, and the connector repeats that question for ever while it is shown as RUNNING. Offsets: KIP-875 (GET
/connectors/NAME/offsets); GTID sets: MySQL reference manual, "GTID Format and Storage".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Intervals = dict[str, list[tuple[int, int]]]


def gtids(text: str) -> Intervals:
    """Read a GTID set such as `UUID:1-5:8,UUID:tag:3`.

    Returns:
        for each UUID (with its tag) the intervals, both ends included.
    Raises:
        ValueError: if it is no GTID set.
    """
    found: Intervals = {}
    for part in filter(None, "".join(text.split()).split(",")):
        source, *rest = part.lower().split(":")
        name = source
        for item in rest:
            first, _, last = item.partition("-")
            if not first.isdigit():
                name = f"{source}:{item}"  # a tag
                continue
            found.setdefault(name, []).append((int(first), int(last or first)))
    return found


def contains(whole: Intervals, part: Intervals) -> bool:
    """Whether one GTID set holds all of another."""
    return all(
        any(first <= start and end <= last for first, last in _joined(whole.get(source, [])))
        for source, intervals in part.items()
        for start, end in intervals
    )


def _joined(intervals: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Intervals in order, with those that touch joined."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(intervals):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def lost(offsets: Iterable[Mapping[str, Any]], server: Mapping[str, Any]) -> str:
    """Say why a connector cannot go on from its offset; empty when it can, or when it has none.

    Parameters:
        offsets: of GET /connectors/NAME/offsets, each with `offset`.
        server: `binary_logs`, `gtid_purged` and `gtid_executed` of the MySQL server that it reads.
    """
    logs = list(server.get("binary_logs") or [])
    for entry in offsets:
        offset = entry.get("offset") or {}
        # A snapshot that has not ended is taken anew in any case.
        if not offset.get("file") or str(offset.get("snapshot", "false")).lower() not in ("false", "none"):
            continue
        if not logs:
            return "the server keeps no binary log (log_bin is off)"
        stored = gtids(str(offset.get("gtids") or ""))
        purged, executed = gtids(server.get("gtid_purged", "")), gtids(server.get("gtid_executed", ""))
        if stored and executed:
            if not contains(executed, _known(stored, executed)) or not set(stored) & set(executed):
                return f"the server has never had the transactions {offset['gtids']}: it was made anew"
            if not contains(stored, purged):
                return (
                    f"it stopped in {offset['file']}, and the server has purged what came after; it keeps {_kept(logs)}"
                )
            return ""
        if offset["file"] not in logs:
            return f"it stopped in {offset['file']}, which the server no longer has; it keeps {_kept(logs)}"
    return ""


def _known(stored: Intervals, executed: Intervals) -> Intervals:
    return {source: intervals for source, intervals in stored.items() if source in executed}


def _kept(logs: list[str]) -> str:
    return logs[0] if len(logs) == 1 else f"{logs[0]} to {logs[-1]}"
