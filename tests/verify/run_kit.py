"""Runs of verify/ with a lab that is made up, in a pytest of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tests.artifacts.kit import ROOT
from tests.conftest import PYCACHE

CONFTEST = """
from types import SimpleNamespace

from verify.conftest import *
from verify.plugin import labs as lab_plugin


class Lab:
    mysql_engine, settings, values, machines = "debezium", {}, {}, ()

    def __init__(self, info, machines):
        self.info, self.name = info, info.name
        self.workspace = SimpleNamespace(name="kafka", slice="lab_verify.slice", root=lambda *given, **more: "")

    def prepare(self):
        return {"ok": True}

    def slate(self, command, *given):
        if command == "begin" and given[-1] in REFUSED:
            return {"ok": False, "foreign": [{"kind": "topic", "name": "tema-grups"}]}
        return {"ok": True}

    def trouble(self, connectors, servers):
        return ""


class Machine:
    def __init__(self, host):
        self.host = host

    def answers(self):
        return DOWN


host = SimpleNamespace(name="kafka")
parts = dict.fromkeys(lab_plugin.PARTS, (host,))
lab_plugin.read_hosts = lambda *given: {}
lab_plugin.form_labs = lambda hosts: [SimpleNamespace(name="kafka", hosts=(host,), parts=parts)]
lab_plugin.Lab, lab_plugin.Machine = Lab, Machine
"""


@dataclass
class Run:
    """What a run left: its exit status, its output, rows of results.json, and for each test what junit.xml says."""

    status: int
    output: str
    rows: dict[str, dict[str, Any]]
    tests: dict[str, list[str]]

    @property
    def table(self) -> dict[str, list[str]]:
        """For each case the results that the table on the screen shows: one, where the table came once."""
        shown: dict[str, list[str]] = {}
        for line in self.output.splitlines():
            cells = [cell.strip() for cell in line.split("|")]
            if len(cells) == 5 and cells[0] not in ("", "case"):
                shown.setdefault(cells[0], []).append(cells[2])
        return shown

    @property
    def counts(self) -> list[str]:
        """Lines that count something: one, without its time and the path of the reports."""
        lines = [line for line in self.output.splitlines() if line[:1].isdigit() or line.startswith("no case ran")]
        return [line.partition(" in ")[0] for line in lines]


def verify(folder: Path, cases: dict[str, str], *options: str, refused: tuple[str, ...] = (), down: str = "") -> Run:
    """Run cases.

    Args:
        folder: for the cases and the reports.
        cases: for each case the bodies of its file's tests, one a line.
        options: of pytest.
        refused: cases that find a person's work.
        down: why the lab's host does not answer.
    """
    place = folder / "verify"
    (place / "cases").mkdir(parents=True)
    (place / "conftest.py").write_text(f"REFUSED, DOWN = {refused!r}, {down!r}\n{CONFTEST}", encoding="utf-8")
    for case, bodies in cases.items():
        tests = [
            f"def test_{number}(lab):\n{textwrap.indent(body, '    ')}\n"
            for number, body in enumerate(bodies.strip().splitlines())
        ]
        text = "import os, signal, time\nimport pytest\n\n" + "\n".join(tests)
        (place / "cases" / f"test_{case.replace('-', '_')}.py").write_text(text, encoding="utf-8")
    argv = [sys.executable, "-m", "pytest", "-c", "/dev/null", f"--rootdir={folder}", "-p", "no:cacheprovider"]
    argv += [f"--lab-report={folder / 'report'}", *options, str(place)]
    # What these runs import is compiled once for all of them.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(PYCACHE), "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    shutil.rmtree(PYCACHE / place.relative_to("/"), ignore_errors=True)
    results, junit = folder / "report/results.json", folder / "report/junit.xml"
    rows = json.loads(results.read_text(encoding="utf-8")) if results.exists() else []
    entries = ElementTree.parse(junit).iter("testcase") if junit.exists() else ()
    tests = {
        f"{entry.get('classname', '').rpartition('.')[2]}.{entry.get('name')}": [
            f"{child.tag}: {child.get('message')}" for child in entry
        ]
        for entry in entries
    }
    return Run(done.returncode, done.stdout + done.stderr, {row["case"]: row for row in rows}, tests)
