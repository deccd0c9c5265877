"""Reads an Ansible inventory: which hosts there are, how they are reached, and which of them form one lab."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.inventory_values import extra_variables

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("zookeeper", "kafka", "connect", "mysql", "namenode", "datanode", "workspace")
WANTED = {
    "lab_cluster": "",
    "lab_name": "lab",
    "ansible_host": "",
    "ansible_user": "",
    "ansible_port": 22,
    "ansible_connection": "ssh",
    "ansible_ssh_private_key_file": "",
    "ansible_ssh_common_args": "",
    "lab_restart_command": "",
    "kafka_home": "/opt/kafka",
    "kafka_data_dir": "/var/lib/kafka",
    "kafka_offsets_retention_minutes": 525600,
    "kafka_port": 9092,
    "zookeeper_data_dir": "/var/lib/zookeeper",
    "zookeeper_port": 2181,
    "kafka_connect_port": 8083,
    "kafka_connect_standalone_port": 8084,
    "firewall_enabled": True,
    "lab_address": "",
    "lab_open_to": (),
    "lab_published": (),
    "mysql_port": 3306,
    "hadoop_home": "/opt/hadoop",
    "hadoop_data_dir": "/var/lib/hadoop",
    "hadoop_namenode_http_port": 9870,
    "hadoop_namenode_rpc_port": 8020,
    "hadoop_datanode_http_port": 9864,
    "openjdk_version": 21,
    "course_user": "student",
    "course_uid": 1500,
    "course_home": "/home/student",
    "course_programs": "/home/student/kafka-python",
    "course_venv": "/opt/course-venv",
    "lab_services_enabled": True,
    "lab_hadoop_install": True,
    "lab_bluesky_source": "auto",
    "hdfs_sink_jobs": [],
    "lab_containers": False,
    "lab_state_dir": "",
}
"""The variables that verification reads, and what they are where an inventory does not say."""


@dataclass(frozen=True)
class HostInfo:
    """One host of the inventory: its name, its groups, whether `--limit` picks it, and the values of `WANTED`."""

    name: str
    groups: tuple[str, ...]
    chosen: bool
    values: dict[str, Any] = field(compare=False, hash=False)


@dataclass(frozen=True)
class LabInfo:
    """The hosts that form one lab, by the part they play."""

    name: str
    parts: dict[str, tuple[HostInfo, ...]] = field(compare=False, hash=False)

    def first(self, part: str) -> HostInfo:
        """Return the first host that plays a part.

        Raises:
            LookupError: if none does.
        """
        if not self.parts[part]:
            raise LookupError(f"lab {self.name} has no host in the group {part}")
        return self.parts[part][0]

    @property
    def hosts(self) -> tuple[HostInfo, ...]:
        """Every host once, in the order of `PARTS`."""
        return tuple(dict.fromkeys(host for part in PARTS for host in self.parts[part]))


def read_hosts(inventory: Path, limit: str = "", settings: Sequence[str] = ()) -> list[HostInfo]:
    """Read hosts and their variables as a playbook in `playbooks/` would see them.

    Args:
        inventory: file or folder of the inventory.
        limit: Ansible's own patterns, such as `kafka,!hadoopmaster`; empty for all.
        settings: what `--extra-vars` gave; they win.

    Raises:
        ValueError: if the inventory has no host of that name.
    """
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins.loader import init_plugin_loader
    from ansible.template import Templar
    from ansible.vars.manager import VariableManager

    init_plugin_loader()
    loader = DataLoader()
    loader.set_basedir(str(ROOT / "playbooks"))
    # The host `kafka` of the group `kafka` is meant (both names are the notes'); Ansible warns about it each time.
    with contextlib.redirect_stderr(io.StringIO()) as said:
        manager = InventoryManager(loader=loader, sources=[str(inventory)])
    if "same name" not in said.getvalue():
        print(said.getvalue(), end="", file=sys.stderr)
    variables = VariableManager(loader=loader, inventory=manager)
    extra = extra_variables(loader, list(settings))
    chosen = {host.name for host in manager.get_hosts(limit or "all")}
    hosts = []
    for host in manager.get_hosts("all"):
        templar = Templar(loader=loader, variables={**variables.get_vars(host=host), **extra})
        values = {
            name: templar.template(templar.available_variables[name])
            if name in templar.available_variables
            else default
            for name, default in WANTED.items()
        }
        groups = tuple(group.name for group in host.get_groups() if group.name in PARTS)
        hosts.append(HostInfo(host.name, groups, host.name in chosen, values))
    if not chosen:
        raise ValueError(f"{inventory} has no host{f' that matches {limit}' if limit else ''}")
    return hosts


def form_labs(hosts: list[HostInfo]) -> list[LabInfo]:
    """Group hosts into labs: one for each distinct `lab_cluster` of the group `kafka` with a chosen host.

    A part that a lab has no host of its own for is played by all hosts of that group, as one Hadoop cluster
    serves a classroom.
    """
    clusters: dict[str, None] = dict.fromkeys(_cluster(host) for host in hosts if "kafka" in host.groups)
    labs = []
    for cluster in clusters:
        if not any(host.chosen for host in hosts if _cluster(host) == cluster):
            continue
        parts = {}
        for part in PARTS:
            members = [host for host in hosts if part in host.groups]
            own = tuple(host for host in members if _cluster(host) == cluster)
            parts[part] = own or tuple(members)
        labs.append(LabInfo(cluster, parts))
    return labs


def _cluster(host: HostInfo) -> str:
    return str(host.values["lab_cluster"] or host.name)
