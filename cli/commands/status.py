"""./lab status: what runs where, what to open, how to log in."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from typing import Any

from cli.engine import ansible, process
from cli.engine.inventory import Inventory
from cli.errors import CHECK_FAILED, OK
from cli.lab import Lab
from cli.machine import containers, sudo
from cli.ui import addresses
from cli.ui.screen import Screen

REPORT = "build/report/status.json"
# An image made for all hosts brings the unit of its MySQL package everywhere; it is of interest where it has a part.
PART_OF_UNIT = {"mysql": "mysql"}
# Units that run only where somebody wants them; what they say of themselves (sd_notify) is the lab's own, and shown.
OPTIONAL = {"bluesky-search", "faust-mean", "kafka-connect-watchdog", "mysql-binlog-limit"}


def register(parser: ArgumentParser) -> None:
    """Add the command's own options and arguments to its parser."""
    parser.description = "What runs on each host, the addresses to open, and how to log in."


def run(lab: Lab, arguments: Namespace) -> int:
    """Show how a lab stands.

    Returns:
        0 when every service of every host runs, else 1.
    """
    screen, log = Screen(), process.new_log(lab, "status")
    inventory = Inventory.start(lab)
    try:
        silent = inventory.silent_hosts()
        if lab.is_containers and len(silent) == len(inventory.hosts):
            screen.line(f"lab {lab.name} has no running containers; make them: {lab.retype('up')}")
            return CHECK_FAILED
        report = lab.root / REPORT
        report.parent.mkdir(parents=True, exist_ok=True)
        report.unlink(missing_ok=True)
        with sudo.become(lab, on_this_machine=not lab.is_containers and inventory.has_local_hosts()) as become:
            # Phases of a question are of no interest: only its answer is shown.
            outcome = ansible.play(lab, ["status"], Screen(live=False, quiet=True), log, become)
        states = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
        lines = containers.lines(lab) + table(states, silent) + connectors(states) + lost_records(states)
        for line in lines:
            screen.line(lab.complete_hints(line))
        if outcome.failures or (outcome.status != 0 and not states):
            ansible.report_failures(lab, outcome, screen)
        screen.line()
        addresses.show(lab, inventory, screen)
    finally:
        inventory.stop()
    healthy = all(unit["state"] == "active" for state in states.values() for unit in units_of(state))
    healthy = healthy and not any(found["state"] in ("FAILED", "RETRYING") for found in connectors_of(states))
    return OK if outcome.status == 0 and healthy and not silent else CHECK_FAILED


def table(states: dict[str, dict[str, Any]], silent: list[str]) -> list[str]:
    """One line a service and host.

    Args:
        states: host -> {"services": [...]}, as playbooks/status.yml writes it.
        silent: hosts that do not answer.
    """
    width = max([len(name) for name in [*states, *silent]] or [0])
    longest = max([16, *(len(unit["name"]) for state in states.values() for unit in units_of(state))])
    found = [f"  {host.ljust(width)}  does not answer" for host in silent]
    for host, state in states.items():
        if host in silent:
            continue
        shown_host = host
        units = units_of(state)
        for unit in units:
            found.append(f"  {shown_host.ljust(width)}  {unit['name'].ljust(longest)}  {describe(unit)}")
            shown_host = ""
        if not units:
            found.append(f"  {host.ljust(width)}  no service of the lab")
    return found


def connectors(states: dict[str, dict[str, Any]]) -> list[str]:
    """One line a connector of Kafka Connect, below a line that says so; none where there is none.

    A last line says why columns of MySQL were not checked.

    Args:
        states: host -> {"connectors": [...], "columns_not_checked": REASON}, as playbooks/status.yml writes it.
    """
    lines = []
    for host, state in states.items():
        found = state.get("connectors", [])
        width = max([len(connector["name"]) for connector in found] or [0])
        lines += [f"  connectors on {host}:"] * bool(found)
        for connector in found:
            lines.append(f"    {connector['name'].ljust(width)}  {connector['state'].lower()}, {connector['detail']}")
            lines += [f"    {' ' * width}  {note}" for note in connector.get("notes", [])]
        if state.get("columns_not_checked"):
            lines.append(f"  {host}: columns not checked: {state['columns_not_checked']}")
    return lines


def lost_records(states: dict[str, dict[str, Any]]) -> list[str]:
    """One line for each group that lost records: Kafka deleted them before the group read them.

    Args:
        states: host -> {"gaps": [...]}, as playbooks/status.yml writes it.
    """
    return [
        f"  {host}: group {gap['group']} can no longer read {gap['records']} records of topic {gap['topic']}: they "
        "were deleted first (retention); the group continues after them. To keep a topic's records longer: retention.ms"
        for host, state in states.items()
        for gap in state.get("gaps", [])
    ]


def connectors_of(states: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    """Every connector of every lab."""
    return [found for state in states.values() for found in state.get("connectors", [])]


def units_of(state: dict[str, Any]) -> list[dict[str, Any]]:
    """The units that have a part on a host."""
    return [
        unit
        for unit in state["services"]
        if PART_OF_UNIT.get(unit["name"]) in (None, *state.get("groups", []))
        and not (unit["name"] in OPTIONAL and unit["state"] == "inactive" and not unit["enabled"])
    ]


def describe(unit: dict[str, Any]) -> str:
    """`active since Sun 2026-11-22 23:01:00 UTC, 402 MB`, and what is not as it should be.

    Args:
        unit: name, state, enabled, since, restarts, memory_mb, and what it says of itself.
    """
    parts = [f"{unit['state']}{' since ' + unit['since'] if unit['since'] and unit['state'] == 'active' else ''}"]
    if unit["memory_mb"] is not None and unit["state"] == "active":
        parts.append(f"{unit['memory_mb']} MB")
    if unit["restarts"]:
        parts.append(f"restarted {unit['restarts']} times")
    if not unit["enabled"]:
        parts.append("not started at boot")
    if unit["name"] in OPTIONAL and unit.get("says") and unit["state"] != "inactive":
        parts.append(unit["says"])
    return ", ".join(parts)
