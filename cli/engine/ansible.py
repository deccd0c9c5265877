"""Run playbooks and show them as phases."""

from __future__ import annotations

import importlib.util
import os
import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cli.engine import process
from cli.engine.events import EventsFile, Failure, Progress
from cli.engine.fetching import Fetching
from cli.lab import Lab, program, shown
from cli.ui.screen import Screen, phase_line

# The task of playbooks/server_errors.yml that fails with the servers' own words.
SERVER_ERRORS_TASK = "Report why the servers failed"


@dataclass
class Outcome:
    """How a playbook ended: Ansible's exit status, what the events told, and the log."""

    status: int
    progress: Progress
    log: Path
    own_words: str = ""

    @property
    def went_on(self) -> bool:
        """Whether the hosts that did not fail were taken to the end: a failure that concerns all of them stops all."""
        return "NO MORE HOSTS LEFT" not in self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def failures(self) -> list[Failure]:
        """Hosts that did not reach the end."""
        return self.progress.failures


@dataclass
class Tally:
    """Sums over the playbooks of one command."""

    started: float = field(default_factory=time.monotonic)
    changed: int = 0
    hosts: set[str] = field(default_factory=set)

    def add(self, outcome: Outcome) -> None:
        """Account for one playbook."""
        self.changed += outcome.progress.changed
        self.hosts |= set(outcome.progress.hosts) - {"localhost"}

    def line(self) -> str:
        """`2 hosts, changed=0, 21.3 s`."""
        hosts = f"{len(self.hosts)} host{'s' * (len(self.hosts) != 1)}"
        return f"{hosts}, changed={self.changed}, {time.monotonic() - self.started:.1f} s"


CLASSIC_SUDO = "$(command -v sudo.ws || echo sudo)"
"""For the host's shell: where sudo is sudo-rs (Ubuntu 26.04) the classic one is called sudo.ws."""


