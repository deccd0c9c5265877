"""What up and status say of a lab's containers: which system, and whether root in them is root of the machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.lab import Lab
from cli.machine import containers

MAPPED = {
    "origin": "Ubuntu 24.04 LTS from docker.io/library/ubuntu:24.04",
    "isolation": "capabilities",
    "mapped": True,
    "reason": "",
    "added": ["added containers:2147483647:2147483648 to /etc/subuid"],
}


@pytest.fixture
def noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Gives the lines for what the role noted."""
    lab = Lab("lab", Path(__file__).resolve().parents[3] / "inventory" / "containers")
    monkeypatch.setattr(Lab, "state", property(lambda _: tmp_path))

    def lines(note: dict | None, added: bool = False) -> list[str]:
        if note is not None:
            (tmp_path / containers.NOTE).write_text(json.dumps(note), encoding="utf-8")
        return containers.lines(lab, added)

    return lines


def test_the_system_and_the_isolation_are_said(noted) -> None:
    assert noted(MAPPED) == [
        "  containers of Ubuntu 24.04 LTS from docker.io/library/ubuntu:24.04",
        "  root in a container is an ordinary account of this machine (user namespace)",
    ]


def test_only_up_says_what_was_added_to_this_machine(noted) -> None:
    assert noted(MAPPED, added=True)[2:] == ["  on this machine: added containers:2147483647:2147483648 to /etc/subuid"]


def test_a_machine_that_cannot_keep_root_apart_is_a_warning_with_the_reason(noted) -> None:
    [_, warning] = noted({**MAPPED, "mapped": False, "reason": "mount_setattr: Invalid argument", "added": []})
    assert warning == "  WARNING: root in a container is root of this machine: mount_setattr: Invalid argument"


def test_a_network_that_could_not_be_made_anew_is_a_warning(noted) -> None:
    assert noted({**MAPPED, "network_warning": "network lab lacks isolate"})[2:] == [
        "  WARNING: network lab lacks isolate"
    ]
    assert len(noted({**MAPPED, "network_warning": ""})) == 2


def test_a_lab_that_was_not_made_yet_has_no_lines(noted) -> None:
    assert noted(None) == []


def test_real_machines_have_no_lines(noted, tmp_path: Path) -> None:
    noted(MAPPED)
    assert containers.lines(Lab("lab", Path(__file__).resolve().parents[3] / "inventory" / "single")) == []
