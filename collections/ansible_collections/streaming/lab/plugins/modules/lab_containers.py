#!/usr/bin/python
"""Ansible module: the containers that stand for the hosts of one lab."""

from __future__ import annotations

import concurrent.futures
import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils.containers import network as container_network
from ansible_collections.streaming.lab.plugins.module_utils.containers.arguments import INFRA
from ansible_collections.streaming.lab.plugins.module_utils.containers.engine import ContainerError, Podman
from ansible_collections.streaming.lab.plugins.module_utils.containers.hosts import Hosts, own_containers
from ansible_collections.streaming.lab.plugins.module_utils.containers.ssh import open_ssh

DOCUMENTATION = r"""
---
module: lab_containers
short_description: Containers with systemd that stand for the hosts of one lab
description:
  - Makes, starts and removes the podman containers, volumes and the network of one lab, known by their labels.
  - Repairs what a power cut or killed processes leave behind (a container that podman believes to be running),
    and what an interrupted run leaves behind (a reserved address, a bridge, links).
  - A container with a changed specification is made again; its volumes stay. All containers are made again if the
    network lacks podman's option C(isolate), as networks of earlier releases do.
  - Root in a container is an ordinary account of the machine, where the machine can do that; see O(user_namespace).
  - Adds ranges for the user C(containers) to /etc/subuid and /etc/subgid where they are missing, and says so.
options:
  lab: {description: The lab's name, type: str, required: true}
  state: {description: Whether the lab is there, type: str, choices: [present, absent], default: present}
  podman: {description: The podman command, type: path, required: true}
  clone: {description: Folder of the project that the lab belongs to, type: path, required: true}
  subnet: {description: The lab's subnet in CIDR notation, type: str}
  image: {description: Image of the hosts, type: str}
  user_namespace:
    description:
      - V(auto) maps the ids of a container to ordinary accounts where the machine can do that.
      - V(always) refuses a machine that cannot. V(never) makes root in a container root of the machine.
    type: str
    choices: [auto, always, never]
    default: auto
  kept_folder: {description: Folder of this machine for kept files while a container is made again, type: path}
  user: {description: The user who is reached by ssh, type: str, default: ubuntu}
  authorized_key: {description: The public key that may log in, type: str}
  hosts:
    description: The containers.
    type: list
    elements: dict
    default: []
    suboptions:
      name: {description: Host name inside, type: str, required: true}
      address: {description: Address in the subnet, type: str, required: true}
      volumes: {description: Path by volume name, type: dict, default: {}}
      publish: {description: podman's --publish arguments, type: list, elements: str, default: []}
      kept:
        description: Files outside the volumes that a container keeps when it is made again - C(path) of a folder and
          C(users), the accounts that own them.
        type: list
        elements: dict
        default: []
author: [Streaming Lab]
"""

EXAMPLES = r"""
- name: Start the lab's hosts
  streaming.lab.lab_containers:
    lab: lab
    podman: /usr/bin/podman
    clone: /home/teacher/streaming-lab
    subnet: 10.89.20.0/24
    image: localhost/streaming-lab-debian:0123456789ab
    authorized_key: ssh-ed25519 AAAA
    hosts:
      - {name: kafka, address: 10.89.20.10, volumes: {kafka: /var/lib/kafka}, publish: ["127.0.0.1:8083:8083"]}
"""

RETURN = r"""
actions: {description: What was done, type: list, elements: str, returned: always}
host_keys: {description: Lines for known_hosts, type: list, elements: str, returned: when present}
isolation: {description: How containers are kept apart from the machine, type: str, returned: when present}
mapped: {description: Whether root inside is an ordinary account of the machine, type: bool, returned: when present}
reason: {description: Why root in a container is root of the machine, type: str, returned: when present}
added: {description: What was added to files of the machine, type: list, elements: str, returned: when present}
network_warning: {description: Why the network could not be isolated, or empty, type: str, returned: when present}
"""


def present(podman: Podman, params: dict, change: bool) -> dict:
    """Make or start all hosts of the lab, side by side. Returns the module's result."""
    hosts = Hosts(podman, params, change)
    hosts.choose_isolation()
    if change:
        hosts.record_ended()
    actions = [*hosts.added]
    wanted = {hosts.name(host) for host in params["hosts"]}
    for name in sorted(set(hosts.containers) - wanted):
        if change:
            hosts.remove(name)
        actions.append(f"removed {name}: it is no longer in the inventory")
    # Infra containers of hosts that are gone already, or were not made yet when a run was interrupted.
    for name in sorted(set(hosts.infra) - set(hosts.containers)):
        if name not in wanted:
            actions.append(f"removed {hosts.infra[name]['Names'][0]}: its host is no longer in the inventory")
        if change:
            hosts.remove_infra(name)
    actions.append(hosts.bring_up_network())

    def one(host: dict) -> tuple[str, str]:
        action = hosts.bring_up(host)
        if not change:
            return action, ""
        line, new_key = open_ssh(podman, host, params)
        hosts.give_files_back(host)
        return action or (f"let the lab's key into {hosts.name(host)}" if new_key else ""), line

    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        results = list(pool.map(one, params["hosts"]))
    actions = [action for action in [*actions, *(action for action, _ in results)] if action]
    return {
        "changed": bool(actions),
        "actions": actions,
        "host_keys": [line for _, line in results if line],
        "isolation": hosts.isolation.name,
        "mapped": hosts.isolation.mapped,
        "reason": hosts.reason,
        "added": hosts.added,
        "network_warning": hosts.network_warning,
    }


def absent(podman: Podman, params: dict, change: bool) -> dict:
    """Remove the lab's containers, their volumes and the network. Returns the module's result."""
    actions = []
    # Hosts before the infra containers that they use.
    for container in sorted(own_containers(podman, params), key=lambda found: INFRA in found["Labels"]):
        name = container["Names"][0]
        if change:
            podman.remove(name, seconds=0 if INFRA in container["Labels"] else 30)
        actions.append(f"removed {name}")
    for volume in podman.labelled("volume", params["lab"]):
        if change:
            podman.run("volume", "rm", "--force", volume["Name"])
        actions.append(f"removed volume {volume['Name']}")
    for network in podman.labelled("network", params["lab"]):
        if change:
            container_network.remove(podman, network, "--force")
        actions.append(f"removed network {network['name']}")
    return {"changed": bool(actions), "actions": actions}


def main() -> None:
    """Ansible's entry."""
    host = {
        "name": {"type": "str", "required": True},
        "address": {"type": "str", "required": True},
        "volumes": {"type": "dict", "default": {}},
        "publish": {"type": "list", "elements": "str", "default": []},
        "kept": {"type": "list", "elements": "dict", "default": []},
    }
    module = AnsibleModule(
        argument_spec={
            "lab": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "podman": {"type": "path", "required": True},
            "clone": {"type": "path", "required": True},
            "subnet": {"type": "str"},
            "image": {"type": "str"},
            "user_namespace": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
            "kept_folder": {"type": "path"},
            "user": {"type": "str", "default": "ubuntu"},
            "authorized_key": {"type": "str", "no_log": False},
            "hosts": {"type": "list", "elements": "dict", "options": host, "default": []},
        },
        required_if=[("state", "present", ("subnet", "image", "authorized_key", "hosts", "kept_folder"))],
        supports_check_mode=True,
    )
    if os.geteuid() != 0:
        module.fail_json(msg="containers with systemd need root here; run this task with become: true")
    act = present if module.params["state"] == "present" else absent
    try:
        module.exit_json(**act(Podman(module.params["podman"]), module.params, not module.check_mode))
    except ContainerError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
