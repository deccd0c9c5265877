"""What the bash entry is told before .venv exists: missing packages, and the plan of a command with --check."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cli import needs, setup_plan
from cli.lab import Lab
from cli.machine import packages


def test_every_dry_command_line_is_known_as_one() -> None:
    assert needs.needs("python3", ["up", "--check"], there=nothing)[0] == "check"
    assert "check" not in needs.needs("python3", ["up"], there=nothing)


def test_the_plan_lists_packages_and_files_and_that_hosts_were_not_looked_at(tmp_path: Path) -> None:
    current = Lab("second", tmp_path / "inventory", root=tmp_path)
    said = "\n".join(setup_plan.lines(current, "./lab up", ["podman", "crun"], [".venv"]))
    for words in ("by apt: podman crun", f"{tmp_path}/.venv", ".lab/second", "the hosts were not checked"):
        assert words in said
    assert said.endswith("to set up and go on: ./lab up")


def test_the_plan_suggests_the_same_command_line_without_check(capsys: pytest.CaptureFixture[str]) -> None:
    setup_plan.main(["", ".venv", "up", "--check", "--no-verify", "--name", "second", "-e", "course_user=a b"])
    assert capsys.readouterr().out.endswith("./lab up --name second -e 'course_user=a b' --no-verify\n")


def nothing(_: str) -> bool:
    return False


def test_containers_need_their_engine_and_machines_do_not(tmp_path: Path) -> None:
    (tmp_path / "machines" / "group_vars").mkdir(parents=True)
    containers = tmp_path / "containers"
    (containers / "group_vars").mkdir(parents=True)
    (containers / "group_vars" / "all.yml").write_text("lab_containers: true\n", encoding="utf-8")
    python = shutil.which("python3") or "python3"
    assert "apt podman" in needs.needs(python, ["up", "-i", str(containers)], there=nothing)
    machines = needs.needs(python, ["up", "-i", str(tmp_path / "machines")], there=nothing)
    assert "apt podman" not in machines and "apt maven" in machines and machines[-1] == "venv"


def test_only_what_is_missing_is_installed(tmp_path: Path) -> None:
    wanted = packages.packages_of("test", containers=False)
    assert {"podman", "crun", "netavark", "aardvark-dns", "iptables", "mmdebstrap", "maven"} <= set(wanted)
    lines = needs.needs("python3", ["test"], there=lambda what: what != "crun")
    assert [line for line in lines if line.startswith("apt ") and "venv" not in line] == ["apt crun"]


@pytest.mark.parametrize("argv", [["--help"], ["up", "--help"], ["bogus"], ["up", "--name", "X"], ["doctor"]])
def test_nothing_is_installed_for_help_mistakes_and_doctor(argv: list[str]) -> None:
    assert needs.needs("python3", argv, there=nothing) == []


def test_an_inventory_that_ansible_cannot_read_installs_nothing(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("all: {hosts: {a: {lab_containers: true}, b: {}}}", encoding="utf-8")
    assert needs.needs("python3", ["up", "-i", str(tmp_path)], there=nothing) == []
