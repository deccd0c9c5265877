"""A playbook that a case runs by itself: its host is reached as the lab's, and its settings are private."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from verify.support import playbook

MACHINE = SimpleNamespace(
    info=SimpleNamespace(name="vm1", values={"ansible_host": "192.0.2.1", "ansible_port": "", "mysql_port": 3306}),
    root=lambda command: '{"answer": 42}',
)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What ansible-playbook was given at each run; a playbook `fails.yml` fails."""
    seen: list[dict[str, Any]] = []

    def run(argv: list[str], **given: Any) -> subprocess.CompletedProcess[str]:
        settings = Path(argv[argv.index("-e") + 1].removeprefix("@"))
        seen.append(
            {
                "argv": argv,
                "hosts": json.loads(Path(argv[argv.index("-i") + 1]).read_text(encoding="utf-8")),
                "settings": json.loads(settings.read_text(encoding="utf-8")),
                "mode": settings.stat().st_mode & 0o777,
            }
        )
        return subprocess.CompletedProcess(argv, int(argv[-1].endswith("fails.yml")), "printed", " and warned")

    monkeypatch.setattr(playbook.subprocess, "run", run)
    return seen


def test_the_host_is_reached_as_the_labs_and_the_settings_are_private(runs: list[dict[str, Any]]) -> None:
    assert playbook.run(MACHINE, "declared.yml", {"secret": "geheim"}, "-vvv") == "printed and warned"
    (run,) = runs
    assert run["hosts"] == {"all": {"hosts": {"vm1": {"ansible_host": "192.0.2.1"}}}}
    assert (run["settings"], run["mode"]) == ({"secret": "geheim"}, 0o600)
    assert "-vvv" in run["argv"] and run["argv"][-1].endswith("verify/playbooks/declared.yml")
    assert "geheim" not in " ".join(run["argv"])


def test_a_playbook_that_fails_shows_its_output(runs: list[dict[str, Any]]) -> None:
    with pytest.raises(AssertionError, match="printed and warned"):
        playbook.run(MACHINE, "fails.yml", {})


def test_answers_are_read_from_the_path_that_the_playbook_is_given(runs: list[dict[str, Any]]) -> None:
    lab = SimpleNamespace(part={"connect": MACHINE}.get)
    assert playbook.play(lab, "health.yml", {"names": ["a"]}) == {"answer": 42}
    assert runs[0]["settings"] == {"names": ["a"], "answers": playbook.ANSWERS}
