"""How verification becomes root on a host."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import testinfra

from verify.support import machine

SUDO = """#!/bin/sh
# Stands for a sudo that wants a password: reads a line, refuses a wrong one, runs the rest.
[ "$1 $2 $3" = "-k -S -p" ] || { echo "asked for a password at a terminal" >&2; exit 1; }
read -r typed; [ "$typed" = geheim ] || { echo "wrong password" >&2; exit 1; }
shift 4; exec "$@"
"""


@pytest.fixture
def sudo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bin" / "sudo"
    path.parent.mkdir()
    path.write_text(SUDO, encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")


def test_a_password_comes_by_standard_input_and_reaches_nothing_else(sudo: None) -> None:
    host = testinfra.get_host("local://")
    machine._type(host, "geheim\n")
    command = machine.as_root("echo \"as $(id -u)\"; cat; tr '\\0' ' ' </proc/self/cmdline", password=True)
    done = host.run(command)
    assert done.rc == 0, done.stderr
    assert done.stdout.startswith("as ")
    assert "geheim" not in done.stdout + command


def test_a_wrong_password_is_refused(sudo: None) -> None:
    host = testinfra.get_host("local://")
    machine._type(host, "falsch\n")
    assert host.run(machine.as_root("true", password=True)).rc == 1


def test_root_needs_no_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    line = machine.as_root("echo it\\'s me", root=True)
    assert "sudo" not in line
    assert subprocess.run(line, shell=True, capture_output=True, text=True, check=True).stdout == "it's me\n"
