"""The standard tools work in the clone's folder without ./lab, as soon as .venv is active."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

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
    listing = run(
        "ansible-playbook", "-i", "inventory/containers", "playbooks/site.yml", "--list-tasks", "--tags=mysql"
    )
    chosen = re.findall(r"^ +(.*?)\s+TAGS: \[(.*)\]$", listing, re.MULTILINE)
    assert [name for name, tags in chosen if "always" not in tags and not name.startswith("play #")] == ["Set up MySQL"]


def test_each_role_of_the_playbook_has_its_tag() -> None:
    assert [role for role, tags in listed_tasks() if not tags & {role, "always"}] == []


def test_the_tags_of_an_included_role_are_those_of_its_tasks() -> None:
    """Ansible gives them only to the include, unless `apply` names them, too."""
    plays = yaml.safe_load((ROOT / "playbooks/site.yml").read_text(encoding="utf-8"))
    blocks = [task for play in plays for task in play.get("tasks", []) if "block" in task]
    for block in blocks:
        for task in block["block"]:
            if role := task.get("ansible.builtin.include_role"):
                tags = [task.get("tags", []), block.get("tags", [])]
                assert sorted(flat([role["apply"]["tags"]])) == sorted(flat(tags)), task["name"]


def flat(tags: list) -> list[str]:
    """Tags that are given as names and lists of names."""
    return [name for entry in tags for name in (entry if isinstance(entry, list) else [entry])]


def test_molecule_lists_the_suites() -> None:
    assert "default" in run("molecule", "list", "-s", "default", "--format", "plain")


def test_pytest_collects_the_verification() -> None:
    collected = run("pytest", "verify", "--lab-inventory", "inventory/containers", "--collect-only")
    assert "verify/cases/test_groups.py" in collected
