"""The lab's own ssh key, made once; containers get it at their creation."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cli.errors import PROVISIONING_FAILED, LabError
from cli.lab import Lab


def make_key(lab: Lab) -> Path:
    """Make the key pair where it is missing.

    Returns:
        path of the private key.
    Raises:
        LabError: ssh-keygen failed.
    """
    folder = lab.state / "ssh"
    lab.state.parent.mkdir(mode=0o700, exist_ok=True)
    lab.state.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    key = folder / "id_ed25519"
    if not (key.exists() and key.with_suffix(".pub").exists()):
        key.unlink(missing_ok=True)
        argv = [
            "ssh-keygen",
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            f"streaming-lab {lab.name}",
            "-f",
            str(key),
        ]
        made = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise LabError(f"ssh-keygen could not make {key}: {made.stderr.strip()}", PROVISIONING_FAILED)
    return key
