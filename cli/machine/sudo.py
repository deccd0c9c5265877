"""Ask for a sudo password once; Ansible gets it in a private file, never in its environment or arguments."""

from __future__ import annotations

import contextlib
import functools
import getpass
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cli.errors import LabError
from cli.lab import Lab

TRIES = 3
VARIABLE = "ANSIBLE_BECOME_PASSWORD_FILE"


def asks_password() -> bool:
    """Whether sudo wants a password. `-k`: what sudo remembers is the terminal's, and Ansible has none."""
    if os.geteuid() == 0:
        return False
    if not shutil.which("sudo"):
        raise LabError("this needs root and there is no sudo here; run the same command as root")
    probe = subprocess.run(
        ["sudo", "-k", "-n", "true"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        start_new_session=True,
        check=False,
    )
    return probe.returncode != 0


@contextlib.contextmanager
def become(lab: Lab, on_this_machine: bool) -> Iterator[dict[str, str]]:
    """Environment that lets Ansible become root.

    Args:
        lab: says whether the person wants to be asked for the hosts' password (-K).
        on_this_machine: whether root is needed here; then sudo itself says if it wants a password.
    Yields:
        variables to add to Ansible's environment; the file they name is gone afterwards.
    Raises:
        LabError: no password could be asked, or it was refused three times.
    """
    if not lab.ask_become_pass and not (on_this_machine and asks_password()):
        yield {}
        return
    if not sys.stdin.isatty():
        raise LabError(
            "sudo needs a password, and there is no terminal to ask for it; run this at a terminal, or as root"
        )
    password = _asked(check=on_this_machine and os.geteuid() != 0)
    with password_file(password) as path:
        yield {VARIABLE: str(path)}


@contextlib.contextmanager
def password_file(password: str) -> Iterator[Path]:
    """A file that only this user can read, in memory where the system offers it, gone at the end.

    Args:
        password: its content.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(
        tempfile.mkdtemp(prefix="streaming-lab-", dir=runtime if runtime and os.access(runtime, os.W_OK) else None)
    )
    path = folder / "become"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(password + "\n")
        yield path
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def _asked(check: bool) -> str:
    """Ask, once a command: provisioning and verification are two steps to us and one to a person."""
    for _ in range(TRIES):
        password = getpass.getpass("sudo password: ")
        if not check or _accepted(password):
            return password
        print("lab: sudo does not accept it", file=sys.stderr)
    raise LabError("sudo did not accept the password")


def _accepted(password: str) -> bool:
    result = subprocess.run(
        ["sudo", "-k", "-S", "-v", "-p", ""],
        input=password + "\n",
        text=True,
        capture_output=True,
        check=False,
    )
    return result.returncode == 0
