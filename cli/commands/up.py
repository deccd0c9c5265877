"""./lab up: create, provision, verify, say how to log in."""

from __future__ import annotations

import subprocess
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from functools import partial
from pathlib import Path

from cli.arguments import own_words
from cli.commands import verify
from cli.engine import ansible, process
from cli.engine.ansible import Outcome, Tally
from cli.engine.fetching import Fetching
from cli.engine.inventory import Inventory
from cli.errors import BAD_INPUT, OK, PROVISIONING_FAILED, LabError
from cli.lab import Lab, shown
from cli.machine import containers, sudo
from cli.machine.caches import default_cache, folders_in, has_products
from cli.machine.key import make_key
from cli.ui import addresses
from cli.ui.screen import Screen

MOST_CHANGES_SHOWN = 60
# Groups of a lab with cases to verify; Hadoop alone has no case.
VERIFIED = {"zookeeper", "kafka", "connect", "mysql", "workspace"}
# Phases that look and change nothing.
REFUSING = {"Settings", "Machine", "Preflight"}


def register(parser: ArgumentParser) -> None:
    """Add the command's own options and arguments to its parser."""
    parser.description = (
        "Create the containers (containers inventory only), provision every host, verify, say how to log in."
    )
    parser.add_argument("--no-verify", action="store_true", help="stop after provisioning")
    parser.add_argument(
        "--check", action="store_true", help="say what would change (differences in the log); change nothing"
    )


def run(lab: Lab, arguments: Namespace) -> int:
    """Bring a lab up."""
    screen = Screen()
    log = process.new_log(lab, "up")
    screen.line(f"lab {lab.name}, {lab.shown_inventory} (log: {shown(log, lab.root)})")
    # Read beside the first playbook, for it takes a second that nobody has to wait for.
    inventory = Inventory.start(lab)
    fetching = None
    try:
        if lab.is_containers and not arguments.check:
            fetching = start_fetching(lab, inventory)
        again = lab.retype("up", *own_words(arguments))
        status = provision(lab, screen, log, inventory, again, arguments.check, fetching)
        if status != OK or arguments.check:
            return status
        if not arguments.no_verify:
            screen.line()
            reason = nothing_to_verify(lab, inventory)
            if reason:
                screen.line(f"not verified: {reason}")
            else:
                status = verify.run_cases(lab, [])
        screen.line()
        addresses.show(lab, inventory, screen)
    finally:
        inventory.stop()
        if fetching:
            fetching.stop()
    return status


def nothing_to_verify(lab: Lab, inventory: Inventory) -> str:
    """Why the cases cannot run on what was provisioned; empty when they can."""
    members = [host for host in inventory.hosts.values() if VERIFIED & set(host["groups"])]
    if not members:
        return f"no host within --limit {lab.limit} is a member of a student's lab"
    if not any(host.get("lab_services_enabled", True) for host in members):
        return (
            "a class starts the servers by hand here (lab_services_enabled: false); "
            f"start them as the notes do, then run: {lab.retype('verify')}"
        )
    return ""


def provision(
    lab: Lab, screen: Screen, log: Path, inventory: Inventory, again: str, check: bool, fetching: Fetching | None = None
) -> int:
    """Create the containers where the lab is made of them, and run site.yml.

    Args:
        lab: which.
        screen: where the lines go.
        log: where Ansible's output goes.
        inventory: of the lab.
        again: the command line that repeats this run.
        check: change nothing, say what would change.
        fetching: a download into the artifact cache that runs at the same time.
    Returns:
        an exit status.
    """
    tally = Tally()
    more = ["--check", "--diff"] if check else []
    site = ["site"]
    after = {"Containers": lambda: containers.lines(lab, added=True)}
    if lab.is_containers and not check:
        # The play Settings of the first playbook has looked at them, and nothing changes them in between.
        more = ["--skip-tags", "settings"]
        make_key(lab)
        with sudo.become(lab, on_this_machine=True) as become:
            # One Ansible runs both playbooks. Not with a password, because containers must not receive this machine's,
            # and not with --limit, which would exclude this machine.
            if become or lab.limit:
                outcome = ansible.play(
                    _whole(lab), ["containers_create"], screen, log, become, after=after, beside=fetching
                )
                tally.add(outcome)
                if outcome.status != 0:
                    return _failed(lab, outcome, screen, tally, again, {})
            else:
                site = ["containers_create", *site]
                more = ["--skip-tags", "settings,artifacts"]
    elif lab.is_containers and (absent := inventory.silent_hosts()):
        screen.line(f"  up would create the containers {', '.join(absent)} and provision them from nothing;")
        screen.line(f"  what each task would change can be told once they run: {lab.retype('up', '--no-verify')}")
        return OK

    elif lab.is_containers and not (lab.state / "ssh" / "id_ed25519").exists():
        raise LabError(
            f"the containers of a lab named {lab.name} run on this machine, and this clone did not make them: "
            "choose another name (--name NAME), or take that lab down in its own clone"
        )

    local = not lab.is_containers and inventory.has_local_hosts()
    with sudo.become(lab, on_this_machine=local) as become:
        become = {} if lab.is_containers else become
        outcome = ansible.play(lab, site, screen, log, become, more, after, fetching)
        tally.add(outcome)
        if outcome.status != 0:
            return _failed(lab, outcome, screen, tally, again, become)
    if check:
        _show_changes(lab, outcome, screen)
    screen.line(f"  {tally.line()}")
    return OK


