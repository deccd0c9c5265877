"""A podman that keeps its state in memory, for tests of the module that makes the lab's containers."""

from __future__ import annotations

import json
import subprocess

from ansible_collections.streaming.lab.plugins.module_utils.containers import arguments
from ansible_collections.streaming.lab.plugins.module_utils.containers import hosts as container_hosts
from ansible_collections.streaming.lab.plugins.module_utils.containers.engine import ContainerError, Podman
from ansible_collections.streaming.lab.plugins.module_utils.containers.isolation import (
    OWN_DEV,
)
from ansible_collections.streaming.lab.plugins.modules import lab_containers as module

HOST = {
    "name": "kafka", "address": "10.89.20.10", "volumes": {"kafka": "/var/lib/kafka"}, "publish": [], "kept": [],
}  # fmt: skip
PARAMS = {
    "lab": "lab", "clone": "/home/a/lab", "subnet": "10.89.20.0/24", "image": "image:1", "user_namespace": "auto",
    "user": "ubuntu", "authorized_key": "ssh-ed25519 AAAA", "kept_folder": "/nowhere", "hosts": [HOST],
}  # fmt: skip


class FakePodman(Podman):
    """Remembers what it was asked to do.

    Args:
        containers, volumes, networks: what it holds of the lab. A network is isolated unless it says otherwise.
        failing: commands that fail.
        foreign: containers of somebody else in the lab's network.
    """

    def __init__(self, containers=(), volumes=(), networks=(), failing=(), foreign=()) -> None:
        super().__init__("podman")
        isolated = [{"options": {"isolate": "true"}, **network} for network in networks]
        self.held = {"container": list(containers), "volume": list(volumes), "network": isolated}
        self.failing, self.foreign = set(failing), list(foreign)
        self.asked: list[str] = []
        self.commands: list[str] = []
        self.runs: list[list[str]] = []

    def run(self, *arguments, stdin=None, check=True):
        self.asked.append(" ".join(arguments[:2]))
        self.commands.append(" ".join(arguments))
        if arguments[1:2] == ("ls",):
            more = self.foreign if "network=lab" in arguments else []
            return subprocess.CompletedProcess(arguments, 0, json.dumps(self.held[arguments[0]] + more), "")
        if arguments[0] == "run":
            self.runs.append(list(arguments))
        code = 1 if arguments[0] in self.failing else 0
        if code and check:
            raise ContainerError(f"podman {arguments[0]} failed")
        return subprocess.CompletedProcess(arguments, code, "", "")


def container(state: str = "running", pid: int = 1, isolation=OWN_DEV, **labels: str) -> dict:
    """A container as podman lists it."""
    known = {
        "streaming-lab.lab": PARAMS["lab"],
        "streaming-lab.clone": PARAMS["clone"],
        "streaming-lab.spec": arguments.specification(HOST, PARAMS, isolation),
        "streaming-lab.isolation": isolation.name,
        "streaming-lab.reason": "" if isolation.mapped else "no user namespaces here",
    }
    return {"Id": "abc", "Names": ["lab-kafka"], "State": state, "Pid": pid, "Labels": {**known, **labels}}


def stand_in(monkeypatch) -> list[str]:
    """No container answers here, processes 1 and 2 alone live, in two networks, and the machine can map ids.

    Returns the ids of containers that were recorded as ended.
    """
    monkeypatch.setattr(module, "open_ssh", lambda *_: ("10.89.20.10 ssh-ed25519 KEY", False))
    monkeypatch.setattr(container_hosts, "really_runs", lambda pid: pid in (1, 2))
    monkeypatch.setattr(container_hosts, "share_network", lambda pid, other: pid == other)
    monkeypatch.setattr(container_hosts, "choose", lambda *_: (OWN_DEV, "", []))
    exits: list[str] = []
    monkeypatch.setattr(container_hosts, "record_exit", exits.append)
    return exits
