"""The results of a verification: rows of the table, evidence, results.json."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from cli.lab import ROOT
from cli.ui.printable import printable
from verify.lanes import ORDER
from verify.plugin import endings
from verify.plugin.labs import fault_of
from verify.plugin.report import Report, Row, Table
from verify.plugin.selection import case_of, lab_of
from verify.plugin.stash import CURRENT, LABS, REPORT, TABLE, UNFINISHED
from verify.support.lab import Lab

NAMES = json.loads((ROOT / "src/slate/cases.json").read_text(encoding="utf-8"))


def configure(config: pytest.Config, folder: Path) -> None:
    """Begin the report of the labs.

    Args:
        config: has the labs in its stash.
        folder: of the reports. Reports of an earlier run are deleted, so that a run that is killed leaves none.
    """
    for name in ("results.json", "junit.xml"):
        (folder / name).unlink(missing_ok=True)
    labs = list(config.stash[LABS])
    config.stash[REPORT] = Report(len(labs))
    config.stash[TABLE] = Table(labs, ORDER, shutil.get_terminal_size((132, 40)).columns)


@pytest.fixture
def evidence(request: pytest.FixtureRequest, lab: Lab) -> Callable[[str], None]:
    """Note for the table what a test has seen."""
    return request.config.stash[REPORT].row(case_of(request.path), lab.name).evidence.append


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Measure a test with its setting up and cleaning, and show the row when it was the case's last."""
    key = (case_of(item.path), lab_of(item))
    row = item.config.stash[REPORT].row(*key)
    item.config.stash[CURRENT] = item
    started = time.monotonic()
    try:
        result = yield
    finally:
        row.seconds += time.monotonic() - started
    left = item.config.stash[UNFINISHED]
    left.remove(item)
    if not any((case_of(other.path), lab_of(other)) == key for other in left):
        _show(item.config, row)
    return result


def _show(config: pytest.Config, row: Row) -> None:
    if path := config.getoption("--lab-rows"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(row)) + "\n")
    screen = config.pluginmanager.getplugin("terminalreporter")
    for line in config.stash[TABLE].lines(row):
        screen.write_line(line, red=row.result != "passed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[Any]:
    """Take a test's result into its row, and add to a failure what the servers say, before anything is cleaned."""
    report = yield
    key = (case_of(item.path), lab_of(item))
    row = item.config.stash[REPORT].row(*key)
    if report.failed:
        row.add("failed")
        found = item.config.stash[LABS][key[1]]
        report.in_one_line = row.result in ("down", "refused")
        if row.result == "failed":
            text = str(call.excinfo.value) if call.excinfo else "failed"
            first = next((line for line in text.splitlines() if line.strip()), "failed")
            row.evidence.append(f"{item.originalname}: {first[:300]}")
            servers = getattr(item.module, "SERVERS", ())
            connectors = NAMES.get(key[0], {}).get("connector", [])
            if found and not fault_of(item.config, item.module, *key):
                report.sections.append(("what the servers say", found.trouble(connectors, servers)))
        # What failed quotes hosts.
        report.longrepr = printable(str(report.longrepr))
        report.sections = [(title, printable(said)) for title, said in report.sections]
    elif report.passed and report.when == "call":
        row.add("passed")
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """No dots: the table shows progress. What the table says in one line has no place among the long failures."""
    if getattr(report, "in_one_line", False):
        return "refused", "", ""
    if report.when == "call" or report.failed:
        return report.outcome, "", ""
    return None


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note the tests that will run, without those that -k or --deselect left out, and print the table's head."""
    session.config.stash[UNFINISHED] = list(session.items)
    if session.items and TABLE in session.config.stash:
        screen = session.config.pluginmanager.getplugin("terminalreporter")
        for line in session.config.stash[TABLE].head():
            screen.write_line(line)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Give each case that did not end its row and write results.json; below pytest's own words show the counts.

    Whatever ended the run. A slate that is still to be put back is put back after this.
    """
    config = session.config
    if TABLE not in config.stash:
        return (yield)
    report, screen = config.stash[REPORT], config.pluginmanager.getplugin("terminalreporter")
    current = config.stash.get(CURRENT, None)
    for row in endings.close(report, config.stash.get(UNFINISHED, []), current):
        _show(config, row)
    report.write(Path(config.getoption("--lab-report")))
    # pytest counts tests; the table has a row for each case.
    screen.summary_stats = lambda: None
    try:
        return (yield)
    finally:
        screen.write_line(f"{report.counts()}; {config.getoption('--lab-report')}/results.json, junit.xml")
