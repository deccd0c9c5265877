#!/usr/bin/python
"""Ansible module: the containers that stand for the hosts of one lab."""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import os
import socket
import subprocess
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
---
module: lab_containers
short_description: Containers with systemd that stand for the hosts of one lab
description:
  - Makes, starts and removes the podman containers, volumes and the network of one lab, known by their labels.
  - Repairs what a power cut or killed processes leave behind (a container that podman believes to be running).
  - A container whose specification changed is made anew; its volumes stay.
options:
  lab: {description: The lab's name, type: str, required: true}
  state: {description: Whether the lab is there, type: str, choices: [present, absent], default: present}
  podman: {description: The podman command, type: path, required: true}
  clone: {description: Folder of the project that the lab belongs to, type: path, required: true}
  subnet: {description: The lab's subnet in CIDR notation, type: str}
  image: {description: Image of the hosts, type: str}
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
author: [Streaming Lab]
"""

EXAMPLES = r"""
- name: Start the lab's hosts
  lab_containers:
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
"""

BOOT_SECONDS = 60


class LabError(Exception):
    """What went wrong, in one line for a person."""


class Podman:
    """podman, with its errors as LabError."""

    def __init__(self, command: str) -> None:
        self.command = command

    def run(self, *arguments: str, stdin: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one podman command; raises LabError with podman's last line when it fails and check is set."""
        done = subprocess.run([self.command, *arguments], input=stdin, text=True, capture_output=True, check=False)
        if check and done.returncode != 0:
            lines = done.stderr.strip().splitlines() or ["no message"]
            raise LabError(f"podman {arguments[0]} failed: {lines[-1]}")
        return done

    def labelled(self, kind: str, lab: str) -> list[dict]:
        """What podman holds of a lab: kind is `container`, `volume` or `network`."""
        arguments = ["ls", "--filter", f"label=streaming-lab.lab={lab}", "--format", "json"]
        if kind == "container":
            arguments.insert(1, "--all")
        return json.loads(self.run(kind, *arguments).stdout or "[]") or []


def really_runs(pid: int) -> bool:
    """Whether a container's first process lives: podman's own record outlives a killed machine."""
    try:
        return pid > 0 and Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip() in ("systemd", "init")
    except OSError:
        return False


def record_exit(container_id: str) -> None:
    """Tell podman that a container ended, where the monitor that would have done so was killed with it.

    podman learns of an end from a file that conmon(8) writes (its --exit-dir); without one it calls the container
    running for ever and neither starts nor stops it.
    """
    folder = Path("/run/libpod/exits")
    if folder.is_dir():
        (folder / container_id).write_text("137", encoding="ascii")


def host_arguments(host: dict, params: dict) -> list[str]:
    """Arguments of `podman run` that make a host what it is: all but the labels of its owner."""
    lab = params["lab"]
    arguments = [
        "--name", f"{lab}-{host['name']}", "--hostname", host["name"],
        "--privileged", "--systemd=always", "--no-hosts", "--stop-timeout=30", "--restart=always",
        # crun before 1.11 mounts /run with mode 1777: a student could answer there in a system service's name.
        "--tmpfs", "/run:rw,exec,nosuid,nodev,mode=0755",
        "--network", lab, "--ip", host["address"],
    ]  # fmt: skip
    for name, path in sorted(host["volumes"].items()):
        arguments += ["--volume", f"{lab}-{host['name']}-{name}:{path}"]
    for publish in host["publish"]:
        arguments += ["--publish", publish]
    return arguments


def specification(host: dict, params: dict) -> str:
    """A hash of all that a container is made from."""
    made_from = [params["image"], params["subnet"], host_arguments(host, params)]
    return hashlib.sha256(json.dumps(made_from).encode()).hexdigest()[:16]


def run_arguments(host: dict, params: dict) -> list[str]:
    """Arguments of `podman run` for one host."""
    labels = {"lab": params["lab"], "clone": params["clone"], "spec": specification(host, params)}
    labelled = [f"--label=streaming-lab.{name}={value}" for name, value in labels.items()]
    return ["run", "--detach", *labelled, *host_arguments(host, params), params["image"], "/sbin/init"]


def remove(podman: Podman, name: str) -> None:
    """Remove a container, whatever state a killed machine left it in."""
    if podman.run("rm", "--force", "--time", "10", name, check=False).returncode == 0:
        return
    podman.run("container", "cleanup", name, check=False)
    podman.run("rm", "--force", "--time", "0", name)


def make(podman: Podman, host: dict, params: dict) -> None:
    """Make a container with its volumes."""
    existing = {volume["Name"] for volume in podman.labelled("volume", params["lab"])}
    for name in host["volumes"]:
        volume = f"{params['lab']}-{host['name']}-{name}"
        if volume not in existing:
            podman.run("volume", "create", "--label", f"streaming-lab.lab={params['lab']}", volume)
    podman.run(*run_arguments(host, params))


def bring_up(podman: Podman, host: dict, params: dict, found: dict | None, change: bool) -> str:
    """Bring one host to where it runs as specified. Returns what was done, empty when nothing was."""
    name = f"{params['lab']}-{host['name']}"
    if found is None:
        if change:
            make(podman, host, params)
        return f"made {name}"
    if found["Labels"].get("streaming-lab.spec") != specification(host, params):
        if change:
            remove(podman, name)
            make(podman, host, params)
        return f"made {name} anew: its image or settings changed"
    if found["State"] == "running" and really_runs(found["Pid"]):
        return ""
    if change:
        if found["State"] not in ("exited", "created"):
            record_exit(found["Id"])
        if podman.run("start", name, check=False).returncode != 0:
            remove(podman, name)
            make(podman, host, params)
            return f"made {name} anew: it could not be started"
    return f"started {name}"


def open_ssh(podman: Podman, host: dict, params: dict) -> tuple[str, bool]:
    """Let the lab's key in and wait for sshd.

    Returns the host's line for known_hosts, and whether the key was new there.
    """
    name = f"{params['lab']}-{host['name']}"
    script = (
        'd=$(getent passwd "$1" | cut -d: -f6)/.ssh; k=$(cat); '
        'if [ "$(cat "$d/authorized_keys" 2>/dev/null)" != "$k" ]; then echo new; '
        'install -d -m 0700 -o "$1" -g "$1" "$d"; printf "%s\\n" "$k" >"$d/authorized_keys"; '
        'chown "$1:$1" "$d/authorized_keys"; fi; '
        "cat /etc/ssh/ssh_host_ed25519_key.pub"
    )
    deadline = time.monotonic() + BOOT_SECONDS
    while True:
        done = podman.run(
            "exec",
            "--interactive",
            name,
            "sh",
            "-c",
            script,
            "sh",
            params["user"],
            stdin=params["authorized_key"],
            check=False,
        )
        key = [line for line in done.stdout.splitlines() if line.startswith("ssh-")]
        if key:
            try:
                with socket.create_connection((host["address"], 22), timeout=2) as connection:
                    if connection.recv(4) == b"SSH-":
                        kind, value = key[0].split()[:2]
                        return f"{host['address']} {kind} {value}", "new" in done.stdout.split()
            except OSError:
                pass
        if time.monotonic() > deadline:
            reason = (done.stderr.strip().splitlines() or ["no answer on port 22"])[-1]
            raise LabError(f"{name} started but its sshd did not within {BOOT_SECONDS} s: {reason}")
        time.sleep(0.3)


def network_action(podman: Podman, params: dict, change: bool) -> str:
    """Make the lab's network where it is missing. Returns what was done."""
    found = podman.labelled("network", params["lab"])
    if any(network["name"] == params["lab"] for network in found):
        return ""
    if change:
        podman.run(
            "network", "create", "--label", f"streaming-lab.lab={params['lab']}",
            "--label", f"streaming-lab.clone={params['clone']}", "--subnet", params["subnet"], params["lab"],
        )  # fmt: skip
    return f"made network {params['lab']} ({params['subnet']})"


def own_containers(podman: Podman, params: dict) -> list[dict]:
    """The lab's containers. Raises LabError when they are another clone's that is still there."""
    containers = podman.labelled("container", params["lab"])
    owners = {container["Labels"].get("streaming-lab.clone", "") for container in containers} - {params["clone"]}
    others = sorted(owner for owner in owners if Path(owner).is_dir())
    if others:
        raise LabError(
            f"the lab named {params['lab']} on this machine belongs to {others[0]}; "
            "give this one another name (./lab --name NAME ...) or take that one down there"
        )
    return containers


def present(podman: Podman, params: dict, change: bool) -> dict:
    """Make or start all hosts of the lab, side by side. Returns the module's result."""
    containers = own_containers(podman, params)
    found = {container["Names"][0]: container for container in containers}
    actions = [network_action(podman, params, change)]
    wanted = {f"{params['lab']}-{host['name']}" for host in params["hosts"]}
    for name in sorted(set(found) - wanted):
        if change:
            remove(podman, name)
        actions.append(f"removed {name}: it is no longer in the inventory")

    def one(host: dict) -> tuple[str, str]:
        name = f"{params['lab']}-{host['name']}"
        action = bring_up(podman, host, params, found.get(name), change)
        if not change:
            return action, ""
        line, new_key = open_ssh(podman, host, params)
        return action or (f"let the lab's key into {name}" if new_key else ""), line

    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        results = list(pool.map(one, params["hosts"]))
    actions = [action for action in [*actions, *(action for action, _ in results)] if action]
    return {"changed": bool(actions), "actions": actions, "host_keys": [line for _, line in results if line]}


def absent(podman: Podman, params: dict, change: bool) -> dict:
    """Remove the lab's containers, their volumes and the network. Returns the module's result."""
    actions = []
    for container in own_containers(podman, params):
        name = container["Names"][0]
        if change:
            remove(podman, name)
        actions.append(f"removed {name}")
    for volume in podman.labelled("volume", params["lab"]):
        if change:
            podman.run("volume", "rm", "--force", volume["Name"])
        actions.append(f"removed volume {volume['Name']}")
    for network in podman.labelled("network", params["lab"]):
        if change:
            podman.run("network", "rm", "--force", network["name"])
        actions.append(f"removed network {network['name']}")
    return {"changed": bool(actions), "actions": actions}


def main() -> None:
    """Ansible's entry."""
    host = {
        "name": {"type": "str", "required": True},
        "address": {"type": "str", "required": True},
        "volumes": {"type": "dict", "default": {}},
        "publish": {"type": "list", "elements": "str", "default": []},
    }
    module = AnsibleModule(
        argument_spec={
            "lab": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "podman": {"type": "path", "required": True},
            "clone": {"type": "path", "required": True},
            "subnet": {"type": "str"},
            "image": {"type": "str"},
            "user": {"type": "str", "default": "ubuntu"},
            "authorized_key": {"type": "str", "no_log": False},
            "hosts": {"type": "list", "elements": "dict", "options": host, "default": []},
        },
        required_if=[("state", "present", ("subnet", "image", "authorized_key", "hosts"))],
        supports_check_mode=True,
    )
    if os.geteuid() != 0:
        module.fail_json(msg="containers with systemd need root here; run this task with become: true")
    act = present if module.params["state"] == "present" else absent
    try:
        module.exit_json(**act(Podman(module.params["podman"]), module.params, not module.check_mode))
    except LabError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
