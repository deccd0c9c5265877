"""Tell the bash entry what a command line needs: `venv` and `apt PACKAGE` lines, `check` with --check, or nothing."""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from cli import lab
from cli import parser as command_line
from cli.errors import LabError

WITHOUT_VENV = ("doctor",)
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


def needs(python: str, argv: list[str], there: Callable[[str], bool] = is_there) -> list[str]:
    """The lines for the bash entry.

    Args:
        python: path of the interpreter that will make .venv.
        argv: the command line of ./lab.
        there: tells whether a command or file exists.
    Returns:
        `apt PACKAGE` lines and `venv`, with `check` before them where nothing may be installed or made; no line for
        help and for command lines that will be refused.
    """
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            arguments = command_line.parse(argv)
            current = lab.from_arguments(arguments)
            wanted = packages_of(arguments.command, current.is_containers)
    except (SystemExit, LabError):
        return []
    if arguments.command in WITHOUT_VENV:
        return []
    missing = [package for package, what in wanted.items() if not there(what)]
    if not (current.root / ".venv" / "lab-stamp").exists():
        missing += venv_package(python)
    dry = ["check"] * bool(getattr(arguments, "check", False))
    return [*dry, *(f"apt {package}" for package in missing), "venv"]


if __name__ == "__main__":
    print("\n".join(needs(sys.argv[1], sys.argv[2:])))
