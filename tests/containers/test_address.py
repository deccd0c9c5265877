"""plugins/module_utils/containers/address.py: an address that podman still reserves for an ended container."""

from __future__ import annotations

import subprocess

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.containers import hosts as container_hosts
from ansible_collections.streaming.lab.plugins.module_utils.containers.engine import ContainerError
from tests.containers.kit import PARAMS, FakePodman

run_container = container_hosts.container_address.run_container
ERROR = "Error: IPAM error: requested ip address 10.89.20.10 is already allocated to container ID 0123abcd\n"
RUN = ["run", "--detach", "--name", "lab-kafka_infra", "image:1"]


class ReservingPodman(FakePodman):
    """Fails to run a container a number of times, because its address is reserved.

    Args:
        failures: how many times.
        holder: state and name of the container that has the address; empty where it is gone.
    """

    def __init__(self, failures: int, holder: str = "") -> None:
        super().__init__()
        self.failures, self.holder = failures, holder

    def run(self, *arguments, stdin=None, check=True):
        done = super().run(*arguments, stdin=stdin, check=check)
        if arguments[:2] == ("container", "inspect"):
            return subprocess.CompletedProcess(arguments, 0 if self.holder else 125, self.holder, "")
        if arguments[0] in ("run", "start") and "--rm" not in arguments and self.failures:
            self.failures -= 1
            return subprocess.CompletedProcess(arguments, 125, "", ERROR)
        return done


def test_a_container_with_a_reserved_address_is_removed_and_run_again():
    podman = ReservingPodman(1)
    assert run_container(podman, "lab-kafka_infra", RUN, PARAMS) == ""
    assert podman.commands == [
        " ".join(RUN), "container inspect --format {{.State.Status}} {{.Name}} 0123abcd",
        "rm --force --time 0 lab-kafka_infra", " ".join(RUN),
    ]  # fmt: skip


def test_an_address_that_stays_reserved_is_released_by_a_container_in_a_user_namespace():
    podman = ReservingPodman(2)
    assert run_container(podman, "lab-kafka", ["start", "lab-kafka"], PARAMS) == ""
    [release] = podman.runs
    assert "--uidmap=0:0:65536" in release and release[release.index("--ip") + 1] == "10.89.20.10"
    assert "rm --force" not in podman.asked, "a container that is started keeps the student's files"


def test_an_address_that_cannot_be_released_is_said_with_the_remedy():
    with pytest.raises(ContainerError, match=r"lab-kafka cannot have address 10\.89\.20\.10: .* restart this machine"):
        run_container(ReservingPodman(9), "lab-kafka", ["start", "lab-kafka"], PARAMS)


def test_the_address_of_a_running_container_is_left_to_it():
    podman = ReservingPodman(1, "running debugger\n")
    with pytest.raises(ContainerError, match=r"container debugger .* podman network disconnect lab debugger"):
        run_container(podman, "lab-kafka", ["start", "lab-kafka"], PARAMS)
    assert podman.runs == [] and podman.asked.count("start lab-kafka") == 1


def test_another_error_is_returned_at_once():
    podman = FakePodman(failing=["start"])
    assert run_container(podman, "lab-kafka", ["start", "lab-kafka"], PARAMS) == "no message"
    assert podman.commands == ["start lab-kafka"]
