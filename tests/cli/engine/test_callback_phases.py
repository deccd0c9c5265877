"""The callback, under the real Ansible: what it writes is what ./lab makes its lines of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.engine.events import EventsFile, Progress

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = """\
- name: First
  hosts: all
  gather_facts: false
  tasks:
    - name: Change
      ansible.builtin.command: "true"
      when: inventory_hostname == 'fine'
    - name: Report the restart
      ansible.builtin.debug: {msg: "HDFS restarts"}
      when: inventory_hostname != 'hides'
    - name: Healed
      block:
        - name: Break
          ansible.builtin.fail: {msg: healed}
      rescue:
        - name: Heal
          ansible.builtin.debug: {msg: ok}
    - name: Ignored
      ansible.builtin.fail: {msg: ignored}
      ignore_errors: true
- name: Second
  hosts: all
  gather_facts: false
  tasks:
    - name: Loop
      ansible.builtin.command: "sh -c 'echo why $((1+{{ item }})) >&2; exit {{ item }}'"
      loop: [0, 3]
      changed_when: false
      when: inventory_hostname == 'loops'
    - name: Secret
      ansible.builtin.fail: {msg: s3cret}
      no_log: true
      when: inventory_hostname == 'hides'
- name: Notes
  hosts: fine
  gather_facts: false
  tasks:
    - name: Look
      tells:
- name: Nobody's
  hosts: nobody
  gather_facts: false
  tasks: []
"""
NOTES = """\
from ansible.module_utils.basic import AnsibleModule
AnsibleModule(argument_spec={}).exit_json(notes=["ufw is on"])
"""
INVENTORY = """\
[all]
fine
loops
hides
[all:vars]
ansible_connection=local
"""


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that a run with every kind of outcome leaves."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "play.yml").write_text(PLAYBOOK, encoding="utf-8")
    (folder / "library").mkdir()
    (folder / "library/tells.py").write_text(NOTES, encoding="utf-8")
    (folder / "hosts").write_text(INVENTORY, encoding="utf-8")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "ansible",
            "playbook",
            "-i",
            "hosts",
            "-e",
            f"ansible_python_interpreter={sys.executable}",
            "play.yml",
        ],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
            "ANSIBLE_CALLBACKS_ENABLED": "streaming.lab.phases",
            "LAB_EVENTS": str(folder / "events"),
        },
        capture_output=True,
        check=False,
    )
    return folder / "events"


@pytest.fixture
def progress(events: Path) -> Progress:
    """What the reader makes of it."""
    told = Progress()
    for event in EventsFile(events).new():
        told.take(event)
    return told


def test_plays_are_phases(progress: Progress) -> None:
    assert [(phase.name, phase.failed, phase.changed) for phase in progress.finished] == [
        ("First", False, 1),
        ("Second", True, 0),
        ("Notes", False, 0),
    ]


def test_failures_say_host_task_and_message(progress: Progress) -> None:
    assert [(entry.host, entry.task) for entry in progress.failures] == [
        ("hides", "Secret"),
        ("loops", "Loop"),
    ]
    assert "3: sh -c echo why $((1+3)) >&2; exit 3 ended with status 3" in progress.failures[1].message
    assert progress.failures[1].detail == "why 4"


def test_what_a_module_notes_is_passed_on(progress: Progress) -> None:
    assert ("fine", "note: ufw is on") in progress.notes


def test_secrets_are_not_written(events: Path) -> None:
    assert "s3cret" not in events.read_text(encoding="utf-8")


def test_every_change_has_its_host_and_task(progress: Progress) -> None:
    assert progress.changes == [("fine", "Change")]
    assert set(progress.hosts) == {"fine", "loops", "hides"}


def test_the_message_of_a_debug_task_is_a_note(events: Path) -> None:
    progress = Progress()
    for event in EventsFile(events).new():
        progress.take(event)
    said = sorted(note for note in progress.notes if note[1] == "HDFS restarts")
    assert said == [("fine", "HDFS restarts"), ("loops", "HDFS restarts")]
