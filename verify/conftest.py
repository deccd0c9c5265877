"""Verification as pytest runs it: options, one lab after the other, a clean slate for each case, the report.

A case is a file of `verify/cases/` (or all of `verify/hosts/`: the case `host`). A case's file may say
    ENGINE    what does the work, for the table ("mysql", "bluesky": ask the lab)
    SERVERS   (part, unit) of servers; their journal is shown when it fails
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cli.errors import INTERRUPTED
from cli.printable import printable
from verify.lib import endings, hints
from verify.lib.inventory import PARTS, ROOT, form_labs, read_hosts
from verify.lib.lab import Lab
from verify.lib.machine import Machine
from verify.lib.report import Report, Row, Table
from verify.lib.selection import ORDER, case_of, is_asked_for, lab_of, place

ALWAYS = ("zookeeper", "kafka", "workspace")
"""Parts that every case uses; what else it uses are its SERVERS."""
NAMES = json.loads((ROOT / "roles/course/files/slate/slate_cases.json").read_text(encoding="utf-8"))
REPORT = pytest.StashKey[Report]()
TABLE = pytest.StashKey[Table]()
LABS = pytest.StashKey[dict[str, Lab]]()
FAULTS = pytest.StashKey[dict[str, dict[str, str]]]()
"""For each lab its hosts that cannot be verified, and why."""
LEFT = pytest.StashKey[list[pytest.Item]]()
"""Tests that have not ended."""
CURRENT = pytest.StashKey[pytest.Item]()
"""The test that runs, or the last one that ran."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of a verification."""
    group = parser.getgroup("lab", "Streaming Lab")
    group.addoption("--lab-inventory", default=str(ROOT / "inventory/containers"), help="inventory to verify")
    group.addoption("--lab-report", default=str(ROOT / "build/report"), help="folder of results.json and junit.xml")
    group.addoption("--restarts", action="store_true", help="also what restarts servers and hosts")
    group.addoption("--faults", action="store_true", help="also verify/faults: minutes of broken servers")
    group.addoption(
        "--discard", action="store_true", help="throw away what is in the way and verification did not make"
    )
    group.addoption("--limit", default="", metavar="HOSTS", help="only labs with one of these hosts")
    group.addoption("--setting", action="append", default=[], metavar="KEY=VALUE", help="what --extra-vars of up gave")
    group.addoption(
        "--case", action="append", default=[], metavar="NAME", help="only these cases, with commas; may be repeated"
    )


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Iterator[Any]:
    """Pass on that a signal ended the run: pytest's own status, 2, also stands for a file that it cannot read."""
    status = yield
    return INTERRUPTED if config.stash.get(endings.SIGNALLED, False) else status


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read the inventory, ask every host whether it answers, and prepare the labs, side by side."""
    config.addinivalue_line("markers", "restarts: restarts servers or hosts; run with --restarts")
    config.addinivalue_line("markers", "extra: beyond the notes; run with --restarts, or when its case is named")
    config.addinivalue_line("markers", "faults: breaks servers for minutes; run with --faults")
    folder = Path(config.getoption("--lab-report"))
    folder.mkdir(parents=True, exist_ok=True)
    config.option.xmlpath = config.option.xmlpath or str(folder / "junit.xml")
    # The table is the output; pytest's own progress would run through it.
    config.option.verbose = config.option.verbose or -1
    config.option.reportchars = ""
    config.option.tbstyle = "short" if config.option.tbstyle == "auto" else config.option.tbstyle
    if config.option.collectonly:
        config.stash[LABS], config.stash[FAULTS] = {"-": None}, {}
        config.stash[REPORT] = Report()
        return
    endings.catch_signals(config)
    try:
        hosts = read_hosts(
            Path(config.getoption("--lab-inventory")), config.getoption("--limit"), config.getoption("--setting")
        )
    except Exception as error:
        raise pytest.UsageError(f"the inventory cannot be read: {error}") from error
    infos = form_labs(hosts)
    if not infos:
        raise pytest.UsageError("no lab to verify: no host of the group kafka (within --limit)")
    machines = {host.name: Machine(host) for info in infos for host in info.hosts}
    with ThreadPoolExecutor(max_workers=16) as pool:
        silent = dict(zip(machines, pool.map(lambda machine: machine.answers(), machines.values()), strict=True))
        labs = {info.name: Lab(info, machines) for info in infos}
        faults = {
            info.name: {host.name: silent[host.name] for host in info.hosts if silent[host.name]} for info in infos
        }
        able = [lab for lab in labs.values() if lab.workspace.name not in faults[lab.name]]
        for lab, error in zip(able, pool.map(_prepare, able), strict=True):
            if error:
                faults[lab.name][lab.workspace.name] = f"lab {lab.name}: {error}"
    # A run that is killed leaves no report of an earlier one.
    for name in ("results.json", "junit.xml"):
        (folder / name).unlink(missing_ok=True)
    config.stash[LABS], config.stash[FAULTS] = labs, faults
    config.stash[REPORT] = Report(len(labs))
    width = shutil.get_terminal_size((132, 40)).columns
    config.stash[TABLE] = Table(list(labs), ORDER, width)


def _prepare(lab: Lab) -> str:
    """Make a lab ready; why it could not be, in one line, must not end the verification of the others."""
    try:
        answer = lab.prepare()
    except (AssertionError, RuntimeError, LookupError, OSError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return " / ".join([*lines[:1], *lines[1:][-1:]]) or type(error).__name__
    return "" if answer["ok"] else answer["error"]


def _fault(config: pytest.Config, module: Any, case: str, lab: str) -> str:
    """Say in one line which of the hosts that a case uses do not answer; empty when all do."""
    faults = config.stash[FAULTS][lab]
    if not faults:
        return ""
    found = config.stash[LABS][lab]
    parts = PARTS if case == "host" else (*ALWAYS, *(part for part, _ in getattr(module, "SERVERS", ())))
    used = {host.name for part in parts for host in found.info.parts[part]} | {found.workspace.name}
    return "; ".join(fault for host, fault in faults.items() if host in used)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test once a lab."""
    if "lab" in metafunc.fixturenames:
        metafunc.parametrize("lab", list(metafunc.config.stash[LABS]), indirect=True, scope="module")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what was asked for, lab by lab, in the order of the notes; restarts last within their case."""
    wanted = {name.replace("_", "-") for names in config.getoption("--case") for name in names.split(",")}
    dropped = [item for item in items if (wanted and case_of(item.path) not in wanted) or not is_asked_for(item)]
    config.hook.pytest_deselected(items=dropped)
    labs = list(config.stash[LABS])
    items[:] = sorted((item for item in items if item not in dropped), key=lambda item: place(item, labs))


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Lab:
    """The lab; a test of a lab that does not answer fails in one line."""
    fault = _fault(request.config, request.module, case_of(request.path), request.param)
    row = request.config.stash[REPORT].row(case_of(request.path), request.param)
    if fault:
        row.add("down")
        row.evidence[:] = [fault]
        pytest.fail(fault, pytrace=False)
    found = request.config.stash[LABS][request.param]
    engine = getattr(request.module, "ENGINE", "-")
    row.engine = getattr(found, f"{engine}_engine") if engine in ("mysql", "bluesky") else engine
    return found


@pytest.fixture(scope="module", autouse=True)
def slate(request: pytest.FixtureRequest, lab: Lab) -> Iterator[None]:
    """A clean slate for a case, put back at its end; refused where it would destroy a person's work."""
    case = case_of(request.path)
    if case == "host":  # what it writes is its fixtures' own affair: most of its tests write nothing
        yield
        return
    answer = lab.slate("begin", *["--discard"] * request.config.getoption("--discard"), case)
    if not answer["ok"]:
        row = request.config.stash[REPORT].row(case, lab.name)
        if "foreign" in answer:
            held = ", ".join(f"{item['kind']} {item['name']}" for item in answer["foreign"])
            why = f"{lab.workspace.name} holds work that verification did not make: {held}"
            row.add("refused")
            discard = hints.command("verify", "--discard")
            way = f"to throw it away: {discard} (or {hints.command('reset')})"
            if answer.get("declared"):
                way = f"the inventory declares it; to throw it away: {discard}; to make it again: {hints.command('up')}"
            row.evidence[:] = [f"{why}; {way}"]
            pytest.fail(row.evidence[0], pytrace=False)
        pytest.fail(f"the slate could not be wiped: {answer['error']}", pytrace=False)
    yield
    lab.workspace.root("systemctl stop 'lab-verify-*.service' 2>/dev/null", check=False)
    answer = lab.slate("end", case)
    assert answer["ok"], f"the slate could not be put back: {answer['error']}"


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
    left = item.config.stash[LEFT]
    left.remove(item)
    if not any((case_of(other.path), lab_of(other)) == key for other in left):
        _show(item.config, row)
    return result


def _show(config: pytest.Config, row: Row) -> None:
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
            if found and not _fault(item.config, item.module, *key):
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
    session.config.stash[LEFT] = list(session.items)
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
    for row in endings.close(report, config.stash.get(LEFT, []), current):
        _show(config, row)
    report.write(Path(config.getoption("--lab-report")))
    # pytest counts tests; the table has a row for each case.
    screen.summary_stats = lambda: None
    try:
        return (yield)
    finally:
        screen.write_line(f"{report.counts()}; {config.getoption('--lab-report')}/results.json, junit.xml")
