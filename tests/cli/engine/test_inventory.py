"""The values of an inventory, as the command line and the verification read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.engine.inventory import Inventory, result, start_reading
from cli.errors import LabError
from cli.lab import Lab
from verify.support.inventory import read_hosts

HOSTS = """
all:
  hosts:
    one: {kafka_port: "{{ base + 2 }}", base: 9090}
    two: {kafka_port: "{{ missing }}"}
  children:
    kafka: {hosts: {one: {}}}
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "hosts.yml"
    path.write_text(HOSTS, encoding="utf-8")
    return path


def test_values_are_rendered_and_those_that_cannot_be_are_named(inventory: Path) -> None:
    hosts = result(start_reading(inventory, ["mysql_port=3307"], "one", ["kafka_port", "mysql_port", "unset"]), "it")
    assert hosts["one"] == {
        "groups": ["all", "kafka"],
        "chosen": True,
        "values": {"kafka_port": 9092, "mysql_port": "3307"},
        "errors": {},
    }
    assert not hosts["two"]["chosen"]
    assert "missing" in hosts["two"]["errors"]["kafka_port"]


def test_the_command_line_sees_the_hosts_within_the_limit(inventory: Path) -> None:
    assert Inventory.start(Lab("lab", inventory, limit="one")).hosts["one"]["kafka_port"] == 9092
    assert list(Inventory.start(Lab("lab", inventory, limit="!one")).hosts) == ["two"]
    with pytest.raises(LabError, match=r"no host of .* matches --limit three"):
        _ = Inventory.start(Lab("lab", inventory, limit="three")).hosts


def test_the_verification_refuses_a_value_that_cannot_be_rendered(inventory: Path) -> None:
    with pytest.raises(ValueError, match=r"kafka_port of host two cannot be read: .*missing"):
        read_hosts(inventory, settings=["lab_name=lab"])


def test_an_inventory_without_hosts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("all: {}\n", encoding="utf-8")
    with pytest.raises(LabError, match="it names no host"):
        result(start_reading(tmp_path / "hosts.yml", [], None, []), "it")
