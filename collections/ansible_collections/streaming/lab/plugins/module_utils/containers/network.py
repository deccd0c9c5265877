"""The podman network of one lab: made, and made again where an earlier release made it without `isolate`."""

from __future__ import annotations

import json

from ansible_collections.streaming.lab.plugins.module_utils.containers import links as container_links
from ansible_collections.streaming.lab.plugins.module_utils.containers.engine import ContainerError, Podman, last_line


def create(podman: Podman, params: dict) -> None:
    """Make the lab's network.

    Raises:
        ContainerError: podman refused.
    """
    done = podman.run(
        "network", "create", "--label", f"streaming-lab.lab={params['lab']}",
        "--label", f"streaming-lab.clone={params['clone']}", "--subnet", params["subnet"],
        # Containers of other labs do not reach these: with the gateway's address, they would pass for this machine.
        "--opt", "isolate=true", params["lab"], check=False,
    )  # fmt: skip
    if not done.returncode:
        return
    reason = last_line(done.stderr)
    if "already used" in reason:
        raise ContainerError(
            f"network {params['lab']} cannot be made: {params['subnet']} is in use on this machine "
            "(ip -br address shows where); remove that interface or set lab_subnet_prefix"
        )
    raise ContainerError(f"network {params['lab']} cannot be made: {reason}")


def remove(podman: Podman, network: dict, *options: str) -> None:
    """Remove a network of the lab, with links that podman leaves on this machine.

    Raises:
        ContainerError: podman refused.
    """
    podman.run("network", "rm", *options, network["name"])
    container_links.remove_bridge(network)


def remove_ended_links(network: dict) -> str:
    """Remove links of containers that have ended from a network. Returns what was done, empty when nothing was."""
    links = container_links.remove_ended(network)
    return f"removed links of ended containers from network {network['name']}: {', '.join(links)}" if links else ""


def present_network(podman: Podman, lab: str) -> dict | None:
    """The lab's network as podman lists it; None where there is none."""
    return next((found for found in podman.labelled("network", lab) if found["name"] == lab), None)


def is_isolated(network: dict) -> bool:
    """Whether containers of other isolated networks cannot reach those of a network.

    Args:
        network: as podman lists it; without options it has no key `options`.
    """
    return str((network.get("options") or {}).get("isolate", "")).lower() in ("true", "1", "strict")


def foreign_containers(podman: Podman, lab: str) -> list[str]:
    """Names of containers in the lab's network that are not the lab's own."""
    listed = podman.run("container", "ls", "--all", "--filter", f"network={lab}", "--format", "json").stdout
    return sorted(
        container["Names"][0]
        for container in json.loads(listed or "[]") or []
        if (container.get("Labels") or {}).get("streaming-lab.lab") != lab
    )


def open_network_warning(command: str, lab: str, foreign: list[str]) -> str:
    """Warning: the network could not be replaced, and what to do.

    Args:
        command: of podman, for the person.
        lab: the lab's name.
        foreign: containers in its network that are not the lab's own.
    """
    return (
        f"other labs on this machine can reach this lab's ports; disconnect {', '.join(foreign)} from network {lab} "
        f"(sudo {command} network disconnect {lab} {foreign[0]}), then run ./lab up"
    )
