"""What podman gets for the containers of a host."""

from __future__ import annotations

import hashlib
import json

from ansible_collections.streaming.lab.plugins.module_utils.containers.isolation import MOUNTS, Isolation

LABEL = "streaming-lab"
INFRA = f"{LABEL}.infra"
"""Label of an infra container: the name of its host's container."""


def infra_name(host: dict, params: dict) -> str:
    """Name of a host's infra container. Host names have no underscore."""
    return f"{params['lab']}-{host['name']}_infra"


def network_arguments(host: dict, params: dict) -> list[str]:
    """Arguments of `podman run` that give a container a host's address and published ports."""
    publish = [word for port in host["publish"] for word in ("--publish", port)]
    return ["--network", params["lab"], "--ip", host["address"], *publish]


def infra_arguments(host: dict, params: dict, isolation: Isolation) -> list[str]:
    """Arguments of `podman run` for a host's infra container; none where the host has no user namespace.

    As in a pod, the infra container holds the user namespace and the network, and the host joins both. podman 4.3 does
    not release the network of a container in a user namespace before it restarts it, so a host with a network of its
    own would not come back after a reboot ("requested ip address is already allocated"). For the same reason the infra
    container has no restart policy: its host's start starts it.
    """
    if not isolation.mapped:
        return []
    return [
        "--name", infra_name(host, params), *isolation.arguments, "--no-hosts", "--stop-timeout=0",
        *network_arguments(host, params),
    ]  # fmt: skip


def host_arguments(host: dict, params: dict, isolation: Isolation) -> list[str]:
    """Arguments of `podman run` that make a host what it is: all but the labels of its owner."""
    lab, infra = params["lab"], f"container:{infra_name(host, params)}"
    network = ["--userns", infra, "--network", infra] if isolation.mapped else network_arguments(host, params)
    arguments = [
        "--name", f"{lab}-{host['name']}", "--hostname", host["name"], *isolation.options,
        "--systemd=always", "--no-hosts", "--stop-timeout=30", "--restart=always", "--tmpfs", MOUNTS, *network,
    ]  # fmt: skip
    for name, path in sorted(host["volumes"].items()):
        arguments += ["--volume", isolation.volume(f"{lab}-{host['name']}-{name}", path)]
    return arguments


def specification(host: dict, params: dict, isolation: Isolation) -> str:
    """A hash of all that a host's containers are made from."""
    made_from = [
        params["image"], params["subnet"],
        host_arguments(host, params, isolation), infra_arguments(host, params, isolation),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(made_from).encode()).hexdigest()[:16]


def run_arguments(host: dict, params: dict, isolation: Isolation, reason: str) -> list[str]:
    """Arguments of `podman run` for one host."""
    labels = {
        "lab": params["lab"], "clone": params["clone"], "spec": specification(host, params, isolation),
        "isolation": isolation.name, "reason": reason,
    }  # fmt: skip
    arguments = host_arguments(host, params, isolation)
    return ["run", "--detach", *label_arguments(labels), *arguments, params["image"], "/sbin/init"]


def label_arguments(labels: dict[str, str]) -> list[str]:
    """Arguments of podman for the lab's labels."""
    return [f"--label={LABEL}.{name}={value}" for name, value in labels.items()]
