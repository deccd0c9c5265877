"""Verify labs with several pytest processes: cases that use different topics, tables and files run side by side.

Usage: python -m verify.parallel OPTIONS (those of verify/conftest.py)

Each process takes one lane of one lab. The table has the order of the notes: a row waits for the rows before it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from cli.errors import INTERRUPTED
from cli.lab import ROOT
from verify.lanes import ORDER, lanes_of
from verify.plugin.labs import survey
from verify.plugin.report import Report, Row, Table
from verify.support.inventory import HostInfo, form_labs, read_hosts

MOST_ON_CONTAINERS = 8
"""Processes at once if the hosts are containers: they share the processors of this machine."""
MOST_ON_MACHINES = 16
"""Processes at once if the hosts are other machines: the processes use about two cores of this machine."""
PAUSE_SECONDS = 0.1
BAD_ENDS = (0, 1, 5, INTERRUPTED)
"""Statuses of pytest whose reason the table shows; for any other one all output is shown."""
FAILURES = re.compile(r"^=+ (FAILURES|ERRORS) =+$", re.MULTILINE)


@dataclass
class Job:
    """One lane of one lab, and its process."""

    lab: str
    cases: tuple[str, ...]
    folder: Path
    child: subprocess.Popen[bytes] | None = None
    seen: int = 0
    rows: dict[str, Row] = field(default_factory=dict)

    def start(self, options: Sequence[str]) -> None:
        """Start pytest; its output goes to a file."""
        self.folder.mkdir(parents=True)
        own = [f"--lab-only={self.lab}", f"--lab-report={self.folder}", f"--lab-rows={self.folder / 'rows'}"]
        argv = [sys.executable, "-m", "pytest", "verify", *options, *own, *(f"--case={case}" for case in self.cases)]
        with (self.folder / "output").open("wb") as output:
            # A group of its own: it gets each signal once, from this process.
            self.child = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def runs(self) -> bool:
        """Whether the process has not ended."""
        return self.child is None or self.child.poll() is None

    def read_rows(self) -> None:
        """Take the rows of the cases that ended since the last call."""
        path = self.folder / "rows"
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
        whole = [line for line in lines if line.endswith("\n")]
        for line in whole[self.seen :]:
            row = Row(**json.loads(line))
            self.rows[row.case] = row
        self.seen = len(whole)

    def complaint(self) -> str:
        """What pytest printed of failures; all of it where it could not run the tests."""
        text = (self.folder / "output").read_text(encoding="utf-8", errors="replace")
        status = self.child.returncode if self.child else 0
        found = FAILURES.search(text)
        shown = text[found.start() :] if found else "" if status in BAD_ENDS else text
        return "".join(line for line in shown.splitlines(keepends=True) if "/results.json, junit.xml" not in line)


class Screen:
    """The table, in the order of the notes, lab by lab."""

    def __init__(self, jobs: Sequence[Job], labs: Sequence[str]) -> None:
        self.table = Table(labs, ORDER, shutil.get_terminal_size((132, 40)).columns)
        self._left = [
            (case, job) for lab in labs for case in ORDER for job in jobs if job.lab == lab and case in job.cases
        ]
        self.rows: list[Row] = []

    def show(self) -> None:
        """Print the rows that are due: those before them ended too."""
        while self._left:
            case, job = self._left[0]
            ended = not job.runs
            job.read_rows()
            if case not in job.rows and not ended:
                return
            del self._left[0]
            if case in job.rows:
                self.rows.append(job.rows[case])
                print("\n".join(self.table.lines(job.rows[case])), flush=True)


def most_processes(hosts: Sequence[HostInfo]) -> int:
    """How many processes may run at once for these hosts."""
    return MOST_ON_CONTAINERS if any(host.values["lab_containers"] for host in hosts) else MOST_ON_MACHINES


def run(jobs: Sequence[Job], options: Sequence[str], screen: Screen, most: int) -> bool:
    """Run all jobs, a number of them at once; returns whether a signal ended them early."""
    interrupted = False

    def forward(number: int, _frame: Any) -> None:
        nonlocal interrupted
        interrupted = True
        for job in jobs:
            if job.child and job.child.poll() is None:
                job.child.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, forward)
    waiting = list(jobs)
    while any(job.child and job.runs for job in jobs) or (waiting and not interrupted):
        while waiting and not interrupted and sum(bool(job.child) and job.runs for job in jobs) < most:
            waiting.pop(0).start(options)
        screen.show()
        time.sleep(PAUSE_SECONDS)
    screen.show()
    return interrupted


def merge_junit(jobs: Sequence[Job], target: Path) -> None:
    """Write one junit.xml with the test suites of all jobs."""
    root = ElementTree.Element("testsuites")
    for job in jobs:
        path = job.folder / "junit.xml"
        if path.exists():
            root.extend(ElementTree.parse(path).getroot())
    ElementTree.ElementTree(root).write(target, encoding="utf-8", xml_declaration=True)


def main(argv: list[str]) -> int:
    """Verify, and return pytest's status: the worst one of all processes."""
    parser = argparse.ArgumentParser(prog="verify.parallel", description=__doc__)
    parser.add_argument("--lab-inventory", default=str(ROOT / "inventory/containers"))
    parser.add_argument("--lab-report", type=Path, default=ROOT / "build/report")
    parser.add_argument("--limit", default="")
    parser.add_argument("--setting", action="append", default=[])
    parser.add_argument("--case", action="append", default=[])
    given, more = parser.parse_known_args(argv)
    started = time.monotonic()
    try:
        hosts = read_hosts(Path(given.lab_inventory), given.limit, given.setting)
    except Exception as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 4
    labs, faults = survey(form_labs(hosts))
    if not labs:
        print("ERROR: no lab to verify: no host of the group kafka (within --limit)", file=sys.stderr)
        return 4
    report = Report(len(labs))
    for name in ("results.json", "junit.xml"):
        (given.lab_report / name).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="lab-verify-") as folder:
        state = Path(folder, "state.json")
        state.write_text(json.dumps({"hosts": [asdict(host) for host in hosts], "faults": faults}), encoding="utf-8")
        lanes = lanes_of(given.case)
        jobs = [Job(lab, lane, Path(folder, lab, str(n))) for lab in labs for n, lane in enumerate(lanes)]
        screen = Screen(jobs, list(labs))
        print("\n".join(screen.table.head()), flush=True)
        interrupted = run(jobs, [*more, f"--lab-state={state}"], screen, most_processes(hosts))
        for job in jobs:
            if job.child and (text := job.complaint()):
                print(f"\n{text.rstrip()}", flush=True)
        for row in screen.rows:
            report.put(row)
        report.write(given.lab_report)
        merge_junit(jobs, given.lab_report / "junit.xml")
        ends = [job.child.returncode for job in jobs if job.child]
    report.seconds = time.monotonic() - started
    print(f"\n{report.counts()}; {given.lab_report}/results.json, junit.xml")
    if interrupted:
        return INTERRUPTED
    worst = [status for status in ends if status != 5]
    return max((status if status >= 0 else 3 for status in worst), default=5)


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1:]))
