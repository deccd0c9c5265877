"""plugins/module_utils/containers/ssh.py: ssh of a new host, and what is said where it does not answer."""

from __future__ import annotations

import socket
import subprocess

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.containers import ssh as container_ssh

HOST, PARAMS = {"name": "kafka", "address": "127.0.0.1"}, {"lab": "lab", "user": "ubuntu", "authorized_key": "KEY"}


class OnePodman:
    """A podman that answers each command alike."""

    command = "podman"

    def __init__(self, output: str, errors: str = "") -> None:
        self.output, self.errors = output, errors

    def run(self, *arguments, stdin=None, check=True):
        return subprocess.CompletedProcess(arguments, 0 if self.output else 125, self.output, self.errors)


@pytest.mark.parametrize(
    ("podman", "reason"),
    [
        (OnePodman("ssh-ed25519 AAAA root@kafka\n"), "Connection refused"),
        (OnePodman("", "Error: container is not running\n"), "container is not running"),
    ],
)
def test_a_host_without_ssh_is_said_with_the_remedy(monkeypatch, podman, reason) -> None:
    def refuse(*_given, **_options):
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(container_ssh, "BOOT_SECONDS", 0)
    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(container_ssh.ContainerError) as failure:
        container_ssh.open_ssh(podman, HOST, PARAMS)
    assert str(failure.value) == (
        f"lab-kafka runs, but ssh at 127.0.0.1:22 did not answer within 0 s: {reason}; "
        "run: sudo podman restart lab-kafka, then ./lab up"
    )
