"""The order of the files: from nothing over fresh hosts and interrupted runs to a whole lab, and once more offline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scenario_kit import Scenario, as_machines, cache_copy, copy_of_project, offline
from traces import differences, traces

from verify.support.machine import Machine

ORDER = ("this_machine", "fresh_hosts", "artifacts", "interrupted", "repairs", "servers", "offline")


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
    as_machines(folder / "inventory" / "machines")
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> dict[str, str]:
    """Environment with a copy of this user's artifact cache, to spoil."""
    return cache_copy(tmp_path / "cache")


@pytest.fixture
def no_network(tmp_path: Path) -> dict[str, str]:
    """Environment without a network."""
    return offline(tmp_path / "offline")
