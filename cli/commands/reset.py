"""./lab reset: back to the clean slate; servers keep running."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from cli.engine import ansible, process
from cli.engine.ansible import Tally
from cli.engine.inventory import is_this_machine
from cli.errors import OK, PROVISIONING_FAILED
from cli.lab import Lab, shown
from cli.machine import sudo
from cli.ui.ask import confirm
from cli.ui.screen import Screen


def register(parser: ArgumentParser) -> None:
    """Add the command's own options and arguments to its parser."""
    parser.description = (
        "Topics, connectors with their offsets, tables, HDFS folders and workspace back to the clean slate."
    )


def run(lab: Lab, arguments: Namespace) -> int:
    """Reset a lab."""
    where = f"lab {lab.name}, {lab.shown_inventory}{f', hosts {lab.limit}' if lab.limit else ''}"
    confirm(
        lab,
        f"Delete every topic, connector, consumer group, table and file in the HDFS folder of {where}, "
        "and bring the student's files back (changed ones are kept in ~/abans-del-reset-DATE)?",
    )
    screen, log, tally = Screen(), process.new_log(lab, "reset"), Tally()
    screen.line(f"lab {lab.name}: reset (log: {shown(log, lab.root)})")
    with sudo.become(lab, on_this_machine=is_this_machine(lab)) as become:
        outcome = ansible.play(lab, ["reset"], screen, log, become)
        tally.add(outcome)
        if outcome.status != 0:
            ansible.report_failures(lab, outcome, screen)
            ansible.report_server_errors(lab, outcome, screen, become)
            return PROVISIONING_FAILED
    screen.line(f"  {tally.line()}; the slate is clean")
    return OK
