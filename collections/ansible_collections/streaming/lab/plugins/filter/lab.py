"""Filters that read the inventory: which hosts form one lab, and where a lab of containers lives on this machine."""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError

DEFAULT_LAB = "lab"


def lab_members(groups: dict[str, list[str]], group: str, cluster: str, hostvars: Any) -> list[str]:
    """Hosts of one group that belong to one lab.

    Parameters: groups, Ansible's `groups`; group, the part played; cluster, a value of `lab_cluster`; hostvars,
    Ansible's.
    Returns the host names in inventory order; none where the group does not exist.
    """
    members = groups.get(group, [])
    return [host for host in members if hostvars[host].get("lab_cluster", host) == cluster]


def _bucket(name: str, size: int) -> int:
    """A number in 0..size-1 that depends on the lab's name alone (CRC-32: stable over runs and machines)."""
    return zlib.crc32(name.encode()) % size


def lab_subnet(name: str) -> str:
    """First three bytes of the /24 that the containers of a lab share, e.g. `10.89.77` (10..249 in the third byte)."""
    return f"10.89.{10 + _bucket(name, 240)}"


def lab_published_port(name: str, port: int) -> int:
    """The port of this machine that leads to a container's port: the same one for the default lab, else 20000..32698.

    From 32768 on, Linux takes ports for connections of its own.
    Raises AnsibleFilterError when port is no number between 1 and 65535.
    """
    try:
        number = int(port)
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"{port!r} is no port number") from error
    if not 1 <= number <= 65535:
        raise AnsibleFilterError(f"port {number} is outside 1..65535")
    if name == DEFAULT_LAB:
        return number
    return 20000 + _bucket(name, 11700) + number % 1000


def lab_secret_file(path: str, check: bool) -> str:
    """Where Ansible's lookup `password` keeps a secret; it makes the file, which a dry run must not.

    Parameters: path, the file; check, whether this is a dry run.
    Returns the path, or in a dry run without that file /dev/null: the lookup then gives a password and keeps none.
    """
    return "/dev/null" if check and not Path(path).exists() else path


def lab_unit_names(roles: str) -> list[str]:
    """Every unit that a role can install, by the role's templates; `NAME@*.service` for one of many instances.

    Parameters: roles, the folder of the roles.
    Returns the names for `systemctl show`, sorted, with the unit that MySQL's package brings.
    """
    names = [path.name.removesuffix(".j2") for path in Path(roles).glob("*/templates/*.service.j2")]
    return sorted([name.replace("@.", "@*.") for name in names] + ["mysql.service"])


def lab_megabytes(size: Any) -> int:
    """Megabytes of a size as Java and MySQL write it (512m, 2g, 64M, bytes without a letter), rounded up.

    Returns 0 for what is no size: the check of the settings names that.
    """
    found = re.fullmatch(r"(\d+)([kmg]?)", str(size).strip().lower())
    if not found:
        return 0
    factor = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}[found[2]]
    return -(-int(found[1]) * factor // 2**20)


def lab_unit_states(text: str) -> list[dict[str, Any]]:
    """Units that a host has, from the output of `systemctl show` for several of them.

    Returns for each unit that is loaded: name, enabled, state (`active`), since, restarts, memory_mb (or none),
    and what it says of itself.
    """
    units: list[dict[str, Any]] = []
    for block in text.strip().split("\n\n"):
        values = dict(line.partition("=")[::2] for line in block.splitlines())
        # A unit that was asked for by a pattern and by its name comes twice.
        if values.get("LoadState") != "loaded" or values["Id"].removesuffix(".service") in [u["name"] for u in units]:
            continue
        memory = values.get("MemoryCurrent", "")
        units.append(
            {
                "name": values["Id"].removesuffix(".service"),
                "enabled": values.get("UnitFileState") == "enabled",
                "state": values.get("ActiveState", ""),
                "since": values.get("ActiveEnterTimestamp", ""),
                "restarts": int(values.get("NRestarts") or 0),
                "says": values.get("StatusText", ""),
                "memory_mb": int(memory) // 2**20 if memory.isdigit() else None,
            }
        )
    return units


class FilterModule:
    """Ansible's entry to the filters above."""

    def filters(self) -> dict[str, Any]:
        """Names under which templates call the filters."""
        return {
            "lab_megabytes": lab_megabytes,
            "lab_members": lab_members,
            "lab_published_port": lab_published_port,
            "lab_secret_file": lab_secret_file,
            "lab_subnet": lab_subnet,
            "lab_unit_names": lab_unit_names,
            "lab_unit_states": lab_unit_states,
        }
