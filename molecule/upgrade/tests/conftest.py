"""One lab of the earlier release with data, upgraded; once as containers and once as machines over ssh."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from data import Classroom, make, read
from release import FOLDER, ReleaseMissingError, lay_out_old, switch_to_present
from scenario_kit import ROOT, Ended, Scenario, as_machines

# The earlier release cannot build its Ubuntu image, and a volume of MySQL fits the release of MySQL that wrote it.
SETTINGS = {"containers_base": "debian"}


@dataclass
class Upgrade:
    """What one upgrade did.

    Args:
        lab: the present code's lab, in the folder of both releases.
        options: options of every ./lab command after the upgrade.
        before: the data in the earlier release.
        ended: how `./lab up` of the present code ended.
    """

    lab: Scenario
    options: tuple[str, ...]
    before: dict[str, Any]
    ended: Ended
    after: dict[str, Any] = field(default_factory=dict)

    @property
    def classroom(self) -> Classroom:
        """The upgraded lab's hosts."""
        return Classroom(self.lab.machines())

    def secrets(self) -> dict[str, str]:
        """Generated passwords of the lab by file name."""
        folder = ROOT / ".lab" / self.lab.name / "secrets"
        return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}


def old_lab(name: str) -> tuple[Scenario, Path]:
    """A lab made by the earlier release, in a folder of its own; skips nothing, fails in one line.

    Args:
        name: the lab's name.
    """
    try:
        project = lay_out_old(name)
    except ReleaseMissingError as missing:
        pytest.exit(str(missing), returncode=1)
    lab = Scenario(name, project)
    ended = lab.lab("up", "--no-verify", settings=SETTINGS)
    assert ended.status == 0, f"the earlier release could not make its lab\n{ended.text}"
    return lab, project


@pytest.fixture(scope="module", params=["containers", "ssh"])
def upgrade(request: pytest.FixtureRequest, scenario: Scenario) -> Iterator[Upgrade]:
    """A lab of the earlier release with data, after `./lab up` of the present code."""
    lab, project = old_lab(scenario.name)
    classroom = Classroom(lab.machines())
    make(classroom)
    before = read(classroom)
    done = Upgrade(lab, (), before, Ended(0, ""))
    before["secrets"] = done.secrets()
    switch_to_present(project)
    if request.param == "ssh":
        done.options = ("-i", str(as_machines(FOLDER / f"{scenario.name}-machines")))
    done.ended = lab.lab("up", "--no-verify", *done.options, settings=SETTINGS)
    yield done
    lab.lab("down", settings=SETTINGS)
    shutil.rmtree(project)
    shutil.rmtree(FOLDER / f"{scenario.name}-machines", ignore_errors=True)
