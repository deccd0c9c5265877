"""GitHub's workflows, checked by its own schema: a mistake in one is found before it is pushed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cli.engine import suites

ROOT = Path(__file__).parent.parent


def check(*files: str) -> subprocess.CompletedProcess[str]:
    """Run the check of `./lab test lint`."""
    command = [sys.executable, "-m", "check_jsonschema", *suites.WORKFLOW_SCHEMA, *files]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_there_is_a_workflow_and_lint_checks_it() -> None:
    assert suites.workflows(ROOT) == [".github/workflows/ubuntu.yml"]
    assert any(".github/workflows/ubuntu.yml" in step.argv for step in suites.lint(ROOT))


@pytest.mark.parametrize("wrong", ["runs_on:", "runs-on: [1, 2"])
def test_a_wrong_workflow_is_refused(tmp_path: Path, wrong: str) -> None:
    text = (ROOT / ".github/workflows/ubuntu.yml").read_text(encoding="utf-8")
    bad = tmp_path / "bad.yml"
    bad.write_text(text.replace("runs-on:", wrong), encoding="utf-8")
    assert check(str(bad)).returncode != 0
