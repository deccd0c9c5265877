"""Containers that stand for the machines of inventory/classroom, and what they have used."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import OUTPUT, ROOT, BenchmarkError, timed

CLUSTER = "hadoopmaster"
COUNTERS = "cat /proc/net/dev /sys/fs/cgroup/cpu.stat"
NEW_HOST = """
set -eu
rm -rf /var/lib/apt/lists/*
printf 'Acquire::http::Proxy "%s";\\nAcquire::https::Proxy "%s";\\n' "$1" "$1" >/etc/apt/apt.conf.d/90-benchmark
"""
LIMIT_PROCESSORS = """
set -eu
group=/sys/fs/cgroup$(sed -n 's|/init.scope$||; s|^0::||p' "/proc/$1/cgroup")
if [ -e "$group/cpu.max" ]; then
  echo "$3 100000" >"$group/cpu.max"
  exit
fi
group=/sys/fs/cgroup/cpu/$2
mkdir -p "$group"
echo 100000 >"$group/cpu.cfs_period_us"
echo "$3" >"$group/cpu.cfs_quota_us"
own=$(readlink "/proc/$1/ns/pid")
for process in /proc/[0-9]*; do
  [ "$(readlink "$process/ns/pid")" != "$own" ] || echo "${process#/proc/}" >"$group/cgroup.procs"
done
"""
"""Arguments: process, name, microseconds in 100 ms. Where cgroups are hybrid, version 1 has the controller."""


@dataclass(frozen=True)
class Cost:
    """What was used up to a moment, or between two: bytes and seconds.

    Args:
        received: bytes that the hosts received.
        sent: bytes that the hosts sent.
        cpu: processor time of the hosts.
    """

    received: int = 0
    sent: int = 0
    cpu: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.received + other.received, self.sent + other.sent, self.cpu + other.cpu)

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.received - other.received, self.sent - other.sent, self.cpu - other.cpu)


def counters(text: str) -> Cost:
    """Read the counters of a host.

    Args:
        text: its /proc/net/dev and its cgroup's cpu.stat.
    """
    fields = next(line.split(":")[1].split() for line in text.splitlines() if line.strip().startswith("eth0:"))
    used = next(line.split()[1] for line in text.splitlines() if line.startswith("usage_usec"))
    return Cost(int(fields[0]), int(fields[8]), int(used) / 1e6)


class Classroom:
    """N students and the Hadoop cluster.

    Args:
        students: their number.
        name: of the lab that the containers form.
        bare: whether the hosts lack the packages of the roles, as new VMs do.
    """

    def __init__(self, students: int, name: str, bare: bool = True) -> None:
        self.name = name
        self.bare = bare
        self.log = OUTPUT / f"{name}.log"
        # A network for each name.
        self.prefix = f"10.10.{20 + zlib.crc32(name.encode()) % 200}"
        self.students = [f"student{number:02}" for number in range(1, students + 1)]
        self.addresses = {CLUSTER: f"{self.prefix}.10"} | {
            student: f"{self.prefix}.{100 + number}" for number, student in enumerate(self.students, 1)
        }
        self.folder = OUTPUT / "classrooms" / name
        self.containers, self.inventory = self.folder / "containers", self.folder / "class"

    def write_inventories(self) -> None:
        """Write an inventory that makes the containers, and one that knows them as machines."""
        shutil.rmtree(self.folder, ignore_errors=True)
        hosts = {
            host: {"lab_address_index": int(address.rpartition(".")[2])} for host, address in self.addresses.items()
        }
        students: dict[str, Any] = {student: {} for student in self.students}
        made = {"containers": {"hosts": hosts}, "zookeeper": {"hosts": students}, "kafka": {"hosts": students}}
        write_json(self.containers / "hosts.yml", {"all": {"children": made}})
        write_json(
            self.containers / "group_vars/all.yml",
            {
                "lab_containers": True, "lab_name": self.name, "lab_subnet_prefix": self.prefix, "lab_published": [],
                "lab_address": "{{ lab_subnet_prefix }}.{{ lab_address_index }}",
            } | ({"containers_roles": []} if self.bare else {}),
        )  # fmt: skip
        example = ROOT / "inventory/classroom/group_vars"
        settings = self.inventory / "group_vars"
        (settings / "all").mkdir(parents=True)
        shutil.copy(example / "all.yml", settings / "all/classroom.yml")
        shutil.copy(example / "hadoop.yml", settings)
        keys = ROOT / ".lab" / self.name / "ssh"
        options = f'-o UserKnownHostsFile="{keys}/known_hosts" -o StrictHostKeyChecking=yes'
        write_json(
            settings / "all/key.yml",
            {
                "lab_name": self.name, "ansible_ssh_private_key_file": str(keys / "id_ed25519"),
                "ansible_ssh_common_args": options, "lab_open_to": [],
            },
        )  # fmt: skip
        children: dict[str, Any] = {
            "students": {"hosts": {host: {"ansible_host": self.addresses[host]} for host in self.students}},
            "hadoop": {"hosts": {CLUSTER: {"ansible_host": self.addresses[CLUSTER]}}},
        }
        for group in ("zookeeper", "kafka", "connect", "mysql", "workspace"):
            children[group] = {"children": {"students": {}}}
        children |= {group: {"children": {"hadoop": {}}} for group in ("namenode", "datanode")}
        write_json(self.inventory / "hosts.yml", {"all": {"children": children}})

    def make(self) -> None:
        """Make the containers in place of those of an earlier round."""
        self.remove()
        self.write_inventories()
        timed(
            [
                *(".venv/bin/python", "-m", "ansible", "playbook", f"--inventory={self.containers}"),
                "playbooks/containers_create.yml",
            ],
            self.log,
            {"LAB_NAME": self.name, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        )

    def is_up(self) -> bool:
        """Whether the containers of all hosts run."""
        running = podman("ps", "--format", "{{.Names}}").split()
        return all(f"{self.name}-{host}" in running for host in self.addresses)

    def remove(self) -> None:
        """Remove the containers of any round."""
        if not (self.containers / "hosts.yml").exists():
            self.write_inventories()
        timed(["./lab", "--name", self.name, "down", "--yes", "-i", str(self.containers)], self.log)
        for group in Path("/sys/fs/cgroup/cpu").glob(f"{self.name}-*"):
            as_root("rmdir", str(group))

    def on_host(self, host: str, script: str, *words: str) -> str:
        """Run a shell script as root in a host's container. Returns what it printed."""
        return podman("exec", f"{self.name}-{host}", "sh", "-c", script, "sh", *words)

    def make_new(self, host: str, proxy: str) -> None:
        """Take package lists and the route to the internet from a host, and give its apt a proxy."""
        self.on_host(host, NEW_HOST, proxy)
        as_root("nsenter", "--net", f"--target={self.process(host)}", "ip", "route", "del", "default")

    def process(self, host: str) -> str:
        """Number of a host's first process."""
        return podman("inspect", "--format", "{{.State.Pid}}", f"{self.name}-{host}").strip()

    def limit_processors(self, cores: float) -> None:
        """Limit each host to a part of this machine's processors, in cores, as a machine of its own has its own."""
        for host in self.addresses:
            name = f"{self.name}-{host}"
            as_root("sh", "-c", LIMIT_PROCESSORS, "sh", self.process(host), name, str(round(cores * 100_000)))

    def cost(self) -> Cost:
        """What all hosts have used since they were made."""
        return sum((counters(self.on_host(host, COUNTERS)) for host in self.addresses), Cost())

    def limit_rate(self, mbit: int) -> None:
        """Limit what this machine sends to all hosts together, in Mbit/s."""
        bridge = podman("network", "inspect", "--format", "{{.NetworkInterface}}", self.name).strip()
        rate = ["rate", f"{mbit}mbit", "burst", "64kb", "latency", "200ms"]
        as_root("tc", "qdisc", "replace", "dev", bridge, "root", "tbf", *rate)


def write_json(path: Path, content: Any) -> None:
    """Write JSON, which is YAML too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def as_root(*argv: str) -> str:
    """Run a command as root. Returns what it printed.

    Raises:
        BenchmarkError: it failed.
    """
    done = subprocess.run(
        [*(["sudo"] if os.geteuid() else []), *argv], cwd=ROOT, text=True, capture_output=True, check=False
    )
    if done.returncode:
        raise BenchmarkError(f"{' '.join(argv[:4])} ...: {(done.stderr.strip() or 'no message').splitlines()[-1]}")
    return done.stdout


def podman(*words: str) -> str:
    """Run podman as the project does."""
    return as_root(str(ROOT / "roles/containers/files/podman.sh"), *words)
