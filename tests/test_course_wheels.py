"""The wheelhouse and the venv made of it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from plugins.modules import wheelhouse

# The very module that wheelhouse imported: its errors are of that one's class.
wheels = wheelhouse.wheels
FILES = Path(__file__).parents[1] / "roles/course/files"


def test_requirements_of_the_course_are_pins_and_every_file_is_locked():
    wanted = wheels.pins((FILES / "requirements.txt").read_text(encoding="utf-8"))
    locked = wheels.locked_hashes((FILES / "wheels.lock").read_text(encoding="utf-8"))
    names = {wheels.normalized(re.split(r"-\d", name)[0]) for name in locked}
    assert set(wanted) == names
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in locked.values())


@pytest.mark.parametrize("line", ["hdfs", "hdfs>=2", "hdfs==2.*", "-r other.txt"])
def test_an_unpinned_requirement_is_refused_by_its_line(line):
    with pytest.raises(wheels.WheelError, match=r"requirements line 2: .* is not a pin"):
        wheels.pins(f"# comment\n{line}\n")


def test_a_stamp_depends_on_pins_python_and_machine_but_not_on_comments_or_order():
    stamp = wheels.stamp("a==1\nb==2\n", "3.12", "x86_64")
    assert stamp == wheels.stamp("# two\nB==2\nA==1", "3.12", "x86_64")
    assert (
        len(
            {
                stamp,
                wheels.stamp("a==1\nb==3", "3.12", "x86_64"),
                wheels.stamp("a==1\nb==2", "3.13", "x86_64"),
            }
        )
        == 3
    )


def test_platforms_go_no_newer_than_the_host():
    tags = wheels.platforms("x86_64", "2.31")
    assert tags[0] == "manylinux_2_31_x86_64"
    assert "manylinux2014_x86_64" in tags


def package(site: Path, name: str, version: str) -> Path:
    """Install a distribution of one file, as pip records it."""
    code = site / f"{name}.py"
    code.write_text("print('right')\n", encoding="utf-8")
    digest = base64.urlsafe_b64encode(hashlib.sha256(code.read_bytes()).digest()).rstrip(b"=").decode()
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "RECORD").write_text(f"{name}.py,sha256={digest},15\n{info.name}/RECORD,,\n", encoding="utf-8")
    return code


def test_damage_names_what_was_edited_deleted_or_never_installed(tmp_path):
    edited, deleted = package(tmp_path, "edited", "1.0"), package(tmp_path, "deleted", "1.0")
    package(tmp_path, "fine", "1.0")
    wanted = {"edited": "1.0", "deleted": "1.0", "fine": "1.0"}
    assert wheels.damage(tmp_path, wanted) == []
    edited.write_text("print('wrong')\n", encoding="utf-8")
    deleted.unlink()
    assert wheels.damage(tmp_path, wanted | {"absent": "2.0"}) == [
        "absent 2.0 is not installed",
        "deleted: deleted.py is missing",
        "edited: edited.py was changed",
    ]


def test_an_archive_is_the_same_bytes_for_the_same_files(tmp_path):
    folder = tmp_path / "wheels"
    folder.mkdir()
    (folder / "a.whl").write_bytes(b"a")
    for name in ("one.tar", "two.tar"):
        wheels.pack(folder, tmp_path / name)
        (folder / "a.whl").touch()
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    with tarfile.open(tmp_path / "one.tar") as tar:
        assert tar.getnames() == ["a.whl"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.tar", "two.tar", "wheels"]


def test_a_corrupted_or_unrecorded_archive_in_the_cache_is_no_archive(tmp_path):
    archive = tmp_path / "py3.12.tar"
    archive.write_bytes(b"wheels")
    assert wheelhouse.cached(archive) is None
    record = {"sha256": wheels.sha256(archive), "unlocked": []}
    archive.with_suffix(".json").write_text(json.dumps(record), encoding="utf-8")
    assert wheelhouse.cached(archive) == record
    archive.write_bytes(b"wheelz")
    assert wheelhouse.cached(archive) is None


def test_a_file_that_is_not_the_locked_one_is_refused_by_name(tmp_path, monkeypatch):
    requirements, lock = tmp_path / "requirements.txt", tmp_path / "wheels.lock"
    requirements.write_text("thing==1.0\n", encoding="utf-8")
    lock.write_text(f"{'0' * 64}  thing-1.0-py3-none-any.whl\n", encoding="utf-8")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setattr(wheelhouse, "pip", lambda _: (work / "thing-1.0-py3-none-any.whl").write_bytes(b"other"))
    options = {
        "requirements": requirements,
        "lock": lock,
        "build": [],
        "python_version": "3.12",
        "machine": "x86_64",
    }
    with pytest.raises(wheels.WheelError, match=r"thing-1.0-py3-none-any.whl is not the file"):
        wheelhouse.collect(work, options | {"glibc": "2.39"})


def test_what_builds_a_source_is_pinned(monkeypatch):
    seen = {}

    def run(command, **options):
        seen.update(options["env"])
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    wheelhouse.pip(["wheel", "hdfs.tar.gz"], "constraints.txt")
    assert (seen["PIP_CONSTRAINT"], seen["PIP_BUILD_CONSTRAINT"]) == ("constraints.txt", "constraints.txt")
