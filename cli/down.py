"""./lab down: the lab's containers and their data gone."""

from __future__ import annotations

import os
import shutil
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from cli import ansible, needs, process, sudo
from cli.ansible import Tally
from cli.ask import confirm
from cli.errors import OK, PROVISIONING_FAILED, LabError
from cli.lab import Lab, shown
from cli.screen import Screen


def cache_folder() -> Path:
    """The artifact cache that all labs of this user share."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "streaming-lab"


def run(lab: Lab, arguments: Namespace) -> int:
    """Take a lab down.

    Parameters:
        lab: which.
        arguments: purge.
    Raises:
        LabError: the inventory's hosts are real machines.
    """
    if not lab.is_containers:
        raise LabError(
            f"{lab.shown_inventory} is of real machines (no `lab_containers: true` in group_vars); they stay"
        )
    also = f", the image and the cache {cache_folder()} that every lab shares" if arguments.purge else ""
    confirm(lab, f"Remove the containers of lab {lab.name} with all their data{also}?")
    screen, log, tally = Screen(), process.new_log(lab, "down"), Tally()
    if not needs.is_there("podman"):
        screen.line("lab: podman is not installed here, so there are no containers to remove")
    else:
        screen.line(f"lab {lab.name}: down (log: {shown(log, lab.root)})")
        extra = ["--extra-vars", '{"lab_purge": true}'] if arguments.purge else []
        with sudo.become(lab, on_this_machine=True) as become:
            outcome = ansible.play(replace(lab, limit=None), "containers_destroy", screen, log, become, extra)
        tally.add(outcome)
        if outcome.status != 0:
            ansible.report_failures(lab, outcome, screen)
            return PROVISIONING_FAILED
    remove(lab.state)
    if arguments.purge:
        remove(cache_folder())
    screen.line(f"  {tally.line()}; the lab is gone")
    return OK


def remove(folder: Path) -> None:
    """Remove a folder, if it is there.

    Parameters:
        folder: what to remove.
    Raises:
        LabError: something in it is not ours to remove.
    """
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise LabError(
            f"{folder} could not be removed whole: {error}; remove it by hand", PROVISIONING_FAILED
        ) from error
