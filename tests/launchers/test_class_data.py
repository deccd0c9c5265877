"""The recorder of class-data archives, with a stand-in for java, and with a real one where the machine has it."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.launchers.kit import RECORDER, program

WRITES = """for word; do case $word in
  -XX:SharedArchiveFile=*) echo archive >"${word#*=}" ;;
esac; done
printf '%s\\n' "$@" >>"$CALLS"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A program with three jars, and a java that writes an archive and notes its arguments."""
    program(tmp_path / "jdk/bin/java", WRITES)
    (tmp_path / "jdk/lib/server").mkdir(parents=True)
    (tmp_path / "jdk/lib/server/libjvm.so").write_text("jvm")
    (tmp_path / "home/libs").mkdir(parents=True)
    for name in ("b-1.jar", "a-1.jar", "connect-file-3.8.1.jar", "classlist"):
        (tmp_path / "home/libs" / name).write_text(name)
    return tmp_path / "home"


def record(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the recorder."""
    environment = os.environ | {"JAVA_HOME": str(home.parent / "jdk"), "CALLS": str(home.parent / "calls")}
    return subprocess.run(
        [RECORDER, home, "libs", *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_an_archive_is_of_the_class_path_and_is_recorded_once(home: Path) -> None:
    first = record(home, "connect-file-*.jar")
    assert (first.returncode, first.stdout, first.stderr) == (0, "recorded\n", "")
    called = (home.parent / "calls").read_text().splitlines()
    assert called[called.index("-cp") + 1] == f"{home}/libs/a-1.jar:{home}/libs/b-1.jar"
    assert "-XX:SharedClassListFile=classlist" in called
    assert record(home, "connect-file-*.jar").stdout == "current\n"
    size = (home / "cds/classes.jsa.stamp").read_text().splitlines()[0]
    assert int(size) == (home / "cds/classes.jsa").stat().st_size
    assert sorted(path.name for path in (home / "cds").iterdir()) == ["classes.jsa", "classes.jsa.stamp"]


@pytest.mark.parametrize("changed", ["home/libs/a-1.jar", "home/libs/classlist", "jdk/lib/server/libjvm.so"])
def test_a_changed_jar_list_or_jvm_needs_a_new_archive(home: Path, changed: str) -> None:
    record(home)
    (home.parent / changed).write_text("another release")
    assert record(home).stdout == "recorded\n"


def test_a_truncated_archive_is_recorded_again(home: Path) -> None:
    record(home)
    (home / "cds/classes.jsa").chmod(0o644)
    (home / "cds/classes.jsa").write_text("arch")
    assert record(home).stdout == "recorded\n"


def test_archives_of_earlier_releases_are_removed(home: Path) -> None:
    (home / "cds").mkdir()
    for name in ("tools.jsa", "tools.jsa.stamp"):
        (home / "cds" / name).write_text("x")
    record(home)
    assert not list((home / "cds").glob("tools*"))


def test_a_failure_keeps_the_archive_in_place_and_says_why(home: Path) -> None:
    record(home)
    program(home.parent / "jdk/bin/java", "echo 'not enough memory'; exit 1")
    (home / "libs/a-1.jar").write_text("another release")
    failed = record(home)
    assert (failed.returncode, failed.stderr) == (1, "No class-data archive recorded: not enough memory\n")
    assert sorted(path.name for path in (home / "cds").iterdir()) == ["classes.jsa", "classes.jsa.stamp"]


def test_without_java_it_says_what_to_install(home: Path) -> None:
    (home.parent / "jdk/bin/java").unlink()
    assert "install openjdk-21-jdk, or set JAVA_HOME" in record(home).stderr


@pytest.mark.skipif(shutil.which("javac") is None, reason="needs a JDK")
def test_a_real_jvm_starts_with_the_recorded_archive(tmp_path: Path) -> None:
    source = tmp_path / "Main.java"
    source.write_text('public class Main { public static void main(String[] a) { System.out.println("runs"); } }')
    subprocess.run(["javac", "-d", tmp_path, source], check=True)
    (tmp_path / "libs").mkdir()
    with zipfile.ZipFile(tmp_path / "libs/main.jar", "w") as jar:
        jar.write(tmp_path / "Main.class", "Main.class")
    names = subprocess.run(
        ["java", f"-XX:DumpLoadedClassList={tmp_path}/names", "-cp", tmp_path / "libs/main.jar", "Main"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert names.stdout == "runs\n"
    lines = (tmp_path / "names").read_text().splitlines()
    (tmp_path / "libs/classlist").write_text("".join(f"{x.split()[0]}\n" for x in lines if x[0] not in "#@"))
    recorded = subprocess.run([RECORDER, tmp_path, "libs"], capture_output=True, text=True, check=False)
    assert (recorded.stdout, recorded.stderr) == ("recorded\n", "")
    used = subprocess.run(
        ["java", "-Xshare:on", f"-XX:SharedArchiveFile={tmp_path}/cds/classes.jsa", "-Xlog:class+load",
         "-cp", tmp_path / "libs/main.jar", "Main"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert any(" Main source: shared objects file" in line for line in used.stdout.splitlines())