def start_fetching(lab: Lab, inventory: Inventory) -> Fetching:
    """Start to fill an empty artifact cache. The phase Artifacts waits for it and reports what could not be fetched."""
    # The inventory is asked second, for it takes a second to read.
    if has_products(default_cache()):
        return Fetching(default_cache())
    folders = folders_in(inventory)
    if all(has_products(folder) for folder in folders):
        return Fetching(folders[0])
    log = process.new_log(lab, "fetch")
    record = None if sudo.asks_password() else partial(_start, lab, "class_data", process.new_log(lab, "class-data"))
    return Fetching(folders[0], _start(lab, "fetch", log), shown(log, lab.root), record)


def _start(lab: Lab, playbook: str, log: Path) -> subprocess.Popen[bytes]:
    """Start a playbook beside the others, in a process group of its own."""
    with log.open("wb") as output:
        return subprocess.Popen(
            ansible.playbook_arguments(_whole(lab), [playbook], []),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=ansible.environment(lab),
            cwd=lab.root,
            start_new_session=True,
        )


def _whole(lab: Lab) -> Lab:
    """The same lab without --limit, which would keep the playbooks of this machine from running."""
    return replace(lab, limit=None)


def _show_changes(lab: Lab, outcome: Outcome, screen: Screen) -> None:
    changes = outcome.progress.changes
    for host, task in changes[:MOST_CHANGES_SHOWN]:
        screen.line(f"  would change {host}: {task}")
    if len(changes) > MOST_CHANGES_SHOWN:
        screen.line(f"  and {len(changes) - MOST_CHANGES_SHOWN} more")
    if changes:
        screen.line(f"  the differences are in {shown(outcome.log, lab.root)}; nothing was changed")


def _failed(lab: Lab, outcome: Outcome, screen: Screen, tally: Tally, again: str, become: dict[str, str]) -> int:
    ansible.report_failures(lab, outcome, screen)
    if not outcome.progress.failed_in <= REFUSING | {"Containers"}:
        ansible.report_server_errors(lab, outcome, screen, become)
    broken = {failure.host for failure in outcome.failures}
    fine = sorted(set(outcome.progress.hosts) - broken - {"localhost"})
    # One refused host stops all of them before anything is done. So does this machine, which prepares what they need.
    turned_down = [failure for failure in outcome.failures if not failure.unreachable]
    refused = bool(turned_down) and outcome.progress.failed_in == {"Preflight"}
    if fine and broken and "localhost" not in broken and outcome.went_on and not refused:
        verify_them = replace(lab, limit=",".join(fine)).retype("verify")
        screen.line(f"  finished without an error: {', '.join(fine)}; to verify them: {verify_them}")
    screen.line(f"  {tally.line()}; not finished: correct the errors above, then run: {again}")
    # Settings, memory, disk, ports: refused before anything was changed. All else is a run that stopped on its way.
    looked = not tally.changed and outcome.progress.failed_in <= REFUSING
    only_refused = looked and not any(failure.unreachable for failure in outcome.failures)
    return BAD_INPUT if only_refused else PROVISIONING_FAILED
