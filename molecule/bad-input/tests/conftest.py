"""The order of the files: the lab goes from nothing over fresh hosts and interrupted runs to provisioned, and begins anew offline."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from scenario_kit import Scenario, as_machines, copy_of_project, differences, offline, traces

from verify.lib.machine import Machine

ORDER = ("this_machine", "fresh_hosts", "artifacts", "interrupted", "repairs", "offline")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the files by ORDER; within a file the order is the file's."""
    items.sort(key=lambda item: ORDER.index(item.path.stem.removeprefix("test_")))


@pytest.fixture(scope="session")
def fresh(scenario: Scenario) -> dict[str, Machine]:
    """Hosts on which nothing was provisioned yet."""
    scenario.make_hosts()
    return scenario.machines()


@pytest.fixture
def untouched(fresh: dict[str, Machine]) -> Iterator[None]:
    """Checks that a test changed nothing on the hosts."""
    before = traces(fresh)
    yield
    assert differences(before, traces(fresh)) == []


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the project to spoil, with an inventory `machines` of the scenario's hosts."""
    folder = copy_of_project(tmp_path / "copy")
    (folder / ".lab").symlink_to(Path(__file__).resolve().parents[3] / ".lab")
    as_machines(folder / "inventory" / "machines")
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> dict[str, str]:
    """Environment with a copy of this user's artifact cache, to spoil."""
    mine = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "streaming-lab"
    target = tmp_path / "cache" / "streaming-lab"
    if mine.is_dir():
        shutil.copytree(mine, target)
    return {"XDG_CACHE_HOME": str(target.parent)}


@pytest.fixture
def no_network(tmp_path: Path) -> dict[str, str]:
    """Environment without a network."""
    return offline(tmp_path / "offline")
