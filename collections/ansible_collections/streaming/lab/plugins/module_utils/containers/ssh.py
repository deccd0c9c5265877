"""ssh of a host in a container: the lab's key, and whether the server answers."""

from __future__ import annotations

import socket
import time

from ansible_collections.streaming.lab.plugins.module_utils.containers.engine import ContainerError, Podman, last_line

BOOT_SECONDS = 60


def open_ssh(podman: Podman, host: dict, params: dict) -> tuple[str, bool]:
    """Let the lab's key in and wait for sshd.

    Returns the host's line for known_hosts, and whether the key was new there.
    Raises ContainerError where ssh does not answer.
    """
    name = f"{params['lab']}-{host['name']}"
    script = (
        'd=$(getent passwd "$1" | cut -d: -f6)/.ssh; k=$(cat); '
        'if [ "$(cat "$d/authorized_keys" 2>/dev/null)" != "$k" ]; then echo new; '
        'install -d -m 0700 -o "$1" -g "$1" "$d"; printf "%s\\n" "$k" >"$d/authorized_keys"; '
        'chown "$1:$1" "$d/authorized_keys"; fi; '
        "cat /etc/ssh/ssh_host_ed25519_key.pub"
    )
    reason = ""
    deadline = time.monotonic() + BOOT_SECONDS
    while True:
        argv = ("exec", "--interactive", name, "sh", "-c", script, "sh", params["user"])
        done = podman.run(*argv, stdin=params["authorized_key"], check=False)
        key = [line for line in done.stdout.splitlines() if line.startswith("ssh-")]
        if key:
            try:
                with socket.create_connection((host["address"], 22), timeout=2) as connection:
                    if connection.recv(4) == b"SSH-":
                        kind, value = key[0].split()[:2]
                        return f"{host['address']} {kind} {value}", "new" in done.stdout.split()
                    reason = "the server sent no ssh greeting"
            except OSError as error:
                reason = error.strerror or str(error)
        else:
            reason = last_line(done.stderr)
        if time.monotonic() > deadline:
            raise ContainerError(
                f"{name} runs, but ssh at {host['address']}:22 did not answer within {BOOT_SECONDS} s: {reason}; "
                f"run: sudo {podman.command} restart {name}, then ./lab up"
            )
        time.sleep(0.3)
