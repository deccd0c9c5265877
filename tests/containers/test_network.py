"""A network of an earlier release, without podman's isolate: made again with its containers, or a warning."""

from __future__ import annotations

import subprocess

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.containers import hosts as container_hosts
from ansible_collections.streaming.lab.plugins.module_utils.containers.engine import ContainerError
from ansible_collections.streaming.lab.plugins.modules import lab_containers as module
from tests.containers.kit import HOST, PARAMS, FakePodman, container, stand_in

OLD_NETWORK = {"name": "lab", "options": None}
KEPT = [{"path": "/opt/kafka", "users": ["student"]}]
INFRA = {**container(**{"streaming-lab.infra": "lab-kafka"}), "Names": ["lab-kafka_infra"]}


@pytest.fixture(autouse=True)
def hosts_without_ssh(monkeypatch):
    """The ids of containers that were recorded as ended."""
    return stand_in(monkeypatch)


def test_a_network_without_isolation_is_made_anew_with_its_containers(monkeypatch):
    podman = FakePodman([container(), INFRA], [{"Name": "lab-kafka-kafka"}], [OLD_NETWORK])
    files = container_hosts.container_files
    monkeypatch.setattr(files, "keep", lambda *given: podman.commands.append(f"keep {given[1]}"))
    monkeypatch.setattr(files, "give_back", lambda *given: podman.commands.append(f"give {given[1]}"))
    result = module.present(podman, {**PARAMS, "hosts": [{**HOST, "kept": KEPT}]}, change=True)
    assert result["actions"] == [
        "replaced network lab and its containers: other labs could reach them; "
        "volumes and the student's files were kept",
        "made lab-kafka",
    ]
    order = [command for command in podman.commands if command.startswith(("keep", "rm", "network", "run -d", "give"))]
    order = [" ".join([*command.split()[:2], command.split()[-1]]) for command in order if "network ls" not in command]
    assert order[:5] == [
        "keep lab-kafka lab-kafka", "rm --force lab-kafka", "rm --force lab-kafka_infra", "network rm lab",
        "network create lab",
    ]  # fmt: skip
    assert order[-1] == "give lab-kafka lab-kafka"
    assert "volume rm" not in podman.asked and "volume create" not in podman.asked
    assert "isolate=true" in next(command for command in podman.commands if command.startswith("network create"))
    assert result["network_warning"] == ""


def test_an_infra_container_without_its_host_does_not_hold_the_network():
    podman = FakePodman([INFRA], networks=[OLD_NETWORK])
    module.present(podman, PARAMS, change=True)
    assert podman.asked.index("rm --force") < podman.asked.index("network rm")


def test_check_mode_leaves_such_a_network_as_it_is():
    podman = FakePodman([container()], networks=[OLD_NETWORK])
    assert module.present(podman, PARAMS, change=False)["actions"][0].startswith("replaced network lab and")
    assert all(asked.endswith("ls") for asked in podman.asked)


def test_no_container_is_removed_where_the_files_of_one_cannot_be_kept(monkeypatch):
    hosts = [{**HOST, "name": name, "kept": KEPT} for name in ("kafka", "desk")]
    podman = FakePodman([container(), {**container(), "Names": ["lab-desk"]}], networks=[OLD_NETWORK])

    def refuse(_podman, name, *_rest):
        if name == "lab-desk":
            raise OSError("no space")

    monkeypatch.setattr(container_hosts.container_files, "keep", refuse)
    with pytest.raises(ContainerError, match="no space; the container lab-desk was not changed"):
        module.present(podman, {**PARAMS, "hosts": hosts}, change=True)
    assert "rm --force" not in podman.asked and "network rm" not in podman.asked


def test_a_network_with_somebody_elses_container_stays_with_a_warning():
    podman = FakePodman([container()], networks=[OLD_NETWORK], foreign=[{"Names": ["debugger"], "Labels": None}])
    result = module.present(podman, PARAMS, change=True)
    assert result["changed"] is False
    assert result["network_warning"] == (
        "other labs on this machine can reach this lab's ports; disconnect debugger from network lab "
        "(sudo podman network disconnect lab debugger), then run ./lab up"
    )


@pytest.mark.parametrize("act", ["absent", "present"])
def test_links_of_a_network_go_after_it(monkeypatch, act):
    old = {**OLD_NETWORK, "labels": {}, "network_interface": "podman1", "subnets": [{"subnet": "10.89.20.0/24"}]}
    podman = FakePodman([container()], networks=[old])
    links = container_hosts.container_network.container_links
    monkeypatch.setattr(links, "remove_bridge", lambda network: podman.asked.append(network["network_interface"]))
    getattr(module, act)(podman, PARAMS, change=True)
    assert podman.asked[podman.asked.index("network rm") + 1] == "podman1"


def test_links_of_ended_containers_are_removed_and_said(monkeypatch):
    links = container_hosts.container_network.container_links
    monkeypatch.setattr(links, "remove_ended", lambda _: ["veth1"])
    podman = FakePodman([container()], networks=[{"name": "lab"}])
    line = "removed links of ended containers from network lab: veth1"
    assert module.present(podman, PARAMS, change=True)["actions"] == [line]
    assert module.present(podman, PARAMS, change=False)["actions"] == []
    # podman starts a host without an infra container with the link that it has.
    killed = FakePodman([container(pid=4_000_000)], networks=[{"name": "lab"}])
    assert module.present(killed, PARAMS, change=True)["actions"] == ["started lab-kafka"]


def test_a_subnet_in_use_is_said_with_the_remedy():
    class UsedSubnet(FakePodman):
        def run(self, *arguments, stdin=None, check=True):
            if arguments[:2] == ("network", "create"):
                line = "Error: subnet 10.89.20.0/24 is already used on the host or by another config"
                return subprocess.CompletedProcess(arguments, 125, "", line)
            return super().run(*arguments, stdin=stdin, check=check)

    with pytest.raises(ContainerError) as failure:
        module.present(UsedSubnet(), PARAMS, change=True)
    assert str(failure.value) == (
        "network lab cannot be made: 10.89.20.0/24 is in use on this machine (ip -br address shows where); "
        "remove that interface or set lab_subnet_prefix"
    )
