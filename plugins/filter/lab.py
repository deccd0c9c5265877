"""Filters that read the inventory: which hosts form one lab, and where a lab of containers lives on this machine."""

from __future__ import annotations

import difflib
import zlib
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleFilterError

DEFAULT_LAB = "lab"
# From which likeness on (difflib's ratio, 0..1) another name is a setting misspelt: of ten letters, two may be swapped.
NEAR_MISS = 0.9
# libyaml's where this Python has it: an eighth of the time, and every host's settings are looked at.
SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
    """The port of this machine that leads to a container's port: the same one for the default lab, else 20000..59999.

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
    return 20000 + (_bucket(name, 40) * 1000) + number % 1000


def lab_roles(folder: str) -> list[str]:
    """Names of the roles below a folder, which are the prefixes of their settings."""
    return sorted(path.parent.parent.name for path in Path(folder).glob("*/tasks/main.yml"))


def lab_settings(folder: str) -> dict[str, Any]:
    """Every role's documented settings by name: the options of `argument_specs.main` of all roles below a folder."""
    settings: dict[str, Any] = {}
    for path in sorted(Path(folder).glob("*/meta/argument_specs.yml")):
        specs = yaml.load(path.read_text(encoding="utf-8"), Loader=SAFE_LOADER)  # noqa: S506 - a safe one
        settings |= specs["argument_specs"]["main"].get("options", {})
    return settings


def lab_unknown_settings(names: list[str], known: list[str], prefixes: list[str]) -> list[str]:
    """Variables that look like a setting and are none, each with the setting that was probably meant.

    One that begins with a role's name is refused whatever follows; any other (a person's own, Ansible's) only where it
    differs from a setting by a letter or two, as `kakfa_heap` and `mysqlport` do.

    Parameters: names, all variables that a host has; known, all documented settings; prefixes, the roles' names.
    Returns sentences such as `kafka_heep is no setting; did you mean kafka_heap?`, sorted.
    """
    unknown = []
    for name in sorted(set(names) - set(known)):
        if name.startswith(("_", "ansible_")):
            continue
        ours = any(name.startswith(f"{prefix}_") for prefix in prefixes)
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.6 if ours else NEAR_MISS)
        if ours or close:
            unknown.append(f"{name} is no setting" + (f"; did you mean {close[0]}?" if close else ""))
    return unknown


def lab_texts_for_truths(given: dict[str, Any], specs: dict[str, Any]) -> list[str]:
    """Settings that must be true or false and are text: Ansible takes any text, also "false", for true.

    Parameters: given, settings with their values; specs, their argument specs.
    Returns a sentence each, sorted.
    """
    return [
        f"{name} is the text '{value}'; write it as {name}: {value} in a file, or as -e '{{\"{name}\": {value}}}'"
        for name, value in sorted(given.items())
        if specs[name].get("type") == "bool" and str(value).lower() in ("true", "false") and isinstance(value, str)
    ]


def lab_unit_states(text: str) -> list[dict[str, Any]]:
    """Units that a host has, from the output of `systemctl show` for several of them.

    Returns for each unit that is loaded: name, enabled, state (`active`), since, restarts, memory_mb (or none),
    and what it says of itself.
    """
    units = []
    for block in text.strip().split("\n\n"):
        values = dict(line.partition("=")[::2] for line in block.splitlines())
        if values.get("LoadState") != "loaded":
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


def lab_connector_states(answer: dict[str, Any]) -> list[dict[str, str]]:
    """Connectors of a lab, from what GET /connectors?expand=status answers (nothing where no worker answers).

    Returns for each, sorted: name, state (`RUNNING`, or `FAILED` when a task did), and detail: how many tasks, or the
    first line of what failed.
    """
    found = []
    for name, entry in sorted(answer.items()):
        status = entry.get("status", {})
        parts = [("connector", status.get("connector", {}))]
        parts += [(f"task {task.get('id')}", task) for task in status.get("tasks", [])]
        failed = [(what, part) for what, part in parts if part.get("state") == "FAILED"]
        if failed:
            what, part = failed[0]
            trace = str(part.get("trace", "")).strip().splitlines() or ["no trace"]
            found.append({"name": name, "state": "FAILED", "detail": f"{what}: {trace[0][:300]}"})
            continue
        number = len(parts) - 1
        detail = f"{number} task{'s' * (number != 1)}"
        found.append({"name": name, "state": str(parts[0][1].get("state")), "detail": detail})
    return found


class FilterModule:
    """Ansible's entry to the filters above."""

    def filters(self) -> dict[str, Any]:
        """Names under which templates call the filters."""
        return {
            "lab_connector_states": lab_connector_states,
            "lab_members": lab_members,
            "lab_roles": lab_roles,
            "lab_settings": lab_settings,
            "lab_published_port": lab_published_port,
            "lab_subnet": lab_subnet,
            "lab_texts_for_truths": lab_texts_for_truths,
            "lab_unit_states": lab_unit_states,
            "lab_unknown_settings": lab_unknown_settings,
        }
