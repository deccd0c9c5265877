"""The rendered values of each host of an inventory."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from cli.engine import ansible
from cli.errors import LabError
from cli.lab import ROOT, TRUE, Lab

ANSWER_SECONDS = 3
LOOPBACK = re.compile(r"localhost(\.localdomain)?|127(\.\d+){3}|::1")


# Variables that the command line reads.
NAMES = (
    "ansible_host",
    "ansible_port",
    "ansible_user",
    "ansible_connection",
    "ansible_ssh_private_key_file",
    "ansible_ssh_common_args",
    "ansible_ssh_extra_args",
    "lab_containers",
    "lab_published",
    "lab_name",
    "course_user",
    "course_home",
    "artifacts_cache",
    "hadoop_namenode_http_port",
    "kafka_connect_port",
    "lab_services_enabled",
    # Who reaches its ports (cli/ui/reach.py).
    "lab_address",
    "lab_cluster",
    "lab_hadoop_install",
    "lab_open_ports",
    "lab_open_to",
    "firewall_enabled",
    "zookeeper_port",
    "kafka_port",
    "mysql_port",
    "mysql_bind_address",
    "hadoop_namenode_rpc_port",
    "hadoop_datanode_http_port",
)


def start_reading(
    inventory: Path,
    settings: Iterable[str],
    limit: str | None,
    names: Iterable[str],
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[str]:
    """Start a process that reads an inventory; see cli.engine.inventory_values.

    Args:
        inventory: file or folder.
        settings: the values of --extra-vars.
        limit: Ansible's host pattern, or None.
        names: the variables to render.
        environment: of the process; None for this process's own.
    """
    request = {
        "inventory": str(inventory),
        "playbooks": str(ROOT / "playbooks"),
        "settings": list(settings),
        "limit": limit,
        "names": list(names),
    }
    # This process may run the system's Python, which has no Ansible.
    python = ROOT / ".venv/bin/python"
    return subprocess.Popen(
        [str(python if python.exists() else sys.executable), "-m", "cli.engine.inventory_values", json.dumps(request)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    )


def result(child: subprocess.Popen[str], inventory: str) -> dict[str, dict[str, Any]]:
    """Wait for the process of `start_reading`.

    Returns:
        host -> groups, chosen, values, errors.
    Raises:
        LabError: Ansible cannot read the inventory, or it names no host.
    """
    out, errors = child.communicate()
    lines = [line for line in out.splitlines() if line.startswith("{")]
    if child.returncode != 0 or not lines:
        messages = [line for line in errors.splitlines() if line.strip()] or ["no message"]
        raise LabError(f"{inventory} cannot be read: {messages[-1]}")
    hosts = json.loads(lines[-1])
    if not hosts:
        raise LabError(f"{inventory} names no host")
    return hosts


class Inventory:
    """Values that are being read by a child process, and are there when first asked for.

    Args:
        lab: the inventory's lab.
        child: of `start_reading`.
    """

    def __init__(self, lab: Lab, child: subprocess.Popen[str]) -> None:
        self._lab = lab
        self._child = child
        self._hosts: dict[str, dict[str, Any]] | None = None

    @classmethod
    def start(cls, lab: Lab) -> Inventory:
        """Begin to read; returns at once."""
        return cls(lab, start_reading(lab.inventory, lab.extra_vars, lab.limit, NAMES, ansible.environment(lab)))

    @property
    def hosts(self) -> dict[str, dict[str, Any]]:
        """Host -> its groups and values; only hosts within --limit.

        Raises:
            LabError: Ansible cannot read the inventory.
        """
        if self._hosts is None:
            hosts = result(self._child, self._lab.shown_inventory)
            self._hosts = {
                name: {"groups": host["groups"], **host["values"]} for name, host in hosts.items() if host["chosen"]
            }
            if not self._hosts:
                raise LabError(f"no host of {self._lab.shown_inventory} matches --limit {self._lab.limit}")
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
    """Whether a host of the lab is this machine itself; then its own sudo counts."""
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
