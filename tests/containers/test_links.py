"""plugins/module_utils/containers/links.py: links that an interrupted run leaves on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.containers import links as container_links

NETWORK = {
    "name": "lab", "network_interface": "podman1", "subnets": [{"subnet": "10.89.20.0/24", "gateway": "10.89.20.1"}],
}  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A machine with bridge podman1 and links veth1 and veth2: gives the list of links that were deleted."""
    deleted: list[str] = []
    for number, link in enumerate(("veth1", "veth2"), start=11):
        (tmp_path / "podman1" / "brif" / link).mkdir(parents=True)
        (tmp_path / link).mkdir()
        (tmp_path / link / "ifindex").write_text(f"{number}\n")
    monkeypatch.setattr(container_links, "SYS", tmp_path)
    monkeypatch.setattr(container_links.time, "sleep", lambda _: None)

    def make(address: str = "10.89.20.1", used: tuple[set[int], ...] = ({11},)) -> list[str]:
        answers = iter(used)

        def run(*argv: str) -> str:
            if argv[:3] == ("ip", "link", "delete"):
                deleted.append(argv[-1])
            return json.dumps([{"addr_info": [{"local": address}, {"local": "fe80::1"}]}]) if "address" in argv else ""

        monkeypatch.setattr(container_links, "_run", run)
        monkeypatch.setattr(container_links, "_used_indexes", lambda: next(answers))
        return deleted

    return make


def test_the_bridge_of_a_removed_network_goes_with_its_links(machine) -> None:
    deleted = machine()
    container_links.remove_bridge(NETWORK)
    assert deleted == ["veth1", "veth2", "podman1"]


def test_a_bridge_that_another_network_has_by_now_stays(machine) -> None:
    deleted = machine(address="10.89.21.1")
    container_links.remove_bridge(NETWORK)
    assert deleted == []


@pytest.mark.parametrize("network", [{"name": "lab"}, {**NETWORK, "network_interface": "eth0"}])
def test_a_network_without_a_bridge_on_this_machine_leaves_nothing(machine, network: dict) -> None:
    deleted = machine()
    container_links.remove_bridge(network)
    assert container_links.remove_ended(network) == [] and deleted == []


def test_links_of_namespaces_without_a_process_go(machine) -> None:
    deleted = machine(used=({11}, {11}))
    assert container_links.remove_ended(NETWORK) == ["veth2"] == deleted


def test_the_link_of_a_container_that_starts_meanwhile_stays(machine) -> None:
    deleted = machine(used=({11}, {11, 12}))
    assert container_links.remove_ended(NETWORK) == [] == deleted
