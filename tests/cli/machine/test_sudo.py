"""The sudo password: asked when it must be, kept where nobody else reads it, gone afterwards."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.engine import ansible
from cli.errors import LabError
from cli.lab import Lab
from cli.machine import sudo


@pytest.fixture
def ordinary_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not root, whoever runs the tests."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody can be asked."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)


def test_the_file_is_private_and_goes_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with sudo.password_file("s3cret") as path:
        assert path.read_text(encoding="utf-8") == "s3cret\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert path.is_relative_to(tmp_path)
    assert not path.parent.exists()


def test_the_file_goes_away_on_an_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt), sudo.password_file("s3cret") as path:
        raise KeyboardInterrupt
    assert not path.parent.exists()


def test_root_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with sudo.become(Lab("lab", Path()), on_this_machine=True) as variables:
        assert variables == {}


@pytest.mark.usefixtures("ordinary_user")
def test_sudo_without_password_is_not_asked(fake_commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(fake_commands("sudo", "exit 0")))
    with sudo.become(Lab("lab", Path()), on_this_machine=True) as variables:
        assert variables == {}


@pytest.mark.usefixtures("ordinary_user", "at_a_terminal")
def test_the_password_is_asked_until_sudo_takes_it(fake_commands, monkeypatch: pytest.MonkeyPatch) -> None:
    script = '[[ " $* " == *" -S "* ]] || exit 1; read -r given; [ "$given" = right ]'
    monkeypatch.setenv("PATH", str(fake_commands("sudo", script)))
    answers = iter(["wrong", "right"])
    monkeypatch.setattr("getpass.getpass", lambda *_: next(answers))
    with sudo.become(Lab("lab", Path()), on_this_machine=True) as variables:
        assert list(variables) == [sudo.VARIABLE]
        assert "right" not in variables[sudo.VARIABLE]
        assert Path(variables[sudo.VARIABLE]).read_text(encoding="utf-8") == "right\n"


@pytest.mark.usefixtures("ordinary_user")
def test_nobody_to_ask_is_said(fake_commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(fake_commands("sudo", "exit 1")))
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with (
        pytest.raises(LabError, match="there is no terminal"),
        sudo.become(Lab("lab", Path()), on_this_machine=True),
    ):
        pass


@pytest.mark.usefixtures("ordinary_user")
def test_no_sudo_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match="no sudo here"):
        sudo.asks_password()


def test_without_mitogen_the_classic_sudo_is_taken_where_the_host_has_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fake_commands: Callable[[str, str], Path]
) -> None:
    """ansible-core does not recognise the prompt of sudo-rs; Ubuntu 26.04 keeps the classic one as sudo.ws."""
    lab = Lab("lab", tmp_path)
    assert "ANSIBLE_SUDO_EXE" not in ansible.environment(lab)
    monkeypatch.setenv("LAB_MITOGEN", "0")
    program = ansible.environment(lab)["ANSIBLE_SUDO_EXE"]
    folder = fake_commands("sudo", "echo rust")

    def run() -> str:
        command = ["/bin/sh", "-c", f"{program} -u root id"]
        return subprocess.run(command, env={"PATH": str(folder)}, capture_output=True, text=True, check=True).stdout

    assert run() == "rust\n"
    fake_commands("sudo.ws", "echo classic")
    assert run() == "classic\n"
