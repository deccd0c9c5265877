"""What the inventory says of each host, rendered."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from cli import ansible
from cli.errors import LabError
from cli.lab import TRUE, Lab

ANSWER_SECONDS = 3
LOOPBACK = re.compile(r"localhost(\.localdomain)?|127(\.\d+){3}|::1")


class Inventory:
    """Values that are being read by a child process, and are there when first asked for.

    Args:
        lab: the inventory's lab.
        child: prints the JSON of cli.inventory_values.
    """

    def __init__(self, lab: Lab, child: subprocess.Popen[str]) -> None:
        self._lab = lab
        self._child = child
        self._hosts: dict[str, dict[str, Any]] | None = None

    @classmethod
    def start(cls, lab: Lab) -> Inventory:
        """Begin to read; returns at once.

        Args:
            lab: gives inventory, settings and limit.
        """
        request = {
            "inventory": str(lab.inventory),
            "playbooks": str(lab.root / "playbooks"),
            "settings": list(lab.extra_vars),
            "limit": lab.limit,
        }
        argv = [str(lab.root / ".venv/bin/python"), "-m", "cli.inventory_values", json.dumps(request)]
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ansible.environment(lab),
            cwd=lab.root,
        )
        return cls(lab, child)

    @property
    def hosts(self) -> dict[str, dict[str, Any]]:
        """Host -> its groups and values.

        Raises:
            LabError: Ansible cannot read the inventory.
        """
        if self._hosts is None:
            out, errors = self._child.communicate()
            lines = [line for line in out.splitlines() if line.startswith("{")]
            if self._child.returncode != 0 or not lines:
                said = [line for line in errors.splitlines() if line.strip()] or ["no message"]
                raise LabError(f"{self._lab.shown_inventory} cannot be read: {said[-1]}")
            self._hosts = json.loads(lines[-1])
            if not self._hosts:
                what = f"no host of {self._lab.shown_inventory} matches --limit {self._lab.limit}"
                raise LabError(what if self._lab.limit else f"{self._lab.shown_inventory} names no host")
        return self._hosts

    def stop(self) -> None:
        """End the reader, if nobody asked."""
        if self._child.poll() is None:
            self._child.kill()
            self._child.communicate()

    def has_local_hosts(self) -> bool:
        """Whether a host is this machine itself."""
        return any(host.get("ansible_connection") == "local" for host in self.hosts.values())

    def hosts_on_this_machine(self) -> list[str]:
        """Hosts that are this machine itself, by a local connection or by ssh to its loopback address."""
        return [
            name
            for name, host in self.hosts.items()
            if host.get("ansible_connection") == "local"
            or LOOPBACK.fullmatch(str(host.get("ansible_host") or name).lower())
        ]

    def silent_hosts(self) -> list[str]:
        """Hosts where no ssh server greets."""
        with ThreadPoolExecutor(max_workers=16) as pool:
            answers = pool.map(_answers, self.hosts.items())
            return [name for name, answer in zip(self.hosts, answers, strict=True) if not answer]


def says_containers(lab: Lab) -> bool:
    """Whether the hosts of a lab are containers of this machine: the value that Ansible has for lab_containers.

    Args:
        lab: which.
    Raises:
        LabError: some hosts are containers and others are not, or the inventory cannot be read.
    """
    inventory = Inventory.start(replace(lab, limit=None))
    try:
        values = {name: str(host.get("lab_containers", False)).lower() for name, host in inventory.hosts.items()}
    finally:
        inventory.stop()
    answers = {name: value in TRUE for name, value in values.items()}
    if len(set(answers.values())) > 1:
        real = ", ".join(name for name, answer in answers.items() if not answer)
        raise LabError(
            f"{lab.shown_inventory}: lab_containers is true for some hosts and false for {real}; "
            "set it to one value in group_vars/all.yml"
        )
    return any(answers.values())


def is_this_machine(lab: Lab) -> bool:
    """Whether a host of the lab is this machine itself; then its own sudo counts.

    Args:
        lab: which.
    """
    if lab.is_containers:
        return False
    inventory = Inventory.start(lab)
    try:
        return inventory.has_local_hosts()
    finally:
        inventory.stop()


def _answers(entry: tuple[str, dict[str, Any]]) -> bool:
    name, host = entry
    if host.get("ansible_connection") == "local":
        return True
    address = (host.get("ansible_host", name), int(host.get("ansible_port", 22)))
    try:
        with socket.create_connection(address, ANSWER_SECONDS) as connection:
            connection.settimeout(ANSWER_SECONDS)
            # The greeting, not the connection: some networks accept connections to machines that are not there.
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
