"""Wheels and the venv: code, records, archives and hashes."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.wheels import fetch as wheel_fetch
from ansible_collections.streaming.lab.plugins.module_utils.wheels import files as wheel_files
from ansible_collections.streaming.lab.plugins.module_utils.wheels import lock as wheels
from ansible_collections.streaming.lab.plugins.modules import wheelhouse, wheelhouse_venv


def package(site: Path, name: str, version: str) -> tuple[Path, wheels.Locked]:
    """Install a distribution of one file, as pip records it; returns its code and its line of the lock."""
    code = site / f"{name}.py"
    code.write_text("print('right')\n", encoding="utf-8")
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    entry = wheels.Locked(
        f"{name}-{version}-py3-none-any.whl", "", wheel_files.content_hash({code.name: wheels.sha256(code)})
    )
    record(site, info, code.name)
    return code, entry


def record(site: Path, info: Path, *files: str) -> None:
    """Write the RECORD of what lies there now."""
    rows = []
    for file in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256((site / file).read_bytes()).digest()).rstrip(b"=").decode()
        rows.append(f"{file},sha256={digest},15\n")
    (info / "RECORD").write_text("".join(rows) + f"{info.name}/RECORD,,\n", encoding="utf-8")


def test_damage_names_what_was_edited_deleted_or_never_installed(tmp_path):
    (edited, one), (deleted, two), (_, three) = (
        package(tmp_path, name, "1.0") for name in ("edited", "deleted", "fine")
    )
    chosen = {"edited": one, "deleted": two, "fine": three}
    assert wheel_files.damage(tmp_path, chosen) == []
    edited.write_text("print('wrong')\n", encoding="utf-8")
    deleted.unlink()
    absent = wheels.Locked("absent-2.0-py3-none-any.whl", "", "")
    assert wheel_files.damage(tmp_path, chosen | {"absent": absent}) == [
        "absent 2.0 is not installed",
        "deleted: deleted.py is missing",
        "edited: edited.py was changed",
    ]


def test_a_forged_wheel_with_a_record_of_its_own_is_noticed(tmp_path):
    code, entry = package(tmp_path, "thing", "1.0")
    info = tmp_path / "thing-1.0.dist-info"
    (tmp_path / "thing.pth").write_text("import os\n", encoding="utf-8")
    record(tmp_path, info, code.name, "thing.pth")
    assert wheel_files.damage(tmp_path, {"thing": entry}) == [
        "thing: the installed code is not that of thing-1.0-py3-none-any.whl"
    ]


def test_a_file_of_no_locked_package_is_noticed_and_bytecode_is_not(tmp_path):
    _code, entry = package(tmp_path, "thing", "1.0")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__/thing.cpython-313.pyc").write_bytes(b"bytecode")
    assert wheel_files.damage(tmp_path, {"thing": entry}) == []
    (tmp_path / "sitecustomize.py").write_text("import os\n", encoding="utf-8")
    problem = "sitecustomize.py belongs to no package of the environment"
    assert wheel_files.damage(tmp_path, {"thing": entry}) == [problem]


def test_an_archive_is_the_same_bytes_for_the_same_files(tmp_path):
    folder = tmp_path / "wheels"
    folder.mkdir()
    (folder / "a.whl").write_bytes(b"a")
    for name in ("one.tar", "two.tar"):
        wheel_files.pack(folder, tmp_path / name)
        (folder / "a.whl").touch()
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    with tarfile.open(tmp_path / "one.tar") as tar:
        assert tar.getnames() == ["a.whl"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.tar", "two.tar", "wheels"]


def test_a_corrupted_or_unrecorded_archive_in_the_cache_is_no_archive(tmp_path):
    archive = tmp_path / "py3.12.tar"
    archive.write_bytes(b"wheels")
    assert wheelhouse.cached(archive) is None
    known = {"sha256": wheels.sha256(archive)}
    archive.with_suffix(".json").write_text(json.dumps(known), encoding="utf-8")
    assert wheelhouse.cached(archive) == known
    archive.write_bytes(b"wheelz")
    assert wheelhouse.cached(archive) is None


def wheel(folder: Path, file: str, **code: str) -> wheels.Locked:
    """Write a wheel; returns the line of a lock that names it."""
    name, version = file.split("-")[:2]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for module, text in code.items():
            archive.writestr(f"{module}.py", text)
        archive.writestr(f"{name}-{version}.data/purelib/{name}_pure.py", "x = 1\n")
        archive.writestr(f"{name}-{version}.data/scripts/{name}", "#!python\n")
        info = f"{name}-{version}.dist-info"
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    (folder / file).write_bytes(stream.getvalue())
    return wheels.Locked(file, wheels.sha256(folder / file), wheel_files.wheel_content(folder / file))


def test_the_hash_of_a_wheels_code_is_that_of_what_it_installs(tmp_path):
    entry = wheel(tmp_path, "thing-1.0-py3-none-any.whl", thing="x = 2\n")
    site = tmp_path / "site"
    site.mkdir()
    (site / "thing.py").write_text("x = 2\n", encoding="utf-8")
    (site / "thing_pure.py").write_text("x = 1\n", encoding="utf-8")
    files = {path.name: wheels.sha256(path) for path in site.iterdir()}
    assert entry.content == wheel_files.content_hash(
        {**files, "__pycache__/a.pyc": "", "thing-1.0.dist-info/RECORD": ""}
    )


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"sha256": "0" * 64}, "thing-1.0-py3-none-any.whl is not the file that wheels.lock names"),
        ({"content": "0" * 64}, "holds other code than wheels.lock names"),
        ({"file": "thing-1.0-py2.py3-none-any.whl"}, "is not the file that wheels.lock names"),
    ],
)
def test_a_file_that_is_not_the_locked_one_is_refused_by_name(tmp_path, change, fault):
    entry = wheel(tmp_path, "thing-1.0-py3-none-any.whl", thing="x = 2\n")
    wheel_fetch.check(tmp_path, {"thing": entry})
    other = {"file": entry.file, "sha256": entry.sha256, "content": entry.content, **change}
    with pytest.raises(wheels.WheelError, match=fault):
        wheel_fetch.check(tmp_path, {"thing": wheels.Locked(**other)})


def test_a_source_that_did_not_become_pure_python_is_refused(tmp_path):
    wheel(tmp_path, "thing-1.0-cp313-cp313-linux_x86_64.whl", thing="x = 2\n")
    source = wheels.Locked("thing-1.0.tar.gz", "0" * 64, "0" * 64)
    with pytest.raises(wheels.WheelError, match="built for this machine only"):
        wheel_fetch.check(tmp_path, {"thing": source})


def test_pip_takes_no_file_that_the_lock_does_not_name(tmp_path):
    """Pip itself, with a folder instead of an index."""
    index, work = tmp_path / "index", tmp_path / "work"
    index.mkdir()
    work.mkdir()
    entry = wheel(index, "thing-1.0-py3-none-any.whl", thing="x = 2\n")
    source = ["--no-index", "--find-links", str(index), "--dest", str(work)]
    wheel_fetch._pip_hashed("download", [entry], source)
    wheel_fetch.check(work, {"thing": entry})
    (work / entry.file).unlink()
    with pytest.raises(wheels.WheelError, match="serves another file"):
        wheel_fetch._pip_hashed("download", [wheels.Locked(entry.file, "0" * 64, entry.content)], source)
    assert list(work.iterdir()) == []


def test_sources_are_built_without_a_compiler_by_the_pinned_tools(monkeypatch, tmp_path):
    environment = {}

    def run(command, **options):
        environment.update(options["env"], command=command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    wheel_fetch.pip(["wheel", "faust.tar.gz"], tmp_path)
    assert (environment["NO_CYTHON"], environment["CC"]) == ("1", "/bin/false")
    assert environment["PYTHONPATH"] == str(tmp_path)
    assert "--no-build-isolation" in environment["command"]


def test_the_host_unpacks_no_archive_with_another_hash(tmp_path):
    archive, venv = tmp_path / "wheels.tar", tmp_path / "venv"
    with tarfile.open(archive, "w"):
        pass
    with pytest.raises(wheels.WheelError, match="arrived damaged"):
        wheelhouse_venv.install(venv, archive, "0" * 64, {}, "stamp")
    assert not venv.exists()


def test_the_bytes_that_are_hashed_are_the_bytes_that_are_unpacked(tmp_path, monkeypatch):
    """A student who can still write in the archive after it was read changes nothing."""
    archive = tmp_path / "wheels.tar"
    with tarfile.open(archive, "w"):
        pass
    digest = wheels.sha256(archive)
    opened = []

    def swap(path, *options):
        archive.write_bytes(b"planted")
        opened.append((Path(path), Path(path).stat().st_mode & 0o077, Path(path).parent.stat().st_mode & 0o077))
        return real(path, *options)

    real = tarfile.open
    monkeypatch.setattr(tarfile, "open", swap)
    with pytest.raises(wheels.WheelError, match="do not pin pip"):
        wheelhouse_venv.install(tmp_path / "venv", archive, digest, {}, "stamp")
    ((path, _mode, folder_mode),) = opened
    assert path != archive
    assert folder_mode == 0, os.fspath(path)
