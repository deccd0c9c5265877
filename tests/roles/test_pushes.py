"""Large files go to a few hosts at a time: all hosts at once share one network, and ssh times out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FEW_HOSTS = "{{ lab_parallel_pushes }}"
PUSHES = {"product_tree", "unarchive", "synchronize", "archive", "assemble"}
"""Modules that send an archive or a folder of any size."""
LARGE = 2**20


def tasks(content: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """All tasks of a file, those in blocks too."""
    for task in content or []:
        yield path, task
        for part in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks"):
            yield from tasks(task.get(part), path)


def all_tasks() -> list[tuple[Path, dict[str, Any]]]:
    files = [*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("roles/*/handlers/*.yml"), *ROOT.glob("playbooks/*.yml")]
    return [found for path in files for found in tasks(yaml.safe_load(path.read_text(encoding="utf-8")), path)]


def is_push(task: dict[str, Any]) -> bool:
    return any(key.rpartition(".")[2] in PUSHES for key in task)


def test_every_task_that_sends_an_archive_sends_it_to_a_few_hosts_at_a_time():
    pushes = [(path, task) for path, task in all_tasks() if is_push(task)]
    assert len(pushes) >= 4
    wrong = [f"{path.relative_to(ROOT)}: {task['name']}" for path, task in pushes if task.get("throttle") != FEW_HOSTS]
    assert not wrong


def test_files_that_other_tasks_copy_are_small():
    folders = [*ROOT.glob("roles/*/files"), *ROOT.glob("roles/*/templates"), ROOT / "src"]
    large = [
        str(path.relative_to(ROOT))
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and path.stat().st_size > LARGE
    ]
    assert not large


def test_one_setting_says_how_many_hosts_that_are():
    settings = yaml.safe_load((ROOT / "playbooks/group_vars/all.yml").read_text(encoding="utf-8"))
    assert settings["lab_parallel_pushes"] == 4
