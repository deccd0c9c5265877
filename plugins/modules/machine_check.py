"""Ansible module: is there enough memory and disk, and are the ports free?"""

from __future__ import annotations

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.machine_resources import name_problems, problems

DOCUMENTATION = r"""
module: machine_check
short_description: Check that a machine has the memory, the disk and the free ports that something needs
description:
  - Changes nothing, in check mode or not. Names every lack in one message, with what was found and needed.
options:
  memory_mb:
    description: Memory in MB that must be available (MemAvailable). 0 does not ask.
    type: int
    default: 0
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
      - Words such as a container's name. A port whose listener's command line has one is not taken.
    type: list
    elements: str
    default: []
  own_units:
    description: systemd units; a port whose listener belongs to one of them is not taken.
    type: list
    elements: str
    default: []
  own_name:
    description: Whether the machine's own name must lead to an address. Hadoop's servers need that.
    type: bool
    default: false
  unless_exists:
    description: Where this path exists the machine was provisioned before; memory and disk are not asked for.
    type: path
  fail:
    description: Fail when something lacks; otherwise only return the list.
    type: bool
    default: true
author: [Streaming Lab]
"""

EXAMPLES = r"""
- name: Check this machine
  machine_check:
    memory_mb: 4096
    disk_mb: 6000
    disk_path: /var/lib/containers
    ports: ["127.0.0.1:9870", "127.0.0.1:8083"]
    own_processes: [lab-kafka, lab-hadoopmaster]
"""

RETURN = r"""
problems:
  description: What lacks, one readable line each.
  returned: always
  type: list
  elements: str
"""


def main() -> None:
    """Entry point of the module."""
    module = AnsibleModule(
        argument_spec={
            "memory_mb": {"type": "int", "default": 0},
            "disk_mb": {"type": "int", "default": 0},
            "disk_path": {"type": "path", "default": "/"},
            "ports": {"type": "list", "elements": "str", "default": []},
            "own_processes": {"type": "list", "elements": "str", "default": []},
            "own_units": {"type": "list", "elements": "str", "default": []},
            "own_name": {"type": "bool", "default": False},
            "unless_exists": {"type": "path"},
            "fail": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    asked = module.params
    provisioned = bool(asked["unless_exists"]) and Path(asked["unless_exists"]).exists()
    found = problems(
        0 if provisioned else asked["memory_mb"],
        0 if provisioned else asked["disk_mb"],
        asked["disk_path"],
        asked["ports"],
        asked["own_processes"],
        asked["own_units"],
    )
    if asked["own_name"]:
        found += name_problems()
    if found and asked["fail"]:
        module.fail_json(msg=f"this machine will not do: {'; '.join(found)}", problems=found)
    module.exit_json(changed=False, problems=found)


if __name__ == "__main__":
    main()
