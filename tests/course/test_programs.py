"""The lab's programs: one wheel, built without a network, installed into a venv and repaired there."""

from __future__ import annotations

import ensurepip
import itertools
import os
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError

from ansible_collections.streaming.lab.plugins.action import wheelhouse_venv as action
from ansible_collections.streaming.lab.plugins.module_utils.wheels import files as wheel_files
from ansible_collections.streaming.lab.plugins.module_utils.wheels import lock as wheels
from ansible_collections.streaming.lab.plugins.modules import wheelhouse_venv as module

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


@pytest.mark.parametrize(
    ("template", "program"),
    [
        ("course/templates/slate.sh.j2", "slate"),
        ("hdfs_sink/templates/hdfs-sink.sh.j2", "hdfs_sink"),
        ("bluesky/templates/bluesky-search.service.j2", "bluesky_search"),
    ],
)
def test_a_program_imports_nothing_from_the_folder_that_it_is_started_in(template: str, program: str) -> None:
    """Root starts them too, perhaps in a folder of the student's."""
    text = (SOURCE.parent / "roles" / template).read_text(encoding="utf-8")
    assert f"{{{{ course_venv }}}}/bin/python3 -P -m {program} " in text
    assert "PYTHONPATH" not in text


class Module:
    """The options of a run of wheelhouse_venv, and its result."""

    def __init__(self, check_mode: bool, **params: Any) -> None:
        self.check_mode, self.params, self.result = check_mode, params, {}

    def exit_json(self, **result: Any) -> None:
        self.result = result

    def fail_json(self, msg: str) -> None:
        raise AssertionError(msg)


@pytest.fixture
def keep(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Runs the module for an environment of pip and the programs; returns the result."""
    monkeypatch.setattr(module, "PYTHON", sys.executable)
    (bundled,) = (Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl")
    (tmp_path / "packages").mkdir()
    shutil.copy(bundled, tmp_path / "packages")
    wheel_files.pack(tmp_path / "packages", tmp_path / "wheels.tar")
    lock = f"{wheels.sha256(bundled)}  {wheel_files.wheel_content(bundled)}  {bundled.name}\n"
    params = {"path": str(tmp_path / "venv"), "lock": lock, "requirements": f"pip=={bundled.name.split('-')[1]}\n"}
    archive = {"archive": str(tmp_path / "wheels.tar"), "archive_sha256": wheels.sha256(tmp_path / "wheels.tar")}
    numbers = itertools.count()

    def run(check: bool = False, install: bool = False) -> dict[str, Any]:
        given = Module(check, **params, **(archive if install else {"archive": None}))
        module.keep(given, build(source, tmp_path / f"wheel{next(numbers)}"))
        return given.result

    return run


def test_programs_are_installed_changed_and_repaired(keep, source: Path, tmp_path: Path) -> None:
    """One venv for all of it: a new one takes seconds."""
    assert (keep()["changed"], keep()["matches"]) == (False, False)
    assert keep(install=True, check=True)["changed"]
    assert not (tmp_path / "venv").exists(), "a dry run changes nothing"
    assert keep(install=True)["changed"]
    (site,) = (tmp_path / "venv").glob("lib/python3*/site-packages")
    assert (site / "slate/cases.json").is_file()
    second = keep()
    assert (second["changed"], second["matches"], second["diff"]) == (False, True, {})

    # Damage, a changed source and a removed module are found, shown by a dry run, and repaired.
    stamp = (tmp_path / "venv/wheelhouse-stamp").stat().st_ino
    for changes, problem in (
        ({site / "hdfs_sink/__init__.py": "", site / "slate/cases.json": None}, "hdfs_sink/__init__.py was changed"),
        (
            {source / "slate/__init__.py": "# changed\n", source / "bluesky_search/notify.py": None},
            "the installed code is not that of",
        ),
    ):
        for path, text in changes.items():
            path.unlink() if text is None else path.write_text(text)
        planned = keep(check=True)
        assert (planned["changed"], planned["matches"]) == (True, True)
        assert f"streaming-lab-programs: {problem}" in planned["diff"]["before"]
        assert (keep()["changed"], keep()["changed"]) == (True, False), problem
    assert (site / "slate/cases.json").is_file()
    assert (site / "slate/__init__.py").read_text() == "# changed\n"
    assert not (site / "bluesky_search/notify.py").exists()
    assert (tmp_path / "venv/wheelhouse-stamp").stat().st_ino == stamp, "the environment was not made again"

    # pip does not replace programs without a RECORD, and a foreign file is nobody's: the environment is made again.
    next(site.glob("streaming_lab_programs-*.dist-info/RECORD")).unlink()
    assert not keep()["matches"]
    assert keep(install=True)["changed"]
    (site / "sitecustomize.py").write_text("import os\n")
    assert keep()["problems"] == ["sitecustomize.py belongs to no package of the environment"]
    assert keep(install=True)["changed"]
    assert not (site / "sitecustomize.py").exists()
    assert keep()["matches"]
