"""The standard tools work in the clone's folder without ./lab, as soon as .venv is active."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run(*words: str) -> str:
    """Run a tool of this environment in the clone's folder; return its output."""
    folder = Path(sys.executable).parent
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTEST_"))}
    environment["PATH"] = f"{folder}:{environment['PATH']}"
    done = subprocess.run(
        [str(folder / words[0]), *words[1:]], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def listed_tasks(*options: str) -> list[tuple[str, set[str]]]:
    """(role, tags) of each task that the playbook would run."""
    listing = run("ansible-playbook", "-i", "inventory/containers", "playbooks/site.yml", "--list-tasks", *options)
    tasks = re.findall(r"^ +(\w+) : .*TAGS: \[(.*)\]$", listing, re.MULTILINE)
    return [(role, set(tags.split(", "))) for role, tags in tasks]


def test_a_tag_runs_one_role_and_the_checks() -> None:
    assert {role for role, tags in listed_tasks("--tags=mysql") if "always" not in tags} == {"mysql"}


def test_each_role_of_the_playbook_has_its_tag() -> None:
    assert [role for role, tags in listed_tasks() if not tags & {role, "always"}] == []


def test_molecule_lists_the_suites() -> None:
    assert "default" in run("molecule", "list", "-s", "default", "--format", "plain")


def test_pytest_collects_the_verification() -> None:
    collected = run("pytest", "verify", "--lab-inventory", "inventory/containers", "--collect-only")
    assert "verify/cases/test_groups.py" in collected
