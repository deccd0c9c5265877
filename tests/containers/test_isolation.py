"""Which isolation is chosen for containers, and what podman gets for each."""

from __future__ import annotations

import json
import subprocess

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.containers import isolation

engine = isolation.choose.__globals__
ContainerError, Podman = engine["ContainerError"], engine["Podman"]


class Machine(Podman):
    """A podman on a machine that refuses a container with one of some words in its arguments, and what it says then."""

    def __init__(self, refuses: dict[str, str] | None = None, labels: dict[str, str] | None = None) -> None:
        super().__init__("podman")
        self.refuses, self.labels = refuses or {}, labels or {}
        self.runs: list[tuple[str, ...]] = []
        self.volumes: set[str] = set()

    def run(self, *arguments, stdin=None, check=True):
        if arguments[:2] == ("image", "inspect"):
            return subprocess.CompletedProcess(arguments, 0, json.dumps(self.labels), "")
        if arguments[0] == "volume":
            (self.volumes.add if arguments[1] == "create" else self.volumes.discard)(arguments[-1])
        if arguments[0] == "run":
            self.runs.append(arguments)
            for word, error in self.refuses.items():
                if any(word in argument for argument in arguments):
                    return subprocess.CompletedProcess(arguments, 126, "", f"Error: {error}\n")
        return subprocess.CompletedProcess(arguments, 0, "", "")


def chosen(machine: Machine, wanted: str = "auto"):
    return isolation.choose(machine, "image:1", "lab-trial", wanted, lambda: ["added a range"])


def test_capabilities_in_a_user_namespace_are_the_first_choice():
    found, reason, added = chosen(Machine())
    assert (found.name, reason, added) == ("capabilities", "", ["added a range"])
    assert "--privileged" not in found.arguments and "--userns=auto:size=65536" in found.arguments


def test_where_crun_cannot_filter_devices_they_are_hidden_from_it():
    found, reason, _ = chosen(Machine({"--cap-add": "crun: setrlimit (RLIM_MEMLOCK): Operation not permitted"}))
    assert (found.name, found.mapped, reason) == ("own-dev", True, "")


def test_without_user_namespaces_the_reasons_are_named():
    found, reason, _ = chosen(Machine({"--userns": "cannot clone: No space left on device"}))
    assert (found.name, found.mapped, reason) == ("privileged", False, "cannot clone: No space left on device")
    found, reason, _ = chosen(Machine({"--cap-add": "no filter", ":idmap": "mount_setattr: Invalid argument"}))
    assert (found.name, reason) == ("privileged", "no filter; mount_setattr: Invalid argument")


def test_always_refuses_a_machine_without_user_namespaces():
    with pytest.raises(ContainerError, match=r"containers_user_namespace is always.*cannot clone.*Set it to auto"):
        chosen(Machine({"--userns": "cannot clone"}), "always")


def test_never_tries_nothing_and_adds_nothing():
    machine = Machine()
    assert chosen(machine, "never") == (isolation.PRIVILEGED, "containers_user_namespace is never", [])
    assert machine.runs == []


def test_no_range_of_ids_is_a_reason():
    def full() -> list[str]:
        raise ValueError("no range is free")

    found, reason, added = isolation.choose(Machine(), "image:1", "lab-trial", "auto", full)
    assert (found.name, added) == ("privileged", [])
    assert reason == "/etc/subuid or /etc/subgid has no range for the user containers: no range is free"


def test_an_image_that_did_not_boot_in_a_user_namespace_here_is_not_tried_again():
    machine = Machine(labels={"streaming-lab.unfit": "in a user namespace, its systemd does not answer"})
    found, reason, _ = chosen(machine)
    assert (found.name, reason) == ("privileged", "in a user namespace, its systemd does not answer")
    assert machine.runs == []


def test_a_trial_leaves_no_volume():
    machine = Machine({"--userns": "no"})
    chosen(machine)
    assert machine.volumes == set()


def test_files_of_volumes_keep_their_ids_on_disk_whatever_the_isolation():
    assert isolation.CAPABILITIES.volume("v", "/data") == isolation.OWN_DEV.volume("v", "/data") == "v:/data:idmap"
    assert isolation.PRIVILEGED.volume("v", "/data") == "v:/data"


def test_a_mapped_container_does_not_get_dev_null_of_the_machine_as_its_own():
    assert all("--interactive" in found.arguments for found in isolation.KNOWN.values() if found.mapped)


def test_the_trial_is_a_shell_script():
    subprocess.run(["sh", "-n", "-c", isolation.PROBE], check=True)
