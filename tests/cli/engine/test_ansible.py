"""cli/engine/ansible.py: Ansible as the lab starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cli.engine.ansible import SERVER_ERRORS_TASK, environment
from cli.lab import Lab

ROOT = Path(__file__).resolve().parents[3]
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - command: "{{ ansible_playbook_python }} -c 'import os; print(os.sched_getaffinity(0))'"
      register: cpus
    - copy: {content: "{{ cpus.stdout }}", dest: "{{ playbook_dir }}/cpus"}
"""


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="this process may use one CPU only")
def test_what_ansible_starts_may_use_every_cpu(tmp_path):
    """A container keeps for its life what it inherits from Ansible."""
    (tmp_path / "play.yml").write_text(PLAY, encoding="utf-8")
    program = Path(sys.executable).with_name("ansible-playbook")
    options = ["-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"]
    variables = environment(Lab("test", ROOT / "inventory/containers"))
    subprocess.run([program, *options, tmp_path / "play.yml"], env=variables, cwd=ROOT, check=True, capture_output=True)
    assert (tmp_path / "cpus").read_text(encoding="utf-8") == str(os.sched_getaffinity(0))


def test_the_reasons_of_failed_servers_come_from_a_task_that_exists():
    (play,) = yaml.safe_load((ROOT / "playbooks/server_errors.yml").read_text(encoding="utf-8"))
    assert SERVER_ERRORS_TASK in [task["name"] for task in play["tasks"]]
