"""Cases side by side: which ones may be, the table in the order of the notes, one report, signals."""

from __future__ import annotations

import itertools
import json
import os
import signal
import stat
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from cli.errors import INTERRUPTED
from verify import parallel
from verify.lanes import LANES, ORDER, lanes_of

ROOT = Path(__file__).resolve().parents[2]
NAMES = json.loads((ROOT / "src/slate/cases.json").read_text(encoding="utf-8"))
SHARED = {"folder"}
"""Kinds that several cases may have at once: an empty folder is removed by the last one."""
PYTEST = """#!{python}
# Stands for pytest: each case takes as long as PLAN says, and ends as it says.
import json, os, signal, sys, time
given = dict(word.split("=", 1) for word in sys.argv if word.startswith("--lab-"))
cases = [word.removeprefix("--case=") for word in sys.argv if word.startswith("--case=")]
plan = json.loads(os.environ["PLAN"])
state = json.load(open(given["--lab-state"]))
assert state["hosts"][0]["name"] == "kafka"

def row(case, result, seconds):
    values = {{"case": case, "lab": given["--lab-only"], "engine": "-", "result": result, "seconds": seconds,
              "evidence": [str(os.getpid())]}}
    with open(given["--lab-rows"], "a") as file:
        file.write(json.dumps(values) + "\\n")

def stop(number, frame):
    row(case, "interrupted", 0.0)
    sys.exit(130)

signal.signal(signal.SIGINT, stop)
status = 0
for case in cases:
    seconds, result = plan.get(case, [0, "passed"])
    if result == "crash":
        print("ImportError: no module")
        sys.exit(3)
    time.sleep(seconds)
    if result != "none":
        row(case, result, seconds)
    if result == "failed":
        status = 1
with open(given["--lab-report"] + "/junit.xml", "w") as file:
    file.write('<testsuites><testsuite name="x">' + "".join(f'<testcase name="{{case}}"/>' for case in cases)
               + "</testsuite></testsuites>")
if status:
    print("table\\n===== FAILURES =====\\nwhy\\n1 failed in 2 s; /x/results.json, junit.xml")
sys.exit(status)
"""


def names(case: str) -> set[tuple[str, str]]:
    """Names that a case uses, with their kinds."""
    return {(kind, name) for kind, listed in NAMES[case].items() if kind not in SHARED for name in listed}


def test_each_case_has_one_lane():
    assert sorted(itertools.chain(*LANES)) == sorted(ORDER)


def test_cases_of_different_lanes_use_different_things():
    for one, other in itertools.combinations(LANES, 2):
        for first, second in itertools.product(one, other):
            assert not names(first) & names(second), (first, second)


def test_within_a_lane_cases_have_the_order_of_the_notes_where_they_share_something():
    for lane in LANES:
        for first, second in itertools.combinations(lane, 2):
            assert not names(first) & names(second) or ORDER.index(first) < ORDER.index(second)


