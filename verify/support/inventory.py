"""Reads an Ansible inventory: which hosts there are, how they are reached, and which of them form one lab."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.engine.inventory import result, start_reading

PARTS = ("zookeeper", "kafka", "connect", "mysql", "namenode", "datanode", "workspace")
DEFAULTS = {
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
    "kafka_fast_commands": True,
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
    "hadoop_fast_commands": True,
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
"""The variables that verification reads, and their values where an inventory sets none."""


@dataclass(frozen=True)
class HostInfo:
    """One host of the inventory: its name, its groups, whether `--limit` picks it, and the values of `DEFAULTS`."""

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
        settings: the values of `--extra-vars`; they win.

    Raises:
        LabError: Ansible cannot read the inventory, or it names no host.
        ValueError: the limit matches no host, or a value cannot be rendered.
    """
    hosts = []
    for name, host in result(start_reading(inventory, settings, limit or None, DEFAULTS), str(inventory)).items():
        if host["errors"]:
            variable, reason = next(iter(host["errors"].items()))
            raise ValueError(f"{inventory}: {variable} of host {name} cannot be read: {reason}")
        groups = tuple(group for group in PARTS if group in host["groups"])
        hosts.append(HostInfo(name, groups, host["chosen"], {**DEFAULTS, **host["values"]}))
    if not any(host.chosen for host in hosts):
        raise ValueError(f"{inventory} has no host that matches {limit}")
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
