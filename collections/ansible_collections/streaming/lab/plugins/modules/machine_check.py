"""Ansible module: can this machine become a host of the lab, and what do the roles need to know of it?"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils.machine import apparmor
from ansible_collections.streaming.lab.plugins.module_utils.machine import boot as machine_boot
from ansible_collections.streaming.lab.plugins.module_utils.machine import mysql as machine_mysql
from ansible_collections.streaming.lab.plugins.module_utils.machine import owners as machine_owners
from ansible_collections.streaming.lab.plugins.module_utils.machine import resources as machine_resources
from ansible_collections.streaming.lab.plugins.module_utils.machine import system as machine_system

DOCUMENTATION = r"""
module: machine_check
short_description: Check that a machine can become a host of the lab
description:
  - Changes nothing, in check mode or not. Names every problem in one message, with what to do about it.
  - Returns the few facts that the roles need, so that no other task has to gather them.
options:
  memory_mb:
    description: Memory in MB that must be available (MemAvailable). 0 does not ask.
    type: int
    default: 0
  memory_for:
    description: What the memory is needed for, in words.
    type: str
    default: ""
  disk_mb:
    description: Space in MB that must be free under O(disk_path). 0 does not ask.
    type: int
    default: 0
  disk_path:
    description: A folder; where it does not exist yet, its nearest parent counts.
    type: path
    default: /
  ports:
    description: Addresses that must be free to listen on, as ADDRESS:PORT or PORT.
    type: list
    elements: str
    default: []
  own_processes:
    description:
      - Words such as a container's name. A port is not taken where the command line of its listener has one.
    type: list
    elements: str
    default: []
  own_units:
    description: systemd units; a port is not taken where its listener belongs to one of them.
    type: list
    elements: str
    default: []
  lab_names:
    description:
      - Names that the lab writes into /etc/hosts. A machine of another name must have an address for it already,
        which Hadoop's servers need. Without this option that is not looked at.
    type: list
    elements: str
  container_programs:
    description: Programs that run in containers, which no AppArmor profile of this machine may confine.
    type: list
    elements: str
    default: []
  unless_exists:
    description: Where this path exists the machine was provisioned before; memory and disk are not asked for.
    type: path
  systems:
    description: Lowest supported release by distribution. Empty does not ask.
    type: dict
    default: {}
  control_time:
    description: The control machine's clock, in seconds since 1970. 0 does not ask.
    type: float
    default: 0
  claims:
    description:
      - Accounts, groups, units, files and folders that the lab takes, as C({kind, ...}); the kinds and their keys are
        those of module_utils/machine/owners.py. One that belongs to somebody else is a problem.
    type: list
    elements: dict
    default: []
  mysql:
    description: Accounts, port and binary_log that the lab needs of a MySQL server. Without it none is looked for.
    type: dict
  mysql_client:
    description:
      - Whether MySQL's client package is to be installed here, which MariaDB's client conflicts with. A MySQL server
        that is here already, and that the lab did not configure, keeps its own programs.
    type: bool
    default: false
  apt_lock_seconds:
    description: How long roles wait for apt's locks; said where somebody holds them.
    type: int
    default: 0
  boot_seconds:
    description: How long to wait until systemd has started the units of the boot; a note says if that was not enough.
    type: int
    default: 0
  fail:
    description: Fail when there is a problem; otherwise only return the list.
    type: bool
    default: true
author: [Streaming Lab]
"""

EXAMPLES = r"""
- name: Check this machine
  streaming.lab.machine_check:
    memory_mb: 4096
    disk_mb: 6000
    disk_path: /var/lib/containers
    ports: ["127.0.0.1:9870", "127.0.0.1:8083"]
    own_processes: [lab-kafka, lab-hadoopmaster]
"""

RETURN = r"""
problems:
  description: What is in the way, one readable line each.
  returned: always
  type: list
  elements: str
notes:
  description: What a person should know although it is in nobody's way, one readable line each.
  returned: always
  type: list
  elements: str
