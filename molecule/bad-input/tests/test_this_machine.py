"""What is wrong on this machine or in the settings is said before a container exists."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from scenario_kit import INVENTORY, Scenario

from ansible_collections.streaming.lab.plugins.filter.lab import lab_published_port


@pytest.fixture(autouse=True)
def no_container(scenario: Scenario) -> Iterator[None]:
    """Nothing is there before a test, and nothing after it."""
    assert scenario.containers() == []
    yield
    left = scenario.containers()
    if left:
        scenario.lab("down")
    assert left == [], "the refused run made containers"


def test_too_little_memory(scenario: Scenario) -> None:
    ended = scenario.lab("up", settings={"containers_memory_mb": 9000000})
    ended.refuses("memory:", "9000000 MB needed", hosts=["localhost"])


def test_too_little_disk(scenario: Scenario) -> None:
    ended = scenario.lab("up", settings={"containers_disk_mb": 900000000})
    ended.refuses("disk:", "900000000 MB needed", hosts=["localhost"])


def test_published_port_taken(scenario: Scenario) -> None:
    port = lab_published_port(scenario.name, 8083)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        ended = scenario.lab("up")
    ended.refuses(f"port: 127.0.0.1:{port} is taken by process", hosts=["localhost"])


def test_misspelt_setting(scenario: Scenario) -> None:
    ended = scenario.lab("up", settings={"kafka_heep": "1g"})
    ended.refuses("kafka_heep is no setting; did you mean kafka_heap?")


def test_setting_of_the_wrong_type(scenario: Scenario) -> None:
    ended = scenario.lab("up", settings={"containers_memory_mb": "plenty"})
    ended.refuses("containers_memory_mb", "plenty")


def test_missing_group(scenario: Scenario, tmp_path: Path) -> None:
    folder = tmp_path / "no-broker"
    shutil.copytree(INVENTORY, folder)
    hosts = folder / "hosts.yml"
    text = hosts.read_text(encoding="utf-8")
    without = text.replace("    kafka:\n      hosts: {kafka: {}}\n", "")
    assert without != text
    hosts.write_text(without, encoding="utf-8")
    ended = scenario.lab("up", "-i", str(folder))
    ended.refuses("the inventory lacks group kafka")


def test_inventory_that_is_not_there(scenario: Scenario) -> None:
    ended = scenario.lab("up", "-i", "inventory/nowhere")
    assert ended.status == 2
    ended.refuses("inventory/nowhere", "is not there", "inventory/classroom", changed=None)
