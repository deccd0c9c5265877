"""A file below config/ is written into the folder that is looked at, whatever the student puts in its place."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

from ansible_collections.streaming.lab.plugins.module_utils.held_folder import rights_of
from ansible_collections.streaming.lab.plugins.modules import held_file
from tests.artifacts.kit import ROOT, open_to_others, write

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to act as a second user")
STUDENT = 61500


def run(capsys: pytest.CaptureFixture[str], check: bool = False, **options: Any) -> dict[str, Any]:
    """Run the module as Ansible does."""
    options = {key: str(value) if isinstance(value, Path) else value for key, value in options.items()}
    with patch_module_args({"_ansible_check_mode": check, "mode": "0644", **options}), pytest.raises(SystemExit):
        held_file.main()
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A folder that the student may write in."""
    open_to_others(tmp_path)
    folder = tmp_path / "kafka/config"
    folder.mkdir(parents=True)
    folder.parent.chmod(0o777)
    folder.chmod(0o777)
    return folder


def test_file_is_written_once_and_then_nothing_changes(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = config / "server.properties"
    assert run(capsys, check=True, path=path, content="port=1\n")["changed"]
    assert not path.exists()
    assert run(capsys, path=path, content="port=1\n")["changed"]
    assert not run(capsys, path=path, content="port=1\n")["changed"]
    told = run(capsys, path=path, content="port=2\n")
    assert (told["diff"]["before"], told["diff"]["after"]) == ("port=1\n", "port=2\n")
    assert (path.read_text(), path.stat().st_mode & 0o7777) == ("port=2\n", 0o644)


def test_another_mode_is_set_back(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(config / "server.properties", "port=1\n", 0o666)
    assert run(capsys, path=path, content="port=1\n")["changed"]
    assert path.stat().st_mode & 0o7777 == 0o644


@needs_root
def test_file_of_the_students_own_is_replaced_by_roots(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(config / "server.properties", "port=1\n", 0o644)
    os.chown(path, STUDENT, STUDENT)
    assert run(capsys, path=path, content="port=1\n")["changed"]
    assert path.stat().st_uid == 0
    assert not run(capsys, path=path, content="port=1\n")["changed"]


@needs_root
@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_what_stands_in_the_files_place_is_replaced_and_not_opened(
    config: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, kind: str
) -> None:
    victim = write(tmp_path / "victim", "secret", 0o600)
    path = config / "server.properties"
    with rights_of(STUDENT, STUDENT):
        os.mkfifo(path) if kind == "fifo" else path.symlink_to(victim)
    told = run(capsys, path=path, content="port=1\n")
    assert told["diff"]["before"] == ""
    assert (victim.read_text(), victim.stat().st_mode & 0o7777) == ("secret", 0o600)
    assert (path.is_symlink(), path.read_text()) == (False, "port=1\n")


@needs_root
@pytest.mark.parametrize("state", ["file", "directory"])
def test_link_in_the_folders_place_is_refused(
    config: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, state: str
) -> None:
    away = tmp_path / "away"
    away.mkdir(mode=0o700)
    with rights_of(STUDENT, STUDENT):
        (config.parent / "plugins").symlink_to(away)
    options = {"path": config.parent / "plugins"} if state == "directory" else {"path": config.parent / "plugins/a"}
    told = run(capsys, content="x", state=state, **options)
    assert "plugins is not a folder (a link or a file)" in told["msg"]
    assert (list(away.iterdir()), away.stat().st_mode & 0o7777) == ([], 0o700)


@needs_root
def test_folder_gets_owner_group_and_mode_by_its_descriptor(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = {"path": config.parent / "plugins", "state": "directory", "mode": "2775", "owner": 0, "group": STUDENT}
    assert run(capsys, check=True, **options)["changed"]
    assert run(capsys, **options)["changed"]
    assert not run(capsys, **options)["changed"]
    os.chown(options["path"], STUDENT, STUDENT)
    assert run(capsys, **options)["changed"]
    info = options["path"].stat()
    assert (info.st_uid, info.st_gid, info.st_mode & 0o7777) == (0, STUDENT, 0o2775)


def test_missing_folder_is_no_error_in_a_dry_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "absent/server.properties"
    assert run(capsys, check=True, path=path, content="x")["changed"]
    assert "is missing" in run(capsys, path=path, content="x")["msg"]


WRITING = (
    "copy",
    "template",
    "file",
    "lineinfile",
    "blockinfile",
    "replace",
    "ini_file",
    "acl",
    "get_url",
    "unarchive",
)
# Folders that the student may write in; what is in the student's home is written with the student's rights.
SHARED = ("kafka_home", "kafka_install_dir", "/tmp", "/var/tmp", "/dev/shm")
# The Kafka home itself lies in /opt, where only root writes.
ROOTS_OWN = {"{{ kafka_home }}", "{{ kafka_install_dir }}"}


def tasks(node: object) -> list[dict]:
    """All tasks of a file, those of its blocks too."""
    found = []
    for task in node if isinstance(node, list) else []:
        found.append(task)
        for part in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks"):
            found += tasks(task.get(part))
    return found


def test_no_task_of_root_writes_by_name_where_a_student_may_write() -> None:
    wrong = []
    for file in sorted(
        [*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("roles/*/handlers/*.yml"), *ROOT.glob("playbooks/*.yml")]
    ):
        for task in tasks(yaml.safe_load(file.read_text(encoding="utf-8"))):
            for module, options in task.items():
                if module.rpartition(".")[2] not in WRITING or not isinstance(options, dict) or task.get("become_user"):
                    continue
                path = str(options.get("dest") or options.get("path") or "")
                places = [str(item) for item in task.get("loop", [])] if path == "{{ item }}" else [path]
                wrong += [
                    f"{file.relative_to(ROOT)}: {task['name']}: {place}"
                    for place in places
                    if place not in ROOTS_OWN and any(part in place for part in SHARED)
                ]
    assert wrong == []
