"""./lab down: the lab's containers and their data gone."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from cli.engine import ansible, process
from cli.engine.ansible import Tally
from cli.errors import OK, PROVISIONING_FAILED, LabError
from cli.lab import Lab, shown
from cli.machine import packages, sudo
from cli.machine.caches import cache_folders, remove, remove_cache
from cli.ui.ask import confirm
from cli.ui.screen import Screen

CLASS_DATA = Path("/var/cache/streaming-lab")
"""Class-data archives for the hosts' image (role containers)."""


def register(parser: ArgumentParser) -> None:
    """Add the command's own options and arguments to its parser."""
    parser.description = "Remove the lab's containers with their data. Refused for inventories of real machines."
    parser.add_argument(
        "--purge", action="store_true", help="also the caches and the image: the next up needs the network"
    )


def run(lab: Lab, arguments: Namespace) -> int:
    """Take a lab down.

    Raises:
        LabError: the inventory's hosts are real machines.
    """
    if not lab.is_containers:
        raise LabError(f"{lab.shown_inventory} names real machines (lab_containers is not true); they stay")
    caches = cache_folders(lab) if arguments.purge else []
    shared = ", ".join(map(str, [*caches, CLASS_DATA]))
    also = f", the image and the caches {shared} that other labs use too" if caches else ""
    confirm(lab, f"Remove the containers of lab {lab.name} with all their data{also}?")
    screen, log, tally = Screen(), process.new_log(lab, "down"), Tally()
    if not packages.is_there("podman"):
        screen.line("lab: podman is not installed here, so there are no containers to remove")
    else:
        screen.line(f"lab {lab.name}: down (log: {shown(log, lab.root)})")
        extra = ["--extra-vars", '{"lab_purge": true}'] if arguments.purge else []
        with sudo.become(lab, on_this_machine=True) as become:
            outcome = ansible.play(replace(lab, limit=None), ["containers_destroy"], screen, log, become, extra)
        tally.add(outcome)
        if outcome.status != 0:
            ansible.report_failures(lab, outcome, screen)
            return PROVISIONING_FAILED
    remove(lab.state)
    for cache in caches:
        remove_cache(cache)
    screen.line(f"  {tally.line()}; the lab is gone")
    return OK
