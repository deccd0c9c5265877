"""A clean slate for each case."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from verify.plugin.selection import case_of
from verify.plugin.stash import REPORT
from verify.support import hints
from verify.support.lab import Lab


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
    for machine in lab.machines:
        # Without "-", which would make it part of other slices; those stay when it ends.
        machine.slice = f"lab_verify_{case.replace('-', '_')}.slice"
    yield
    stopped = f"{lab.workspace.slice} 'lab-verify-{case}*.service'"
    lab.workspace.root(f"systemctl stop {stopped} 2>/dev/null", check=False)
    answer = lab.slate("end", case)
    assert answer["ok"], f"the slate could not be put back: {answer['error']}"
