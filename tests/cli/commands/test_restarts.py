"""./lab verify --restarts: nobody's machine restarts without a yes, and never the one that it runs on."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli import parser as arguments
from cli.commands import verify
from cli.errors import BAD_INPUT, LabError
from cli.lab import ROOT, Lab


@pytest.fixture
def no_pytest(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Collects the options of the verifications that would have started."""
    started: list[list[str]] = []
    monkeypatch.setattr(verify, "run_cases", lambda _lab, options: started.append(options) or 0)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    return started


def inventory(folder: Path, host: str) -> Path:
    (folder / "hosts.yml").write_text(f"all: {{hosts: {{kafka: {host}}}}}", encoding="utf-8")
    return folder


@pytest.mark.parametrize("host", ["{ansible_connection: local}", "{ansible_host: 127.0.0.1}"])
def test_this_machine_is_never_restarted(tmp_path: Path, host: str, no_pytest: list) -> None:
    lab = Lab("lab", inventory(tmp_path, host), yes=True)
    with pytest.raises(LabError, match="kafka is this machine") as refused:
        verify.run(lab, arguments.parse(["verify", "--restarts"]))
    assert (refused.value.status, no_pytest) == (BAD_INPUT, [])


def test_inventory_single_is_refused(no_pytest: list) -> None:
    with pytest.raises(LabError, match="is this machine"):
        verify.run(Lab("lab", ROOT / "inventory" / "single"), arguments.parse(["verify", "--restarts"]))
    assert no_pytest == []


def test_other_machines_are_restarted_after_a_yes_only(tmp_path: Path, no_pytest: list) -> None:
    folder = inventory(tmp_path, "{ansible_host: 192.0.2.1}")
    with pytest.raises(LabError, match="Restart the machines kafka"):
        verify.run(Lab("lab", folder), arguments.parse(["verify", "--restarts"]))
    assert no_pytest == []
    assert verify.run(Lab("lab", folder, yes=True), arguments.parse(["verify", "--restarts"])) == 0
    assert no_pytest == [["--restarts"]]


def test_containers_and_a_verification_without_restarts_are_not_asked(tmp_path: Path, no_pytest: list) -> None:
    verify.run(Lab("lab", ROOT / "inventory" / "containers"), arguments.parse(["verify", "--restarts"]))
    verify.run(Lab("lab", inventory(tmp_path, "{ansible_connection: local}")), arguments.parse(["verify"]))
    assert no_pytest == [["--restarts"], []]