def environment(lab: Lab, **more: str) -> dict[str, str]:
    """Environment of what the lab starts: its tools on PATH, the lab's name, mitogen unless LAB_MITOGEN=0.

    Args:
        lab: its name is passed on.
        more: further variables.
    """
    variables = {
        **os.environ,
        "PATH": f"{lab.root}/.venv/bin:{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin",
        "LAB_NAME": lab.name,
        # Hints of modules and of verify/ name this very lab.
        "LAB_PROGRAM": program(lab.root),
        "LAB_OPTIONS": lab.options,
        "ANSIBLE_CONFIG": str(lab.root / "ansible.cfg"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        **more,
    }
    if importlib.util.find_spec("ansible_mitogen") and os.environ.get("LAB_MITOGEN", "1") != "0":
        variables["ANSIBLE_STRATEGY"] = "streaming.lab.mitogen_linear"
        # ansible-core announces the end of strategies that are not its own; versions here are pinned.
        variables["ANSIBLE_DEPRECATION_WARNINGS"] = "False"
    else:
        # mitogen knows the prompt of sudo-rs and ansible-core does not: with a password it would wait in vain.
        variables.setdefault("ANSIBLE_SUDO_EXE", CLASSIC_SUDO)
    return variables


def playbook_arguments(lab: Lab, playbooks: Sequence[str], extra: list[str]) -> list[str]:
    """The command line of ansible-playbook.

    Args:
        lab: gives inventory, settings and limit.
        playbooks: their names under playbooks/, without .yml.
        extra: further arguments.
    """
    argv = [
        str(lab.root / ".venv/bin/python"),
        "-m",
        "ansible",
        "playbook",
        "--inventory",
        str(lab.inventory),
    ]
    for setting in lab.extra_vars:
        argv += ["--extra-vars", setting]
    if lab.limit:
        argv += ["--limit", lab.limit]
    if lab.verbose > 1:
        argv.append("-" + "v" * (lab.verbose - 1))
    return [*argv, *extra, *(str(lab.root / "playbooks" / f"{playbook}.yml") for playbook in playbooks)]


def play(
    lab: Lab,
    playbooks: Sequence[str],
    screen: Screen,
    log: Path,
    become: dict[str, str],
    extra: Sequence[str] = (),
    after: Mapping[str, Callable[[], list[str]]] | None = None,
    beside: Fetching | None = None,
) -> Outcome:
    """Run playbooks, a line for each of their phases.

    Args:
        lab: what to work on.
        playbooks: their names under playbooks/, without .yml; after a failed playbook the next ones are not run.
        screen: where the lines go.
        log: where Ansible's output goes.
        become: environment from cli.machine.sudo.
        extra: further arguments of ansible-playbook.
        after: gives more lines to show after a phase that succeeded, by its name.
        beside: a download that runs at the same time; the screen shows it, too.
    """
    progress = Progress()
    with tempfile.TemporaryDirectory(prefix="streaming-lab-") as folder:
        events = EventsFile(Path(folder) / "events")
        printed = noted = 0

        def tick() -> None:
            nonlocal printed, noted
            for event in events.new():
                progress.take(event)
            for host, text in progress.notes[noted:]:
                # What all hosts say alike is one line.
                if text not in [earlier for _, earlier in progress.notes[:noted]]:
                    screen.line(f"  {host}: {lab.complete_hints(text)}")
                noted += 1
            for phase in progress.finished[printed:]:
                notes = [f"{phase.changed} changed"] * bool(phase.changed) + ["FAILED"] * phase.failed
                screen.line(phase_line(phase.name, phase.seconds, ", ".join(notes)))
                for text in (after or {}).get(phase.name, list)() if not phase.failed else []:
                    screen.line(text)
            printed = len(progress.finished)
            for text in beside.ended() if beside else []:
                screen.line(text)
            if not lab.verbose:
                now = time.time()
                running = [f"{phase_line(p.name, now - p.started)}  {p.task}" for p in progress.running]
                screen.running([*running, *(beside.running() if beside else [])])

        before = log.stat().st_size
        status = process.run(
            playbook_arguments(lab, playbooks, list(extra)),
            log,
            environment(lab, LAB_EVENTS=str(Path(folder) / "events"), **become),
            lab.root,
            show=bool(lab.verbose),
            tick=tick,
        )
        progress.close(time.time())
        tick()
        screen.clear()
    return Outcome(status, progress, log, "" if status == 0 else _own_words(log, before))


def report_server_errors(lab: Lab, outcome: Outcome, screen: Screen, become: dict[str, str]) -> None:
    """Say why servers of the hosts that failed do not run, in their own words.

    Args:
        lab: which.
        outcome: of a playbook that failed while it changed hosts.
        screen: where the lines go.
        become: environment from cli.machine.sudo.
    """
    hosts = [failure.host for failure in outcome.failures if not failure.unreachable and failure.host != "localhost"]
    if not hosts:
        return
    asked = replace(lab, limit=",".join(hosts))
    answer = play(asked, ["server_errors"], Screen(live=False, quiet=True), outcome.log, become)
    for failure in answer.failures:
        if failure.task == SERVER_ERRORS_TASK:
            screen.line(f"  {failure.host}: servers that do not run: {lab.complete_hints(failure.message)}")


def report_failures(lab: Lab, outcome: Outcome, screen: Screen) -> None:
    """Say what failed, where and why, and where all of it can be read.

    Args:
        lab: gives the clone's folder.
        outcome: of a playbook that did not end well.
        screen: where the lines go.
    """
    screen.line()
    # What is wrong with the settings is wrong for every host: said once, with all their names.
    hosts_of: dict[tuple[str, str], list[str]] = {}
    for failure in outcome.failures:
        if failure.unreachable:
            continue
        line = f'task "{failure.task}" failed: {failure.message}'
        hosts_of.setdefault((line, failure.detail), []).append(failure.host)
    for (line, detail), hosts in hosts_of.items():
        screen.line(f"  {', '.join(sorted(hosts))}: {lab.complete_hints(line)}")
        if detail:
            screen.line(f"    its last line: {lab.complete_hints(detail)}")
    for failure in outcome.failures:
        if failure.unreachable:
            screen.line(f"  {failure.host}: unreachable ({failure.message}){_foreign(lab, failure.message)}")
    if not outcome.failures:
        screen.line(f"  Ansible ended with status {outcome.status}: {outcome.own_words or 'no message'}")
    screen.line(f"  log: {shown(outcome.log, lab.root)}")


def _foreign(lab: Lab, message: str) -> str:
    """What follows where containers do not know the lab's key, or have another than they had."""
    if lab.is_containers and re.search(r"host key|Permission denied", message, re.IGNORECASE):
        return (
            f"; another clone may have made the containers of lab {lab.name}: take that lab down in its own clone, "
            "or choose another name (--name NAME)"
        )
    return ""


def _own_words(log: Path, offset: int) -> str:
    """Ansible's own error line where no task got to run (a broken playbook or inventory)."""
    with log.open(encoding="utf-8", errors="replace") as file:
        file.seek(offset)
        lines = [line.strip() for line in file if line.strip()]
    marks = ("[ERROR]", "ERROR!", "error:")
    return next((line for line in lines if any(mark in line for mark in marks)), lines[-1] if lines else "")
