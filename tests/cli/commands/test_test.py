"""./lab test: the steps of a suite, what stops it, and what is always done at the end."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from cli.commands import test as command
from cli.engine import suites
from cli.engine.suites import Step
from cli.errors import LabError
from cli.lab import Lab
from cli.ui.screen import Screen


def scenario(root: Path, name: str, text: str) -> None:
    folder = root / "molecule" / name
    folder.mkdir(parents=True)
    (folder / "molecule.yml").write_text(text, encoding="utf-8")


def test_default_test_is_lint_unit_and_the_default_scenario(tmp_path: Path) -> None:
    scenario(tmp_path, "default", "scenario: {test_sequence: [create, verify, destroy]}")
    names = [step.name for step in suites.steps_of(tmp_path, None)]
    assert names[0] == "ruff check" and "unit tests" in names
    assert names[-3:] == ["default: create", "default: verify", "default: destroy"]


def test_each_scenario_is_a_suite(tmp_path: Path) -> None:
    scenario(tmp_path, "default", "---")
    scenario(tmp_path, "ssh", "---")
    assert suites.names(tmp_path) == ["lint", "unit", "mutants", "default", "ssh"]
    assert [step.name for step in suites.steps_of(tmp_path, "ssh")][:2] == ["ssh: destroy", "ssh: create"]


def test_unknown_suite_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no suite is called x; known: lint, mutants, unit"):
        suites.steps_of(tmp_path, "x")


def test_a_check_that_would_destroy_first_is_refused(tmp_path: Path) -> None:
    scenario(tmp_path, "default", "scenario: {test_sequence: [create, check]}")
    with pytest.raises(LabError, match=r"check_sequence: \[check\]"):
        suites.steps_of(tmp_path, "default")


def run(tmp_path: Path, *steps: Step) -> tuple[str, list[str]]:
    """Run steps in a clone without a venv; returns the failed step's name and the lines shown."""
    out, log = io.StringIO(), tmp_path / "test.log"
    log.touch()
    failed = command._run_all(Lab("molecule", tmp_path, root=tmp_path), list(steps), Screen(out), log, {})
    return failed, out.getvalue().splitlines()


def shell(name: str, script: str, **options: bool) -> Step:
    return Step(name, ("bash", "-c", script), **options)


def test_first_failure_stops_but_what_was_created_is_destroyed(tmp_path: Path) -> None:
    failed, lines = run(
        tmp_path,
        shell("d: create", "true"),
        shell("d: converge", "echo 'why it failed'; exit 1"),
        shell("d: verify", "touch never"),
        shell("d: destroy", "touch destroyed", cleanup=True),
    )
    assert failed == "d: converge"
    assert (tmp_path / "destroyed").exists() and not (tmp_path / "never").exists()
    assert "    why it failed" in lines


def test_nothing_is_destroyed_where_nothing_was_created(tmp_path: Path) -> None:
    run(tmp_path, shell("lint", "false"), shell("d: create", "true"), shell("d: destroy", "touch x", cleanup=True))
    assert not (tmp_path / "x").exists()


def test_a_change_fails_a_step_that_must_not_change(tmp_path: Path) -> None:
    event = '{"event": "result", "status": "changed", "host": "kafka", "task": "Write a file"}'
    failed, lines = run(tmp_path, shell("d: idempotence", f"echo '{event}' >>$LAB_EVENTS", unchanged=True))
    assert failed == "d: idempotence"
    assert "    changed again on kafka: Write a file" in lines


def test_pytests_closing_line_is_shown(tmp_path: Path) -> None:
    closing = "=== 12 passed, 1 skipped in 3.45s ==="
    _, lines = run(tmp_path, shell("unit tests", f"echo noise; echo '{closing}'"))
    assert lines[-1] == f"    {closing}" and "noise" not in "".join(lines)


def test_a_check_of_which_nothing_was_heard_has_proved_nothing(tmp_path: Path) -> None:
    failed, lines = run(tmp_path, shell("d: check", "true", unchanged=True))
    assert failed == "d: check"
    assert "    no events were received from the playbook, so changed=0 is not proven" in lines
    stats = '{"event": "stats", "time": 1, "hosts": {"kafka": {"ok": 3}}}'
    assert run(tmp_path, shell("d: check", f"echo '{stats}' >>$LAB_EVENTS", unchanged=True))[0] == ""
