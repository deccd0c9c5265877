"""A release that is newer than the tested ones is accepted, and the person is told what was tested."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.playbooks import ansible_playbook

RELEASES = {("Ubuntu", "24.04"): False, ("Ubuntu", "26.04"): True, ("Debian", "13"): False, ("Debian", "14"): True}


def test_only_a_newer_release_is_told_what_was_tested(clone: Path, tmp_path: Path) -> None:
    role = clone / "roles/preflight"
    tasks = []
    for name, version in RELEASES:
        facts = {"distribution": name, "distribution_version": version, "cacheable": True}
        tasks += [{"ansible.builtin.set_fact": facts}, {"ansible.builtin.import_tasks": str(role / "tasks/tested.yml")}]
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars_files": [str(role / "vars/main.yml")],
        "tasks": tasks,
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    done = ansible_playbook("-i", "localhost,", str(tmp_path / "play.yml"))
    assert done.returncode == 0, done.stdout + done.stderr
    told = {
        (name, version): f"{name} {version} is newer" in " ".join(done.stdout.split()) for name, version in RELEASES
    }
    assert told == RELEASES
