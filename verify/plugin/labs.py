"""The labs of an inventory: read, asked whether their hosts answer, and prepared, side by side."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from verify.plugin.selection import case_of
from verify.plugin.stash import FAULTS, LABS, REPORT
from verify.support.inventory import PARTS, HostInfo, LabInfo, form_labs, read_hosts
from verify.support.lab import Lab
from verify.support.machine import Machine

Faults = dict[str, dict[str, str]]
"""For each lab its hosts that cannot be verified, and why."""
ALWAYS = ("zookeeper", "kafka", "workspace")
"""Parts that every case uses; what else it uses are its SERVERS."""


def configure(config: pytest.Config) -> None:
    """Read the inventory, ask every host whether it answers, and prepare the labs, or take it from verify.parallel."""
    faults = None
    if state := config.getoption("--lab-state"):
        known = json.loads(Path(state).read_text(encoding="utf-8"))
        faults = known["faults"]
        hosts = [HostInfo(**{**host, "groups": tuple(host["groups"])}) for host in known["hosts"]]
    else:
        try:
            hosts = read_hosts(
                Path(config.getoption("--lab-inventory")), config.getoption("--limit"), config.getoption("--setting")
            )
        except Exception as error:
            raise pytest.UsageError(str(error)) from error
    only = config.getoption("--lab-only")
    infos = [info for info in form_labs(hosts) if only in ("", info.name)]
    if not infos:
        raise pytest.UsageError("no lab to verify: no host of the group kafka (within --limit)")
    config.stash[LABS], config.stash[FAULTS] = survey(infos, faults)


def survey(infos: list[LabInfo], faults: Faults | None = None) -> tuple[dict[str, Lab], Faults]:
    """Ask every host of some labs whether it answers, and prepare the labs.

    Args:
        infos: the labs.
        faults: what an earlier survey found; then nothing is asked and prepared.

    Returns:
        the labs by name, and for each its hosts that cannot be verified, with the reason.
    """
    machines = {host.name: Machine(host) for info in infos for host in info.hosts}
    labs = {info.name: Lab(info, machines) for info in infos}
    if faults is not None:
        return labs, faults
    with ThreadPoolExecutor(max_workers=16) as pool:
        silent = dict(zip(machines, pool.map(lambda machine: machine.answers(), machines.values()), strict=True))
        faults = {
            info.name: {host.name: silent[host.name] for host in info.hosts if silent[host.name]} for info in infos
        }
        able = [lab for lab in labs.values() if lab.workspace.name not in faults[lab.name]]
        for lab, error in zip(able, pool.map(_prepare, able), strict=True):
            if error:
                faults[lab.name][lab.workspace.name] = f"lab {lab.name}: {error}"
    return labs, faults


def _prepare(lab: Lab) -> str:
    """Make a lab ready; why it could not be, in one line, must not end the verification of the others."""
    try:
        answer = lab.prepare()
    except (AssertionError, RuntimeError, LookupError, OSError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return " / ".join([*lines[:1], *lines[1:][-1:]]) or type(error).__name__
    return "" if answer["ok"] else answer["error"]


def fault_of(config: pytest.Config, module: Any, case: str, lab: str) -> str:
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


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Lab:
    """The lab; a test of a lab that does not answer fails in one line."""
    fault = fault_of(request.config, request.module, case_of(request.path), request.param)
    row = request.config.stash[REPORT].row(case_of(request.path), request.param)
    if fault:
        row.add("down")
        row.evidence[:] = [fault]
        pytest.fail(fault, pytrace=False)
    found = request.config.stash[LABS][request.param]
    engine = getattr(request.module, "ENGINE", "-")
    row.engine = getattr(found, f"{engine}_engine") if engine in ("mysql", "bluesky") else engine
    return found
