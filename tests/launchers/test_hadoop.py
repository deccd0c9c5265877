"""The launchers of Hadoop, run with a stand-in for java that prints how it was called."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.launchers.kit import flags, program, run


@pytest.mark.parametrize(
    ("command", "main"),
    [
        (["hdfs", "dfs", "-ls", "/"], "org.apache.hadoop.fs.FsShell"),
        (["hdfs", "getconf", "-confKey", "x"], "org.apache.hadoop.hdfs.tools.GetConf"),
        (["hadoop", "fs", "-ls", "/"], "org.apache.hadoop.fs.FsShell"),
    ],
)
def test_hadoop_commands(machine: Path, command: list[str], main: str) -> None:
    called = flags(machine, f"hadoop/bin/{command[0]}", *command[1:])
    start = called.index("-cp")
    assert called[start + 2 :] == [main, *command[2:]]
    # The configuration comes after the jars: the archive of classes serves class paths that begin with them.
    assert called[start + 1].split(":")[-2:] == [f"{machine}/hadoop/etc/hadoop", f"{machine}/hadoop/share/hadoop/hdfs"]


def test_hadoop_servers_have_their_own_options(machine: Path) -> None:
    env = {"HDFS_NAMENODE_OPTS": "-Xmx7m", "HDFS_DATANODE_OPTS": "-Xmx8m", "HADOOP_CLIENT_OPTS": "-Xmx9m"}
    for name, heap in (("namenode", "-Xmx7m"), ("datanode", "-Xmx8m")):
        assert [flag for flag in flags(machine, "hadoop/bin/hdfs", name, **env) if "-Xmx" in flag] == [heap]
    # The JVM heeds the last one.
    assert [flag for flag in flags(machine, "hadoop/bin/hdfs", "dfs", **env) if "-Xmx" in flag][-1] == "-Xmx9m"


def test_hadoop_links_find_their_home(machine: Path) -> None:
    (machine / "link").symlink_to(machine / "hadoop/bin/hdfs")
    assert "org.apache.hadoop.util.VersionInfo" in flags(machine, "link", "version")


def test_hadoop_unknown_command(machine: Path) -> None:
    answer = run(machine, "hadoop/bin/hdfs", "ls")
    assert (answer.returncode, answer.stderr) == (1, "hdfs: no command 'ls'; hdfs --help lists them\n")


def test_format_once(machine: Path) -> None:
    """Formats beside the folder and renames: what was interrupted is done over, what holds files is never touched."""
    folder = machine / "name"
    script = "hadoop/sbin/format-once.sh"
    made = 'for a; do case $a in *=file://*) d=${a#*=file://}/current; mkdir -p "$d"; echo x >"$d/VERSION";; esac; done'
    program(machine / "path/java", made)
    (machine / "name.new/current").mkdir(parents=True)
    (machine / "name.new/current/half").touch()
    assert run(machine, script, str(folder)).stdout == "formatted\n"
    assert [path.name for path in folder.rglob("*")] == ["current", "VERSION"]
    assert run(machine, script, str(folder)).stdout == "present\n"

    (folder / "current/VERSION").unlink()
    (folder / "current/edits").touch()
    refused = run(machine, script, str(folder))
    assert refused.returncode == 1
    assert "not formatted" in refused.stderr
    assert (folder / "current/edits").exists()


def test_format_once_reports_a_failure(machine: Path) -> None:
    program(machine / "path/java", "echo 'java.io.IOException: disk full'; exit 1")
    answer = run(machine, "hadoop/sbin/format-once.sh", str(machine / "name"))
    assert answer.returncode == 1
    assert "disk full" in answer.stderr
    assert not (machine / "name").exists()


def test_start_dfs_uses_the_units(machine: Path) -> None:
    program(machine / "path/systemctl", f'echo "$@" >>{machine}/asked; [ "$1" = is-active ] && echo inactive; exit 0')
    program(machine / "path/sudo", 'shift; exec "$@"')
    answer = run(machine, "hadoop/sbin/start-all.sh")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[1:] == ["hadoop-namenode started", "hadoop-datanode started"]
    assert "no YARN" in answer.stdout
    assert "start hadoop-namenode.service" in (machine / "asked").read_text()
    assert run(machine, "hadoop/sbin/stop-dfs.sh").stdout.splitlines() == [
        "hadoop-namenode stopped",
        "hadoop-datanode stopped",
    ]
