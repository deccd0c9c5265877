#!/usr/bin/env python3
"""Restart failed tasks of some connectors after growing pauses, and report the connectors to systemd.

Usage: connect-watchdog SETTINGS.json   (the unit kafka-connect-watchdog; see roles/kafka_connect)
Settings: `rest`, the worker's address; `connectors`, by name the text of a log line that is the only sign of a failure
while the connector runs ("" for none); `unit`, the unit with these lines in its journal. Other connectors are never
touched: a student's failed connector stays failed, so that the student sees it.
Documented: Connect's REST interface, POST /connectors/NAME/restart?includeTasks&onlyFailed (KIP-745).
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

LOOK_SECONDS = 30
"""Seconds between two checks; each is a line in the worker's log."""
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 900.0
"""Seconds between two restarts of a connector: doubled each time."""
LOG_SECONDS = 180
"""Age of the oldest log line that is read."""
NO_TRACE = "a task failed without a trace"


def ask(rest: str, path: str, method: str = "GET") -> Any:
    """Call Connect's REST interface.

    Raises:
        OSError: if it does not answer; HTTPError if the status is not 2xx.
        HTTPException: if the answer is not HTTP, or incomplete.
    """
    request = urllib.request.Request(f"{rest}{path}", method=method)  # noqa: S310  the worker's own address
    # Hosts of the lab are never behind a proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        return json.loads(answer.read() or b"null")


def failure(status: dict[str, Any]) -> str:
    """The reason of a failed connector or task in one line; empty if nothing failed."""
    for state in [*status.get("tasks", []), status.get("connector", {})]:
        if state.get("state") == "FAILED":
            lines = [line.strip() for line in state.get("trace", "").splitlines() if line.strip()]
            causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
            return (causes or lines or [NO_TRACE])[-1 if causes else 0][:200]
    return ""


def next_restart(memory: dict[str, Any], reason: str, now: float) -> tuple[dict[str, Any], bool]:
    """Decide whether to restart now.

    Args:
        memory: the last result for this connector, or an empty one: `restarts`, `reason`, `at`, `pause`, `next`.
        reason: of the failure, empty if there is none.
        now: seconds since 1970.

    Returns:
        The new memory, and whether to restart.
    """
    kept = {"restarts": 0, "reason": "", "at": 0.0, "pause": 0.0, "next": 0.0, **memory}
    if not reason:
        # It has run for twice the last pause, and for at least five minutes: the failure is over.
        if kept["pause"] and now > kept["at"] + 2 * max(kept["pause"], 150.0):
            kept["pause"] = 0.0
        return kept, False
    if now < kept["next"]:
        return kept, False
    pause = min(max(kept["pause"] * 2, FIRST_PAUSE), LONGEST_PAUSE)
    next_try = now + random.uniform(0.8, 1.0) * pause  # noqa: S311
    return {"restarts": kept["restarts"] + 1, "reason": reason, "at": now, "pause": pause, "next": next_try}, True


def complaint(journal: str, text: str) -> str:
    """The newest line with a text, and the next line, which has the error; empty if there is none."""
    lines = [line.strip() for line in journal.splitlines() if line.strip()]
    numbers = [number for number, line in enumerate(lines) if text and text in line]
    if not numbers:
        return ""
    cause = lines[numbers[-1] + 1 : numbers[-1] + 2]
    return f"{text}: {cause[0] if cause else 'no reason given'}"[:200]


def line(name: str, state: str, memory: dict[str, Any], failed: str, log_error: str, now: float) -> str:
    """One line about a connector, for `./lab status`."""
    text = f"{name}: {state}"
    if failed:
        text += f" ({failed}), next restart at {clock(memory['next'])}" if memory["next"] > now else f" ({failed})"
    elif log_error:
        text += f", but for {LOG_SECONDS // 60} minutes or less: {log_error}"
    if memory.get("restarts"):
        text += f"; restarted {memory['restarts']} times, last at {clock(memory['at'])}"
        text += "" if failed else f" ({memory['reason']})"
    return text


def clock(moment: float) -> str:
    """A time of day in UTC."""
    return time.strftime("%H:%M:%S UTC", time.gmtime(moment))


def read_journal(unit: str) -> str:
    """Read the last minutes of a unit's journal."""
    command = ["journalctl", "--unit", unit, "--since", f"-{LOG_SECONDS}s", "--output=cat", "--no-pager", "--quiet"]
    return subprocess.run(command, capture_output=True, text=True, check=False, errors="replace").stdout


def notify(**fields: str) -> None:
    """Send fields to systemd (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            text = "\n".join(f"{name}={' '.join(value.split())}" for name, value in fields.items())
            connection.sendto(text.encode(), "\0" + address[1:] if address.startswith("@") else address)


def check(settings: dict[str, Any], memory: dict[str, Any]) -> str:
    """Check each connector once, restart failed tasks that are due, and change `memory`.

    Returns:
        A line about all of them.
    """
    lines, connectors = [], ask(settings["rest"], "/connectors?expand=status")
    for name, text in settings["connectors"].items():
        if name not in connectors:
            memory.pop(name, None)
            continue
        path = f"/connectors/{urllib.parse.quote(name, safe='')}"
        status = connectors[name]["status"]
        failed, now = failure(status), time.time()
        memory[name], restart = next_restart(memory.get(name, {}), failed, now)
        if restart:
            print(f"restarting failed tasks of {name}: {failed}", flush=True)
            ask(settings["rest"], f"{path}/restart?includeTasks=true&onlyFailed=true", "POST")
        states = {each["state"] for each in [status["connector"], *status["tasks"]]}
        state = "FAILED" if failed else "RUNNING" if states == {"RUNNING"} else "/".join(sorted(states))
        log_error = complaint(read_journal(settings["unit"]), text) if text and not failed else ""
        lines.append(line(name, state, memory[name], failed, log_error, now))
    return " | ".join(lines) or f"nothing to watch: no connector {' or '.join(settings['connectors'])}"


def main() -> None:
    """Check again and again."""
    settings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    file = Path(os.environ["STATE_DIRECTORY"]) / "restarts.json"
    memory: dict[str, Any] = {}
    if file.exists() and re.match(r"\s*\{", file.read_text(encoding="utf-8")):
        memory = json.loads(file.read_text(encoding="utf-8"))
    while True:
        before = json.dumps(memory, sort_keys=True)
        try:
            report = check(settings, memory)
        except urllib.error.HTTPError as error:
            report = f"the worker answers {error.code} ({error.url})"  # 409 during a rebalance
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            report = f"the worker at {settings['rest']} does not answer ({error})"
        if json.dumps(memory, sort_keys=True) != before:
            new = file.with_suffix(".new")
            new.write_text(json.dumps(memory), encoding="utf-8")
            new.replace(file)
        notify(READY="1", STATUS=report)
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main()
