"""A machine that still boots: it is waited for, a boot without an end is named, and its clock is not blamed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.machine import boot as machine_boot
from ansible_collections.streaming.lab.plugins.modules import machine_check


@pytest.fixture
def booting(fake_commands: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets the boot of this machine end after a number of seconds."""

    def end_after(seconds: float) -> None:
        folder = fake_commands("systemctl", f'echo "$@" >"${{0%/*}}/asked"\nexec sleep {seconds}')
        monkeypatch.setenv("PATH", str(folder), prepend=":")

    return end_after


def test_a_machine_that_still_boots_is_waited_for(booting: Callable[[float], None], tmp_path: Path) -> None:
    booting(0)
    assert machine_boot.wait_for_boot(5) == []
    assert (tmp_path / "bin/asked").read_text(encoding="utf-8") == "is-system-running --wait\n"


def test_a_boot_without_an_end_is_noted(booting: Callable[[float], None]) -> None:
    booting(30)
    note = "systemd has not finished its start after 1 s; see: systemctl list-jobs"
    assert machine_boot.wait_for_boot(1) == [note]


def test_a_machine_without_systemd_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert machine_boot.wait_for_boot(1) == []


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that this machine's boot moves on by 100 s."""
    seconds = [1_000_000.0]

    def wait(most: int) -> list[str]:
        seconds[0] += 100
        return [f"waited {most} s"]

    monkeypatch.setattr(machine_check.machine_boot, "wait_for_boot", wait)
    for module in (machine_check, machine_check.machine_system):
        monkeypatch.setattr(module.time, "time", lambda: seconds[0])
    return seconds


def look(control_time: float, systems: dict[str, str]) -> dict[str, Any]:
    """What the module finds on this machine."""
    given = {name: option.get("default") for name, option in machine_check.ARGUMENTS.items()}
    return machine_check.look({**given, "control_time": control_time, "systems": systems, "boot_seconds": 180})


def test_the_wait_for_the_boot_does_not_count_as_a_wrong_clock(clock: list[float]) -> None:
    found = look(clock[0], {})
    assert found["problems"] == []
    assert "waited 180 s" in found["notes"]


def test_a_wrong_clock_is_found_although_the_machine_still_boots(clock: list[float]) -> None:
    assert "clock: this host is 100 s behind" in look(clock[0] + 100, {})["problems"][0]


def test_a_system_that_is_refused_keeps_the_note_on_its_boot(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    release = {"ID": "fedora", "VERSION_ID": "41"}
    monkeypatch.setattr(machine_check.machine_system, "read_os_release", lambda: release)
    assert look(clock[0], {"Debian": "13"})["notes"] == ["waited 180 s"]
