"""What the states of a connector and of its tasks say, and waiting for those that are wanted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.streaming.lab.plugins.module_utils.bluesky import login as bluesky_login

STATES = {"running": "RUNNING", "paused": "PAUSED", "stopped": "STOPPED"}
VERBS = {"running": "resume", "paused": "pause", "stopped": "stop"}
SETTLE = 5.0
"""Seconds for which a changed connector has to be seen running: Connect answers before its tasks have restarted, and
shows until then the state of those before the change. A task that cannot read its tables dies after some seconds."""
RECOVER = 10.0
"""Seconds after a change for which an old failure may still be shown."""
PAUSE = 0.2


def failures(status: Mapping[str, Any] | None) -> list[str]:
    """What failed, one line each: `task 0 FAILED on kafka:8083: CLASS: message; caused by CLASS: message`.

    A login that Bluesky refuses is told with its remedy instead.
    """
    if not status:
        return []
    parts = [("connector", status.get("connector", {}))]
    parts += [(f"task {task.get('id')}", task) for task in status.get("tasks", [])]
    return [
        f"{what} FAILED on {part.get('worker_id', '?')}: {bluesky_login.explain(trace) or first_lines(trace)}"
        for what, part, trace in ((what, part, str(part.get("trace", ""))) for what, part in parts)
        if part.get("state") == "FAILED"
    ]


def first_lines(trace: str, most: int = 3) -> str:
    """What a Java stack trace says, in one line: its first line and its causes', without the frames.

    Args:
        trace: of a connector or a task.
        most: how many lines of it at most: the first, and the innermost causes, which say what to mend.
    """
    lines = [line.strip() for line in trace.splitlines()]
    said = lines[:1] + [line for line in lines[1:] if line.startswith("Caused by:")]
    kept = said if len(said) <= most else [said[0], *said[-(most - 1) :]]
    return "; ".join(line.replace("Caused by:", "caused by", 1)[:400] for line in kept) or "no trace"


def is_in(status: Mapping[str, Any] | None, wanted: str) -> bool:
    """Whether a connector and its tasks are in a state; a paused one's tasks may have failed before, or not be yet.

    Args:
        status: what Connect answers, none where it knows no such connector yet.
        wanted: running, paused or stopped.
    """
    if not status or status.get("connector", {}).get("state") != STATES[wanted]:
        return False
    tasks = status.get("tasks", [])
    if wanted == "stopped":
        return not tasks
    if wanted == "paused":
        # One that is made paused has no tasks; one that failed stays so, for only running connectors are restarted.
        return all(task.get("state") in (STATES["paused"], "FAILED") for task in tasks)
    return bool(tasks) and all(task.get("state") == STATES[wanted] for task in tasks)


def shown(status: Mapping[str, Any] | None) -> str:
    """A connector's state and its tasks' in short: `RUNNING, tasks RUNNING, UNASSIGNED`."""
    if not status:
        return "unknown to the worker yet"
    tasks = ", ".join(str(task.get("state")) for task in status.get("tasks", [])) or "none"
    return f"{status.get('connector', {}).get('state')}, tasks {tasks}"


def wait(
    look: Callable[[str], Mapping[str, Any] | None],
    wanted: Mapping[str, str],
    touched: Mapping[str, bool],
    seconds: float,
) -> list[str]:
    """Wait until connectors are as wanted.

    Args:
        look: asks for one connector's status.
        wanted: running, paused or stopped, by name.
        touched: those that were changed just now, and whether they had failed before: what an unchanged connector shows
            is true at once.
        seconds: how long to go on.
    Returns:
        one line for each that failed or is not so in time; none when all are.
    """
    started = time.monotonic()
    good_since: dict[str, float] = {}
    left, lines = dict(wanted), []
    while left:
        now = time.monotonic()
        for name, state in list(left.items()):
            status = look(name)
            failed = failures(status)
            if is_in(status, state):
                since = good_since.setdefault(name, now)
                if name not in touched or state != "running" or now - since >= SETTLE:
                    del left[name]
                continue
            good_since.pop(name, None)
            if failed and not (touched.get(name) and now - started < RECOVER):
                lines.append(f"connector {name}: {'; '.join(failed)}")
                del left[name]
            elif now - started > seconds:
                lines.append(f"connector {name} is not {state} within {seconds:g} s: it is {shown(status)}")
                del left[name]
        if left:
            time.sleep(PAUSE)
    return lines
