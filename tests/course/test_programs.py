"""The lab's programs: one wheel, built without a network, installed into a venv and repaired there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError

from ansible_collections.streaming.lab.plugins.action import venv_programs as action
from ansible_collections.streaming.lab.plugins.module_utils.wheels import files as wheel_files
from ansible_collections.streaming.lab.plugins.modules import venv_programs as module

SOURCE = Path(__file__).resolve().parents[2] / "src"
IGNORED = shutil.ignore_patterns("__pycache__")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the programs."""
    return shutil.copytree(SOURCE, tmp_path / "src", ignore=IGNORED)


def build(source: Path, folder: Path) -> Path:
    folder.mkdir()
    return action.build(source, folder)


def test_the_wheel_holds_the_programs_and_what_they_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(build(SOURCE, tmp_path / "wheel")) as wheel:
        names = set(wheel.namelist())
        rest = wheel.read("slate/connect_rest.py")
    code = {
        str(path.relative_to(SOURCE))
        for package in ("bluesky_search", "hdfs_sink", "slate")
        for path in (SOURCE / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if not name.endswith("/") and ".dist-info" not in name} == code
    assert b"class Connect" in rest, "a link is followed"
    assert not [name for name in names if name.endswith("entry_points.txt")], "a student's PATH would find them"
    assert all(name.split("-")[0] == wheel_files.PROGRAMS for name in names if ".dist-info" in name)


def test_equal_files_make_equal_bytes_whatever_their_modes_and_dates(tmp_path: Path, source: Path) -> None:
    first = build(source, tmp_path / "first").read_bytes()
    for path in source.rglob("*.py"):
        path.chmod(0o600)
        os.utime(path, (1, 1))
    mask = os.umask(0o077)
    try:
        assert build(source, tmp_path / "second").read_bytes() == first
    finally:
        os.umask(mask)
    (source / "slate/__init__.py").write_text("# another one\n", encoding="utf-8")
    assert build(source, tmp_path / "third").read_bytes() != first


def test_it_is_built_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert build(SOURCE, tmp_path / "wheel").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["wheel"], "no cache is needed either"


def test_a_source_that_cannot_be_built_is_named(tmp_path: Path, source: Path) -> None:
    (source / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    with pytest.raises(AnsibleError, match=f"uv cannot build {source}: "):
        build(source, tmp_path / "wheel")


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """A new venv with pip."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    return tmp_path / "venv"


@pytest.fixture
def play(tmp_path: Path, source: Path, venv: Path) -> Callable[..., dict[str, Any]]:
    """Runs the action and the module as a role does; returns the result."""
    result = {"content": "{{ result | to_json }}", "dest": str(tmp_path / "result.json"), "mode": "0600"}
    tasks = [
        {"streaming.lab.venv_programs": {"venv": str(venv), "source": str(source)}, "register": "result"},
        {"ansible.builtin.copy": result, "check_mode": False},
    ]
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    play = [{"hosts": "localhost", "gather_facts": False, "vars": host, "tasks": tasks}]
    (tmp_path / "play.yml").write_text(json.dumps(play), encoding="utf-8")

    def run(check: bool = False) -> dict[str, Any]:
        modes = ["--check"] if check else []
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "--inventory", "localhost,", *modes, tmp_path / "play.yml"],
            cwd=SOURCE.parent, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))

    return run


def test_programs_are_installed_changed_and_repaired(play, source: Path, venv: Path, tmp_path: Path) -> None:
    """One venv for all of it: a new one takes seconds."""
    # A dry run tells the truth and changes nothing.
    assert play(check=True)["changed"]
    site = next(venv.glob("lib/python3*/site-packages"))
    assert not (site / "slate").exists()
    assert play()["changed"]
    assert (site / "slate/cases.json").is_file()
    assert not play()["changed"], "a second run changes nothing"

    # Damage is found and repaired; so are a change of a source, and a module that is gone.
    (site / "hdfs_sink/__init__.py").write_text("", encoding="utf-8")
    (site / "slate/cases.json").unlink()
    (source / "bluesky_search/__init__.py").write_text('"""Changed."""\n', encoding="utf-8")
    problems = ["bluesky_search/__init__.py was changed", "hdfs_sink/__init__.py was changed"]
    problems.append("slate/cases.json is missing")
    assert play()["problems"] == problems
    assert "Changed" in (site / "bluesky_search/__init__.py").read_text(encoding="utf-8")
    (source / "bluesky_search/notify.py").unlink()
    wheel = build(source, tmp_path / "wheel")
    assert module.problems(venv, wheel) == ["bluesky_search/notify.py is no longer part of the programs"]
    module.install(venv, wheel)
    assert module.problems(venv, wheel) == []
    assert not (site / "bluesky_search/notify.py").exists()