ansible_facts:
  description: distribution, distribution_version (a derivative's base), architecture, nodename and python_version.
  returned: success
  type: dict
packages:
  description: Names of the installed OS packages.
  returned: success
  type: list
  elements: str
addresses:
  description: IPv4 addresses without loopback, each with its network.
  returned: success
  type: list
  elements: dict
names_files:
  description: Files that must hold the lab's names, or they are gone after the next boot.
  returned: success
  type: list
  elements: str
wsl_writes_hosts:
  description: Whether WSL writes /etc/hosts at each start.
  returned: success
  type: bool
machine_id:
  description: The machine's id.
  returned: success
  type: str
mysql_adopted:
  description: Whether a MySQL server is here that the lab did not configure.
  returned: success
  type: bool
"""

ARGUMENTS: dict[str, Any] = {
    "memory_mb": {"type": "int", "default": 0},
    "memory_for": {"type": "str", "default": ""},
    "disk_mb": {"type": "int", "default": 0},
    "disk_path": {"type": "path", "default": "/"},
    "ports": {"type": "list", "elements": "str", "default": []},
    "own_processes": {"type": "list", "elements": "str", "default": []},
    "own_units": {"type": "list", "elements": "str", "default": []},
    "lab_names": {"type": "list", "elements": "str"},
    "container_programs": {"type": "list", "elements": "str", "default": []},
    "unless_exists": {"type": "path"},
    "systems": {"type": "dict", "default": {}},
    "control_time": {"type": "float", "default": 0},
    "claims": {"type": "list", "elements": "dict", "default": []},
    "mysql": {"type": "dict"},
    "mysql_client": {"type": "bool", "default": False},
    "apt_lock_seconds": {"type": "int", "default": 0},
    "boot_seconds": {"type": "int", "default": 0},
    "fail": {"type": "bool", "default": True},
}


def look(asked: dict[str, Any]) -> dict[str, Any]:
    """Look at this machine.

    Returns:
        what the module returns.
    """
    # control_time was read just before; the wait below may take minutes.
    now = time.time()
    boot_notes = machine_boot.wait_for_boot(asked["boot_seconds"]) if asked["boot_seconds"] else []
    machine = machine_system.describe(asked["control_time"], asked["systems"], now)
    if any(line.startswith("system: ") for line in machine["problems"]):
        # Other checks are not made for such a machine: its Python may be too old for them.
        return {"problems": machine["problems"], "notes": boot_notes + machine["notes"]}
    provisioned = bool(asked["unless_exists"]) and Path(asked["unless_exists"]).exists()
    memory, notes = machine_resources.memory_problems(
        0 if provisioned else asked["memory_mb"],
        asked["memory_for"],
        machine_resources.available_memory_mb(),
        machine_resources.memory_field_mb("SwapFree"),
    )
    problems = machine.pop("problems") + machine_owners.problems(asked["claims"])
    adopted = False
    server_problems: list[str] = []
    if asked["mysql"]:
        server_problems = machine_mysql.problems(**asked["mysql"], packages=machine["packages"])
        adopted = machine_mysql.is_adopted()
    problems += server_problems
    if asked["mysql_client"] and not adopted and not server_problems:
        problems += machine_mysql.client_problems(machine["packages"])
    problems += memory
    problems += machine_resources.problems(
        0,
        0 if provisioned else asked["disk_mb"],
        asked["disk_path"],
        asked["ports"],
        asked["own_processes"],
        asked["own_units"],
    )
    problems += apparmor.enforced(asked["container_programs"])
    if asked["lab_names"] and machine["facts"]["nodename"] not in asked["lab_names"]:
        problems += machine_resources.name_problems()
    notes = boot_notes + machine.pop("notes") + notes + machine_system.firewall_notes(asked["ports"])
    if asked["apt_lock_seconds"]:
        notes += machine_system.apt_notes(asked["apt_lock_seconds"])
    facts = machine.pop("facts")
    return {"problems": problems, "notes": notes, "ansible_facts": facts, "mysql_adopted": adopted, **machine}


def main() -> None:
    """Entry point of the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    found = look(module.params)
    if found["problems"] and module.params["fail"]:
        module.fail_json(msg="; ".join(found["problems"]), problems=found["problems"], notes=found["notes"])
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
