"""When `up` starts and stops the search of Bluesky."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbooks import ansible_playbook

# One unit, of which two files say whether it starts at boot and whether it runs.
SYSTEMCTL = """
here=$(dirname "$0")
case $1 in
  show) echo LoadState=loaded; echo ActiveState=$([ -e $here/runs ] && echo active || echo inactive) ;;
  is-enabled) [ -e $here/boots ] && echo enabled || { echo disabled; exit 1; } ;;
  enable) touch $here/boots ;;
  disable) rm $here/boots ;;
  start) touch $here/runs ;;
  stop) rm $here/runs ;;
  *) exit 9 ;;
esac
"""
Up = Callable[..., tuple[int, str]]


@pytest.fixture
def up(tmp_path: Path, fake_commands: Callable[[str, str], Path]) -> Up:
    """Runs the role's last part here, with a stand-in for systemd; gives how much it changed and how the unit is."""
    units = fake_commands("systemctl", SYSTEMCTL)

    def run(*options: str, was: str | None = None, **settings: Any) -> tuple[int, str]:
        for name in was.split() if was else ():
            (units / name).touch()
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "tasks": [{"ansible.builtin.import_role": {"name": "bluesky", "tasks_from": "run"}}],
        }
        (tmp_path / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
        settings = {
            "__bluesky_unit": {"changed": False},
            "ansible_python_interpreter": sys.executable,
            "lab_workspace_hosts": ["localhost"],
            **settings,
        }
        arguments = ["-i", "localhost,", str(tmp_path / "play.yml"), "-e", json.dumps(settings), *options]
        done = ansible_playbook(*arguments, PATH=f"{units}{os.pathsep}{os.environ['PATH']}")
        assert done.returncode == 0, done.stdout + done.stderr
        changes = int(done.stdout.rpartition("changed=")[2].split()[0])
        return changes, " ".join(name for name in ("boots", "runs") if (units / name).exists())

    return run


def test_search_that_the_lab_started_ends_when_it_is_not_wanted_any_more(up: Up) -> None:
    assert up("--check", was="boots runs", bluesky_enabled=False) == (1, "boots runs")
    assert up(bluesky_enabled=False) == (1, "")
    assert up(bluesky_enabled=False) == (0, "")


def test_search_that_a_student_started_goes_on(up: Up) -> None:
    assert up(was="runs", bluesky_enabled=False) == (0, "runs")


def test_search_that_is_wanted_runs_now_and_at_boot(up: Up) -> None:
    assert up("--check", bluesky_enabled=True) == (1, "")
    assert up(bluesky_enabled=True) == (1, "boots runs")
    assert up(bluesky_enabled=True) == (0, "boots runs")


def test_search_runs_on_one_host_of_a_lab(up: Up) -> None:
    hosts = ["desk", "localhost"]
    assert up(bluesky_enabled=True, lab_workspace_hosts=hosts) == (0, "")
    assert up(was="boots runs", bluesky_enabled=True, lab_workspace_hosts=hosts) == (1, "")
