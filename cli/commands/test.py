"""./lab test: the project's own tests, a line a step; the first failure stops it."""

from __future__ import annotations

import configparser
import re
import tempfile
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from cli.engine import ansible, process, suites
from cli.engine.events import EventsFile, Progress
from cli.engine.suites import Step
from cli.errors import CHECK_FAILED, OK
from cli.lab import Lab, shown
from cli.machine import sudo
from cli.machine.key import make_key
from cli.ui.screen import Screen, phase_line

TAIL_LINES = 40
# pytest's closing line, coloured or not: "==== 12 passed, 1 skipped in 3.45s ====".
COVERAGE = re.compile(r"^TOTAL\b.*\b(?P<percent>\d+%)$")
PYTEST_CLOSING = re.compile(r"^=+ .*\b(passed|failed|errors?|skipped|no tests ran)\b.* in [\d.]+s.*=+$")
ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def register(parser: ArgumentParser) -> None:
    """Add the command's own options and arguments to its parser."""
    parser.description = "Run the project's tests: without SUITE lint, unit tests and Molecule's default scenario."
    parser.add_argument("suite", nargs="?", metavar="SUITE", help="lint, unit, mutants, or a folder of molecule/")


def run(lab: Lab, arguments: Namespace) -> int:
    """Run a suite.

    Args:
        lab: its name keeps the test's containers apart from the lab's.
        arguments: suite.
    """
    steps = suites.steps_of(lab.root, arguments.suite)
    screen = Screen()
    log = process.new_log(lab, f"test-{arguments.suite}" if arguments.suite else "test")
    screen.line(f"test {arguments.suite or 'lint, unit and the default scenario'} (log: {shown(log, lab.root)})")
    started = time.monotonic()
    creates = any(step.cleanup for step in steps)
    with sudo.become(lab, on_this_machine=creates) as become:
        if creates:
            make_key(lab)
        failed = _run_all(lab, steps, screen, log, become)
    screen.line(f"  {'failed: ' + failed if failed else 'all passed'}, {time.monotonic() - started:.1f} s")
    return CHECK_FAILED if failed else OK


def _run_all(lab: Lab, steps: list[Step], screen: Screen, log: Path, become: dict[str, str]) -> str:
    """Run the steps in order; return the name of the one that failed, or an empty string."""
    failed, dirty = "", False
    try:
        for step in steps:
            if failed:
                break
            dirty = not step.cleanup if step.cleanup or step.name.endswith((": create", ": verify")) else dirty
            if not run_step(lab, step, screen, log, become):
                failed = step.name
    finally:
        cleanup = next((step for step in reversed(steps) if step.cleanup), None)
        if dirty and cleanup:
            run_step(lab, cleanup, screen, log, become)
    return failed


def run_step(lab: Lab, step: Step, screen: Screen, log: Path, become: dict[str, str]) -> bool:
    """Run one step, show its line, and what a person needs to see of its output.

    Returns:
        whether it passed.
    """
    began, offset = time.monotonic(), log.stat().st_size
    with tempfile.TemporaryDirectory(prefix="streaming-lab-") as folder:
        path, progress = Path(folder) / "events", Progress()
        events = EventsFile(path)

        def tick() -> None:
            for event in events.new():
                progress.take(event)
            doing = progress.running[-1].task if progress.running else ""
            if not lab.verbose:
                screen.running([f"{phase_line(step.name, time.monotonic() - began)}  {doing}"])

        variables = ansible.environment(lab, **_plugins(lab), LAB_EVENTS=str(path), **become)
        status = process.run(list(step.argv), log, variables, lab.root, show=bool(lab.verbose), tick=tick)

    changes = progress.changes if step.unchanged else []
    # Without events from the playbook, changed=0 is not proven.
    silent = step.unchanged and not progress.hosts
    passed = status == 0 and not changes and not silent
    screen.line(phase_line(step.name, time.monotonic() - began, "" if passed else "FAILED"))
    text = ESCAPES.sub("", log.read_bytes()[offset:].decode(errors="replace"))
    closing = [line for line in text.splitlines() if PYTEST_CLOSING.match(line.strip())]
    if not passed:
        if silent and status == 0:
            screen.line("    no events were received from the playbook, so changed=0 is not proven")
        for host, task in changes:
            screen.line(f"    changed again on {host}: {task}")
        if progress.failures:
            for failure in progress.failures:
                screen.line(f'    {failure.host}: task "{failure.task}" failed: {failure.message}')
        if not progress.failures and not changes and not lab.verbose:
            for line in [line for line in text.splitlines() if line.strip()][-TAIL_LINES:]:
                screen.line(f"    {line}")
        screen.line(f"    log: {shown(log, lab.root)}")
    for match in filter(None, map(COVERAGE.match, text.splitlines())):
        screen.line(f"    coverage {match['percent']}")
    for line in closing[-1:]:
        screen.line(f"    {line.strip()}")
    return passed


def _plugins(lab: Lab) -> dict[str, str]:
    """What counts of ansible.cfg, by environment: Molecule writes one of its own and ours is not read."""
    return {
        "ANSIBLE_COLLECTIONS_PATH": str(lab.root / "collections"),
        "ANSIBLE_CALLBACKS_ENABLED": "streaming.lab.phases",
        "ANSIBLE_PRECEDENCE": _setting(lab, "precedence"),
        "PY_COLORS": "0",
        "ANSIBLE_FORCE_COLOR": "0",
    }


def _setting(lab: Lab, name: str) -> str:
    """One value of the project's ansible.cfg."""
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(lab.root / "ansible.cfg", encoding="utf-8")
    return settings.get("defaults", name, fallback="")
