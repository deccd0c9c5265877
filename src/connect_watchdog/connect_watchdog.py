#!/usr/bin/env python3
"""Restart failed tasks of a few connectors, later and later, and tell systemd how those connectors stand.

Usage: connect-watchdog SETTINGS.json   (the unit kafka-connect-watchdog; see roles/kafka_connect)
The settings: `rest`, the worker's address; `connectors`, name -> text of a log line that is the only sign of a
connector that runs in vain ("" for none); `unit`, the unit with such lines in its journal. Other connectors are never
touched: a student's failed one stays failed, for the student to see.
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
"""Between two looks; each is a line in the worker's log."""
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 900.0
"""Seconds between two restarts of one connector: doubled each time."""
LOG_SECONDS = 180
"""How far back the log is read."""
PASSED = "a task failed without a trace"


def ask(rest: str, path: str, method: str = "GET") -> Any:
    """Call Connect's REST interface.

    Raises:
        OSError: if it does not answer; an HTTPError if the answer is no 2xx.
        HTTPException: if it does not answer by HTTP, or breaks off.
    """
    request = urllib.request.Request(f"{rest}{path}", method=method)  # noqa: S310  the worker's own address
    # A proxy for the Internet has no part in what is asked of the lab's own hosts.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        return json.loads(answer.read() or b"null")


def failure(status: dict[str, Any]) -> str:
    """The reason why a connector or a task of it failed, in one line; empty when none did."""
    for part in [*status.get("tasks", []), status.get("connector", {})]:
        if part.get("state") == "FAILED":
            lines = [line.strip() for line in part.get("trace", "").splitlines() if line.strip()]
            causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
            return (causes or lines or [PASSED])[-1 if causes else 0][:200]
    return ""


def after_look(memory: dict[str, Any], reason: str, now: float) -> tuple[dict[str, Any], bool]:
    """Decide whether to restart now.

    Args:
        memory: what was returned for this connector before, or an empty one: `restarts`, `reason`, `at`, `pause`,
            `next`.
        reason: why it failed, or nothing.
        now: seconds since 1970.

    Returns:
        The new memory, and whether to restart.
    """
    kept = {"restarts": 0, "reason": "", "at": 0.0, "pause": 0.0, "next": 0.0, **memory}
    if not reason:
        # It has run for longer than it was last waited for, and at least for some minutes: the trouble is over.
        if kept["pause"] and now > kept["at"] + 2 * max(kept["pause"], 150.0):
            kept["pause"] = 0.0
        return kept, False
    if now < kept["next"]:
        return kept, False
    pause = min(max(kept["pause"] * 2, FIRST_PAUSE), LONGEST_PAUSE)
    next_try = now + random.uniform(0.8, 1.0) * pause  # noqa: S311
    return {"restarts": kept["restarts"] + 1, "reason": reason, "at": now, "pause": pause, "next": next_try}, True


def complaint(journal: str, text: str) -> str:
    """The newest line that holds a text, with the line after it, which names the error; empty when there is none."""
    lines = [line.strip() for line in journal.splitlines() if line.strip()]
    found = [number for number, line in enumerate(lines) if text and text in line]
    if not found:
        return ""
    cause = lines[found[-1] + 1 : found[-1] + 2]
    return f"{text}: {cause[0] if cause else 'no reason given'}"[:200]


def line(name: str, state: str, memory: dict[str, Any], failed: str, complains: str, now: float) -> str:
    """One line on a connector, for `./lab status`."""
    text = f"{name}: {state}"
    if failed:
        text += f" ({failed}), next restart at {clock(memory['next'])}" if memory["next"] > now else f" ({failed})"
    elif complains:
        text += f", but for {LOG_SECONDS // 60} minutes or less: {complains}"
    if memory.get("restarts"):
        text += f"; restarted {memory['restarts']} times, last at {clock(memory['at'])}"
        text += "" if failed else f" ({memory['reason']})"
    return text


def clock(moment: float) -> str:
    """A time of day in UTC."""
    return time.strftime("%H:%M:%S UTC", time.gmtime(moment))


def read_journal(unit: str) -> str:
    """What a unit has logged in the last minutes."""
    command = ["journalctl", "--unit", unit, "--since", f"-{LOG_SECONDS}s", "--output=cat", "--no-pager", "--quiet"]
    return subprocess.run(command, capture_output=True, text=True, check=False, errors="replace").stdout


def notify(**fields: str) -> None:
    """Tell systemd (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            text = "\n".join(f"{name}={' '.join(value.split())}" for name, value in fields.items())
            connection.sendto(text.encode(), "\0" + address[1:] if address.startswith("@") else address)


def look(settings: dict[str, Any], memory: dict[str, Any]) -> str:
    """Look at each connector once, restart what is due, and change `memory`.

    Returns:
        A line on all of them.
    """
    told, there = [], ask(settings["rest"], "/connectors?expand=status")
    for name, text in settings["connectors"].items():
        if name not in there:
            memory.pop(name, None)
            continue
        path = f"/connectors/{urllib.parse.quote(name, safe='')}"
        status = there[name]["status"]
        failed, now = failure(status), time.time()
        memory[name], restart = after_look(memory.get(name, {}), failed, now)
        if restart:
            print(f"restarting what failed of {name}: {failed}", flush=True)
            ask(settings["rest"], f"{path}/restart?includeTasks=true&onlyFailed=true", "POST")
        states = {part["state"] for part in [status["connector"], *status["tasks"]]}
        state = "FAILED" if failed else "RUNNING" if states == {"RUNNING"} else "/".join(sorted(states))
        complains = complaint(read_journal(settings["unit"]), text) if text and not failed else ""
        told.append(line(name, state, memory[name], failed, complains, now))
    return " | ".join(told) or f"nothing to watch: no connector {' or '.join(settings['connectors'])}"


def main() -> None:
    """Look again and again."""
    settings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    file = Path(os.environ["STATE_DIRECTORY"]) / "restarts.json"
    memory: dict[str, Any] = {}
    if file.exists() and re.match(r"\s*\{", file.read_text(encoding="utf-8")):
        memory = json.loads(file.read_text(encoding="utf-8"))
    while True:
        before = json.dumps(memory, sort_keys=True)
        try:
            said = look(settings, memory)
        except urllib.error.HTTPError as error:
            said = f"the worker answers {error.code} ({error.url})"  # 409 while workers share out the work
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            said = f"the worker at {settings['rest']} does not answer ({error})"
        if json.dumps(memory, sort_keys=True) != before:
            new = file.with_suffix(".new")
            new.write_text(json.dumps(memory), encoding="utf-8")
            new.replace(file)
        notify(READY="1", STATUS=said)
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main()