def test_lanes_of_some_cases():
    assert lanes_of([]) == list(LANES)
    assert lanes_of(["groups", "faust", "mysql-source"]) == [("mysql-source", "faust"), ("groups",)]
    assert lanes_of(["groups", "codecs"]) == [], "codecs shares topics with several lanes"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Verifies labs that are made up; returns the status and the output."""
    fake = tmp_path / "python"
    fake.write_text(PYTEST.format(python=sys.executable), encoding="utf-8")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", str(fake))
    monkeypatch.setattr(parallel, "asdict", lambda host: vars(host))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def start(
        plan: dict[str, list[Any]], *options: str, labs: tuple[str, ...] = ("kafka",), containers: bool = True
    ) -> tuple[int, str]:
        monkeypatch.setenv("PLAN", json.dumps(plan))
        monkeypatch.setattr(
            parallel, "read_hosts", lambda *_: [SimpleNamespace(name="kafka", values={"lab_containers": containers})]
        )
        monkeypatch.setattr(parallel, "form_labs", lambda _: labs)
        monkeypatch.setattr(parallel, "survey", lambda infos: (dict.fromkeys(infos), {key: {} for key in infos}))
        status = parallel.main([f"--lab-report={tmp_path}", *options])
        return status, capsys.readouterr().out

    yield start
    for number, handler in handlers.items():
        signal.signal(number, handler)


def shown(output: str) -> list[list[str]]:
    """First cells of the rows in the table."""
    return [[cell.strip() for cell in line.split("|")][:3] for line in output.splitlines() if line.count("|") > 3][1:]


def test_the_table_has_the_order_of_the_notes_and_cases_run_at_the_same_time(run, tmp_path):
    started = time.monotonic()
    status, output = run({"host": [0.8, "passed"], "groups": [0.8, "passed"], "mysql-source": [0.8, "passed"]})
    assert (status, [row[0] for row in shown(output)]) == (0, list(ORDER))
    assert time.monotonic() - started < 2.2
    assert "17 passed in " in output
    rows = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert [row["case"] for row in rows] == list(ORDER)
    assert len({row["evidence"] for row in rows}) == len(LANES)
    junit = ElementTree.parse(tmp_path / "junit.xml")
    assert sorted(case.get("name", "") for case in junit.iter("testcase")) == sorted(ORDER)


def test_a_failure_is_shown_below_the_table_and_decides_the_status(run):
    status, output = run({"groups": [0, "failed"]})
    assert status == 1
    assert "16 passed, 1 failed (groups) in" in output
    assert output.index("===== FAILURES =====\nwhy") > output.index("faust ")
    assert output.count("results.json, junit.xml") == 1


def test_a_process_that_cannot_run_tests_shows_all_that_it_printed(run):
    status, output = run({"groups": [0, "crash"]}, "--case=groups", "--case=host")
    assert status == 3
    assert "ImportError: no module" in output
    assert [row[0] for row in shown(output)] == ["host"]


def test_a_case_without_a_row_does_not_hold_up_the_others(run):
    status, output = run({"host": [0, "none"]})
    assert (status, [row[0] for row in shown(output)]) == (0, list(ORDER[1:]))


def test_each_lab_has_its_own_processes_and_the_table_goes_lab_by_lab(run):
    status, output = run({}, "--case=groups", "--case=host", labs=("one", "two"))
    assert status == 0
    assert [row[:2] for row in shown(output)] == [
        ["one", "host"], ["one", "groups"], ["two", "host"], ["two", "groups"]
    ]  # fmt: skip


@pytest.mark.parametrize(("containers", "most"), [(True, 2), (False, 3)])
def test_labs_on_machines_of_their_own_have_more_processes_at_once(run, monkeypatch, containers, most):
    monkeypatch.setattr(parallel, "MOST_ON_CONTAINERS", 2)
    monkeypatch.setattr(parallel, "MOST_ON_MACHINES", 3)
    given: list[int] = []
    real = parallel.run
    monkeypatch.setattr(parallel, "run", lambda *words: given.append(words[-1]) or real(*words))
    started = time.monotonic()
    plan = {case: [0.3, "passed"] for case in ("host", "groups")}
    status, _ = run(plan, "--case=groups", "--case=host", labs=("one", "two", "three"), containers=containers)
    assert (status, given) == (0, [most])
    assert time.monotonic() - started >= 0.3 * 6 / most


def test_a_signal_is_passed_on_and_each_case_has_its_row(run):
    threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    status, output = run({"host": [30, "passed"], "groups": [30, "passed"]}, "--case=groups", "--case=host")
    assert status == INTERRUPTED
    assert [row[0::2] for row in shown(output)] == [["host", "interrupted"], ["groups", "interrupted"]]


def test_an_inventory_that_cannot_be_read_is_one_line(monkeypatch, capsys, tmp_path):
    def fail(*_: Any) -> None:
        raise ValueError("no inventory")

    monkeypatch.setattr(parallel, "read_hosts", fail)
    assert parallel.main([f"--lab-report={tmp_path}"]) == 4
    assert capsys.readouterr().err == "ERROR: no inventory\n"
