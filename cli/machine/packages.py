"""Packages of this machine's system that a command uses, and whether they are installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

# Debian's package: what it must bring (a command, or a file where the package keeps it off PATH).
CONTAINER_PACKAGES = {
    "podman": "podman",
    "crun": "crun",
    "netavark": "/usr/lib/podman/netavark",
    "aardvark-dns": "/usr/lib/podman/aardvark-dns",
    "iptables": "iptables",
    "mmdebstrap": "mmdebstrap",
}
SSH_PACKAGES = {"openssh-client": "ssh-keygen"}
ARTIFACT_PACKAGES = {"maven": "mvn", "default-jre-headless": "java"}
SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin"


def is_there(what: str) -> bool:
    """Whether a command is on PATH (or in an administrator's folder), or a file exists."""
    if what.startswith("/"):
        return Path(what).exists()
    return bool(shutil.which(what) or shutil.which(what, path=SYSTEM_PATH))


def packages_of(command: str, containers: bool) -> dict[str, str]:
    """Packages that a command uses, with what each must bring.

    Args:
        command: a command of ./lab.
        containers: whether the inventory's hosts are containers on this machine.
    """
    if command == "test" or (command == "up" and containers):
        return {**SSH_PACKAGES, **CONTAINER_PACKAGES, **ARTIFACT_PACKAGES}
    return {
        "up": {**SSH_PACKAGES, **ARTIFACT_PACKAGES},
        "verify": SSH_PACKAGES,
        "status": SSH_PACKAGES,
        "shell": SSH_PACKAGES,
        "reset": SSH_PACKAGES,
        "lock": ARTIFACT_PACKAGES,
    }.get(command, {})


def venv_package(python: str) -> list[str]:
    """The package that gives `python` its venv module, where it is missing.

    Args:
        python: path of the interpreter that will make .venv.
    """
    probe = subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True, check=False)
    name = Path(python).name
    return [] if probe.returncode == 0 else ["python3-venv" if name == "python3" else f"{name}-venv"]
