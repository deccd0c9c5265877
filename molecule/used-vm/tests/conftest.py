"""The order of the files: refused, provisioned all the same, a MySQL of somebody else, then tools of another make."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scenario_kit import Scenario, as_machines
from used import UsedMachine

from cli.machine.sudo import VARIABLE, password_file
from verify.support.machine import Machine

PASSWORD = "s3cret of a class"
ORDER = ("refused", "provisioned", "adopted", "rust_tools")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the files by ORDER; within a file the order is the file's."""
    items.sort(key=lambda item: ORDER.index(item.path.stem.removeprefix("test_")))


@pytest.fixture(scope="session")
def hosts(scenario: Scenario) -> dict[str, Machine]:
    """The lab's hosts, made when a test first asks for them."""
    scenario.make_hosts()
    return scenario.machines()


@pytest.fixture(scope="session")
def kafka(scenario: Scenario, hosts: dict[str, Machine]) -> UsedMachine:
    """The host that plays every part but Hadoop's."""
    return UsedMachine(scenario, hosts["kafka"])


@pytest.fixture(scope="session")
def hadoop(scenario: Scenario, hosts: dict[str, Machine]) -> UsedMachine:
    """The Hadoop host."""
    return UsedMachine(scenario, hosts["hadoopmaster"])


@pytest.fixture(scope="session")
def machines(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Options of ./lab for an inventory of the same hosts as machines."""
    return "-i", str(as_machines(tmp_path_factory.mktemp("inventory") / "machines"))


@pytest.fixture(scope="session")
def password(kafka: UsedMachine, hadoop: UsedMachine) -> Iterator[dict[str, str]]:
    """Sudo asks user ubuntu for a password; the environment in which ./lab has it in a file, as after -K."""
    with password_file(PASSWORD) as path:
        for host in (kafka, hadoop):
            host.root(f"echo 'ubuntu:{PASSWORD}' | chpasswd; echo 'ubuntu ALL=(ALL) ALL' >/etc/sudoers.d/ubuntu")
            host.use_password(path)
        yield {VARIABLE: str(path)}
