"""Whether a Debezium connector of MySQL can continue where it stopped: its stored offset against the server's logs.

Debezium asks the server for all that came after its offset. A server that has purged a part of it answers with an
error, and the connector repeats that question for ever while it is shown as RUNNING. Offsets: KIP-875 (GET
/connectors/NAME/offsets); GTID sets: MySQL reference manual, "GTID Format and Storage".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

Intervals = dict[str, list[tuple[int, int]]]

HISTORY_LOST = re.compile(
    r"(?:db|database|schema) (?:schema )?history topic (?:or its content )?is (?:fully or partially )?missing"
)
# Sentences of MySQL and of Debezium for a position that the server does not have. MySQL's error code, 1236, is not
# enough: it also stands for a server id that is taken.
PURGED = re.compile(
    r"purged required|Could not find first log file|no longer available on the server|has more GTIDs than"
    r"|position > file size|impossible position|Binary log is not open",
    re.IGNORECASE,
)
# Values of Debezium's snapshot.mode with which a connector without offsets sends every row.
FULL_SNAPSHOTS = ("initial", "always", "when_needed")
HISTORY_REMEDY = (
    "if that is not its topic's name, correct schema.history.internal.kafka.topic; if it is, and no table was altered "
    "since, set snapshot.mode=recovery until the task runs, which repeats no row; otherwise drop its offsets "
    "(state: fresh), which sends every row again"
)
OLD_POSITION = (
    "its stored position is in a purged binary log: it will not survive a restart; change a row of a table that it "
    "reads, which moves the position, then set heartbeat.interval.ms"
)


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

    Args:
        offsets: of GET /connectors/NAME/offsets, each with `offset`.
        server: `binary_logs`, `gtid_purged` and `gtid_executed` of the MySQL server that it reads.
    """
    logs = list(server.get("binary_logs") or [])
    for entry in offsets:
        offset = entry.get("offset") or {}
        # A snapshot that has not ended is taken again in any case.
        if not offset.get("file") or str(offset.get("snapshot", "false")).lower() not in ("false", "none"):
            continue
        if not logs:
            return "the server keeps no binary log (log_bin is off)"
        stored = gtids(str(offset.get("gtids") or ""))
        purged, executed = gtids(server.get("gtid_purged", "")), gtids(server.get("gtid_executed", ""))
        if stored and executed:
            if not contains(executed, _known(stored, executed)) or not set(stored) & set(executed):
                return f"the server has never had the transactions {offset['gtids']}: it was created again"
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


class Verdict(NamedTuple):
    """Whether a Debezium connector of MySQL can go on."""

    lost: str = ""
    """Why it cannot; empty where it can, or where nothing proves the contrary."""
    remedy: str = ""
    """What a person does about it; empty where a new beginning is the remedy."""
    note: str = ""
    """What to know of a connector that works now."""
    undecided: bool = False
    """Its position is purged and its task has just started: its first error may be yet to come."""


def judge(
    config: Mapping[str, str],
    status: Mapping[str, Any],
    offsets: Iterable[Mapping[str, Any]],
    server: Mapping[str, Any],
    purge_logged: bool,
    started: bool,
) -> Verdict:
    """Judge a connector by its stored offset and by its errors.

    A stored offset alone proves nothing: a connector that streams and has had nothing to send keeps an old one.

    Args:
        config: its options.
        status: what Connect says of it.
        offsets: see `lost`.
        server: see `lost`; empty: nothing is known of the server that it reads.
        purge_logged: whether its task logged that the server has purged its position, and has sent no record since.
        started: whether its task may have started within the last minutes.
    """
    state = status.get("connector", {}).get("state")
    at_rest = state in ("PAUSED", "STOPPED")
    traces = " ".join(str(task.get("trace", "")) for task in status.get("tasks", []) if task.get("state") == "FAILED")
    why = lost(offsets, server) if server else ""
    if HISTORY_LOST.search(traces):
        topic = config.get("schema.history.internal.kafka.topic", "")
        if not why:
            return Verdict(f"its schema history (topic {topic}) is gone", HISTORY_REMEDY)
        gone = f"its schema history (topic {topic}) and its position in MySQL's binary log are gone: {why}"
        return Verdict(gone, "resume it, then run ./lab up" if at_rest else _mode_remedy(config))
    if not why:
        return Verdict()
    if not at_rest and (purge_logged or PURGED.search(traces)):
        return Verdict(f"its position in MySQL's binary log is gone: {why}", _mode_remedy(config))
    if state != "RUNNING" or traces:
        return Verdict(note=f"its stored position in MySQL's binary log is gone: {why}")
    # The log of another worker is not read here.
    hosts = sorted({str(task.get("worker_id", "?")).rpartition(":")[0] for task in status.get("tasks", [])})
    hint = f"; if nothing arrives, journalctl -u kafka-connect on {', '.join(hosts)} tells why" if hosts else ""
    return Verdict(note=OLD_POSITION + hint, undecided=started)


def _mode_remedy(config: Mapping[str, str]) -> str:
    """What a person does where a new beginning would not send the rows of the tables; empty where it sends them."""
    mode = str(config.get("snapshot.mode") or "initial").strip().lower()
    if mode in FULL_SNAPSHOTS:
        return ""
    return (
        f"with snapshot.mode={mode} a new beginning sends no rows, so ./lab up leaves it alone; to send all rows again "
        "set snapshot.mode=when_needed; to go on with later changes alone: PUT /connectors/NAME/stop, DELETE "
        "/connectors/NAME/offsets, PUT /connectors/NAME/resume"
    )
