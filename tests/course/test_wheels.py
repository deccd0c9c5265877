"""The lock of the course's Python packages: a file for each host, and nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.wheels import lock as wheels

FILES = Path(__file__).resolve().parents[2] / "roles/course/files"
WANTED = wheels.pins((FILES / "requirements.txt").read_text(encoding="utf-8"))
LOCK = wheels.read_lock((FILES / "wheels.lock").read_text(encoding="utf-8"))
TARGETS = [(python, machine) for python in ("3.12", "3.13", "3.14") for machine in ("x86_64", "aarch64")]


@pytest.mark.parametrize("glibc", ["2.39", "2.43"])
@pytest.mark.parametrize(("python", "machine"), TARGETS)
def test_the_lock_has_a_file_of_each_package_for_each_python_and_machine(python, machine, glibc):
    chosen = wheels.select(WANTED, LOCK, python, machine, glibc)
    assert chosen.keys() == WANTED.keys()
    assert {name for name, entry in chosen.items() if not entry.is_wheel} <= {"docopt", "hdfs", "faust-streaming"}


def test_every_line_of_the_lock_is_used():
    used = {entry for target in TARGETS for entry in wheels.select(WANTED, LOCK, *target, "2.39").values()}
    assert set(LOCK) - used == set()


@pytest.mark.parametrize("codec", ["cramjam", "python-snappy", "lz4", "zstandard"])
def test_kafkas_codecs_are_in_the_environment(codec):
    assert codec in WANTED


@pytest.mark.parametrize(
    ("python", "machine", "glibc"),
    [("3.15", "x86_64", "2.43"), ("3.13", "riscv64", "2.41"), ("3.12", "x86_64", "2.17")],
)
def test_a_host_that_the_lock_does_not_cover_is_refused_in_one_line(python, machine, glibc):
    with pytest.raises(wheels.WheelError) as error:
        wheels.select(WANTED, LOCK, python, machine, glibc)
    assert f"for Python {python} on {machine} with glibc {glibc}" in str(error.value)
    assert "./lab lock wheels" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_package_without_a_line_in_the_lock_is_named():
    with pytest.raises(wheels.WheelError, match=r"wheels.lock has no file of pandas 3.0 for Python 3.13"):
        wheels.select({**WANTED, "pandas": "3.0"}, LOCK, "3.13", "x86_64", "2.41")


def locked(*files: str) -> list[wheels.Locked]:
    """Lines of a lock with made-up hashes."""
    return [wheels.Locked(file, hashlib.sha256(file.encode()).hexdigest(), "0" * 64) for file in files]


@pytest.mark.parametrize(
    ("files", "python", "glibc", "best"),
    [
        (["a-1-cp313-cp313-manylinux_2_17_x86_64.whl", "a-1-py3-none-any.whl"], "3.13", "2.39", 0),
        (["a-1-cp313-cp313t-manylinux_2_17_x86_64.whl", "a-1-py3-none-any.whl"], "3.13", "2.39", 1),
        (["a-1-cp313-cp313-musllinux_1_2_x86_64.whl", "a-1.tar.gz"], "3.13", "2.39", 1),
        (["a-1-cp313-cp313-manylinux_2_40_x86_64.whl", "a-1-cp313-cp313-manylinux_2_28_x86_64.whl"], "3.13", "2.39", 1),
        (["a-1-cp311-abi3-manylinux_2_34_x86_64.whl", "a-1.tar.gz"], "3.14", "2.43", 0),
        (["a-1-cp314-abi3-manylinux_2_34_x86_64.whl", "a-1.tar.gz"], "3.13", "2.43", 1),
        (["a-2-py3-none-any.whl", "a-1-py2.py3-none-any.whl"], "3.13", "2.39", 1),
    ],
)
def test_a_host_gets_the_best_file_that_it_can_run(files, python, glibc, best):
    assert wheels.select({"a": "1"}, locked(*files), python, "x86_64", glibc)["a"].file == files[best]


def test_what_builds_sources_is_pinned_by_hash():
    rows = [
        r for r in (FILES / "build-requirements.txt").read_text(encoding="utf-8").splitlines() if not r.startswith("#")
    ]
    assert rows
    assert all("==" in row and " --hash=sha256:" in row for row in rows)


@pytest.mark.parametrize("line", ["hdfs", "hdfs>=2", "hdfs==2.*", "-r other.txt"])
def test_an_unpinned_requirement_is_refused_by_its_line(line):
    with pytest.raises(wheels.WheelError, match=r"requirements line 2: .* is not a pin"):
        wheels.pins(f"# comment\n{line}\n")


def test_a_stamp_depends_on_files_code_python_machine_and_build_tools():
    one, other = locked("a-1-py3-none-any.whl", "a-2-py3-none-any.whl")
    stamps = {
        wheels.stamp({"a": one}, "3.12", "x86_64"),
        wheels.stamp({"a": other}, "3.12", "x86_64"),
        wheels.stamp({"a": wheels.Locked(one.file, one.sha256, "1" * 64)}, "3.12", "x86_64"),
        wheels.stamp({"a": one}, "3.13", "x86_64"),
        wheels.stamp({"a": one}, "3.12", "aarch64"),
        wheels.stamp({"a": one}, "3.12", "x86_64", "setuptools==1"),
    }
    assert len(stamps) == 6


def test_platforms_go_no_newer_than_the_host():
    tags = wheels.platforms("x86_64", "2.31")
    assert tags[0] == "manylinux_2_31_x86_64"
    assert "manylinux2014_x86_64" in tags
