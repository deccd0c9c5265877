"""Runs a launcher, and reads how it called java."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KAFKA = ROOT / "roles/kafka/files"
HADOOP = ROOT / "roles/hadoop/files"
RECORDER = ROOT / "roles/openjdk/files/record-class-data.sh"


def program(path: Path, text: str) -> None:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def run(machine: Path, command: str, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a launcher of a home of the machine; settings are environment variables."""
    home = {"HOME": str(machine), "LC_ALL": "C.UTF-8", "PATH": f"{machine}/path:{os.environ['PATH']}"}
    return subprocess.run(
        [machine / command, *arguments], env=home | settings, cwd="/", capture_output=True, text=True, check=False
    )


def flags(machine: Path, command: str, *arguments: str, **settings: str) -> list[str]:
    """What java was called with."""
    result = run(machine, command, *arguments, **settings)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout.splitlines()
