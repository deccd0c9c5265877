"""Addresses of hosts that podman still reserves for a container, because an earlier run was interrupted.

podman notes the address of a container before it makes the container's network. Where it is killed in between, neither
the removal of the container nor that of the network releases the address (podman 4.3).
"""

from __future__ import annotations

import re

from ansible_collections.streaming.lab.plugins.module_utils.containers.arguments import INFRA, LABEL
from ansible_collections.streaming.lab.plugins.module_utils.containers.engine import ContainerError, Podman, last_line

RESERVED = re.compile(r"requested ip address (\S+) is already allocated to container ID ([0-9a-f]+)")


def run_container(podman: Podman, name: str, arguments: list[str], params: dict) -> str:
    """Run `podman run` or `podman start`; release the container's address where an ended container has it.

    Returns:
        why the container does not run; empty when it does.
    Raises:
        ContainerError: a running container has the address, or podman does not release it.
    """
    done = podman.run(*arguments, check=False)
    # In a user namespace, podman releases the address itself when it fails: the second attempt succeeds.
    for release in (False, True):
        reserved = RESERVED.search(done.stderr) if done.returncode else None
        if not reserved:
            return last_line(done.stderr) if done.returncode else ""
        address, holder = reserved.groups()
        _refuse_running(podman, name, address, holder, params["lab"])
        if arguments[0] == "run":
            podman.run("rm", "--force", "--time", "0", name, check=False)
        if release:
            _release(podman, name, address, params)
        done = podman.run(*arguments, check=False)
    if done.returncode and RESERVED.search(done.stderr):
        raise ContainerError(
            f"{name} cannot have address {address}: podman reserves it for a container that has ended; "
            "restart this machine, then run ./lab up"
        )
    return last_line(done.stderr) if done.returncode else ""


def _refuse_running(podman: Podman, name: str, address: str, holder: str, lab: str) -> None:
    """Raise ContainerError where the container that has the address runs."""
    shown = ("container", "inspect", "--format", "{{.State.Status}} {{.Name}}", holder)
    status, _, other = podman.run(*shown, check=False).stdout.strip().partition(" ")
    if status in ("running", "paused"):
        raise ContainerError(
            f"{name} cannot have address {address}: container {other} in network {lab} uses it; "
            f"disconnect that (sudo {podman.command} network disconnect {lab} {other}), then run ./lab up"
        )


def _release(podman: Podman, name: str, address: str, params: dict) -> None:
    """Let podman fail to give the address to a container in a user namespace: then it deletes the reservation.

    The namespace maps each id to itself, so this also works where containers cannot have ids of their own.
    """
    helper = f"{name}_release"
    podman.run(
        "run", "--rm", "--name", helper, f"--label={LABEL}.lab={params['lab']}",
        f"--label={LABEL}.clone={params['clone']}", f"--label={INFRA}={helper}", "--privileged", "--uidmap=0:0:65536",
        "--network", params["lab"], "--ip", address, params["image"], "/bin/true", check=False,
    )  # fmt: skip
