"""./lab doctor: what it calls a problem on this machine."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from cli.commands import doctor
from cli.lab import Lab


@pytest.fixture
def lab() -> Lab:
    """The lab of containers with the default name."""
    return Lab("lab", Path(__file__).resolve().parents[3] / "inventory" / "containers")


@pytest.mark.parametrize(
    ("container", "level"),
    [("lab-kafka_infra", doctor.OKAY), ("lab-kafka", doctor.OKAY), ("other-kafka_infra", doctor.BAD)],
)
def test_ports_of_the_running_lab_are_not_taken(lab: Lab, monkeypatch, container: str, level: str) -> None:
    command = f"/usr/bin/conmon --api-version 1 -c 0123 -n {container} -u 0123"
    machine = SimpleNamespace(
        can_listen=lambda *_: False,
        listener_of=lambda _port: (100, command),
        problems=lambda *_: ["port: 127.0.0.1:8083 is taken"],
    )
    monkeypatch.setattr(doctor, "machine", machine)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert [finding.level for finding in doctor.ports(lab)] == [level]
