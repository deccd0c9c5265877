"""The launchers of Kafka and Hadoop, run with a stand-in for java that prints how it was called."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
KAFKA = ROOT / "roles/kafka/files"
HADOOP = ROOT / "roles/hadoop/files"
SCRIPTS = sorted(
    path
    for folder in (KAFKA, HADOOP)
    for path in folder.rglob("*")
    if path.is_file() and path.parent.name in ("bin", "sbin", "libexec")
)
SERVERS = {
    "zookeeper-server-start.sh": "zookeeper",
    "kafka-server-start.sh": "kafka",
    "connect-distributed.sh": "kafka-connect",
}
NOTES = [
    *SERVERS,
    *(
        f"{name}.sh"
        for name in ("kafka-topics", "kafka-console-producer", "kafka-console-consumer", "connect-standalone")
    ),
]


def program(path: Path, text: str) -> None:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder with a java that prints its arguments, a systemctl that knows no unit, and two jars in each home."""
    program(tmp_path / "path/java", "printf '%s\\n' \"$@\"")
    program(tmp_path / "path/systemctl", "echo inactive; exit 3")
    shutil.copytree(KAFKA / "dist", tmp_path / "kafka")
    shutil.copytree(HADOOP / "dist", tmp_path / "hadoop")
    for folder in ("kafka/libs", "hadoop/share/hadoop/lib"):
        for jar in ("b-1.jar", "a-1.jar", "Z-1.jar", "connect-file-3.8.1.jar"):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / jar).touch()
    return tmp_path


def run(machine: Path, command: str, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a launcher of a home of the machine; settings are environment variables."""
    home = {"HOME": str(machine), "LC_ALL": "C.UTF-8", "PATH": f"{machine}/path:{os.environ['PATH']}"}
    return subprocess.run(
        [machine / command, *arguments], env=home | settings, cwd="/", capture_output=True, text=True, check=False
    )


def flags(machine: Path, command: str, *arguments: str, **settings: str) -> list[str]:
    """What java was called with."""
    result = run(machine, command, *arguments, **settings)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout.splitlines()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT / "roles")))
def test_scripts_are_executable_and_clean(script: Path) -> None:
    assert os.access(script, os.X_OK)
    if shutil.which("shellcheck"):
        found = subprocess.run(["shellcheck", "-x", script], capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stdout
    subprocess.run(["bash", "-n", script], check=True)


def test_of_the_tarball_only_what_guards_and_logs_is_replaced() -> None:
    catalogue = yaml.safe_load((ROOT / "roles/artifacts/vars/main.yml").read_text())["artifacts_catalog"]
    for product, folder in (("kafka", KAFKA / "dist"), ("hadoop", HADOOP / "dist")):
        for pattern in catalogue[product]["overlay_archive"]:
            assert list(folder.glob(pattern)), pattern


@pytest.mark.parametrize("script", NOTES)
def test_notes_commands_run_a_class(machine: Path, script: str) -> None:
    called = flags(machine, f"kafka/bin/{script}", "config/some.properties")
    main = called[called.index("-cp") + 2 :]
    assert re.fullmatch(r"[a-z.]+\.[A-Z]\w+", main[0])
    assert main[1:] == ["config/some.properties"]


def test_class_path_is_sorted_and_without_connect_file(machine: Path) -> None:
    """One archive of classes serves one class path; connect-file comes in by plugin.path, as in Apache's scripts."""
    wanted = ":".join(f"{machine}/kafka/libs/{jar}-1.jar" for jar in ("Z", "a", "b"))
    for script in ("kafka-topics.sh", "kafka-server-start.sh"):
        called = flags(machine, f"kafka/bin/{script}", "x")
        assert called[called.index("-cp") + 1] == wanted


def test_own_class_path_goes_first_and_without_the_archive(machine: Path) -> None:
    (machine / "kafka/cds").mkdir()
    (machine / "kafka/cds/tools.jsa").write_text("12345")
    (machine / "kafka/cds/tools.jsa.stamp").write_text("5\n")
    called = flags(machine, "kafka/bin/kafka-topics.sh", "--list", CLASSPATH="/mine.jar")
    assert called[called.index("-cp") + 1].startswith("/mine.jar:")
    assert not any("SharedArchiveFile" in flag for flag in called)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KAFKA_HEAP_OPTS", "-Xms99m -Xmx99m"),
        ("KAFKA_OPTS", "-Da=1 -Db=2"),
        ("KAFKA_LOG4J_OPTS", "-Dlog4j.configuration=file:/mine"),
        ("KAFKA_JVM_PERFORMANCE_OPTS", "-XX:+UseZGC"),
        ("KAFKA_JMX_OPTS", "-Dcom.sun.management.jmxremote"),
    ],
)
@pytest.mark.parametrize("script", ["kafka-topics.sh", "kafka-server-start.sh", "connect-distributed.sh"])
def test_environment_is_honoured(machine: Path, script: str, variable: str, value: str) -> None:
    called = flags(machine, f"kafka/bin/{script}", "x", **{variable: value})
    ours = flags(machine, f"kafka/bin/{script}", "x")
    assert [flag for flag in called if flag in value.split()] == value.split()
    if variable in ("KAFKA_HEAP_OPTS", "KAFKA_LOG4J_OPTS", "KAFKA_JVM_PERFORMANCE_OPTS"):
        prefix = {"H": "-Xmx", "L": "-Dlog4j.configuration=", "J": "-XX:+Use"}[variable[6]]
        assert sum(flag.startswith(prefix) for flag in called) == sum(flag.startswith(prefix) for flag in ours) == 1


def test_java_home_and_jmx_port(machine: Path) -> None:
    program(machine / "jdk/bin/java", "printf '%s\\n' mine \"$@\"")
    called = flags(machine, "kafka/bin/kafka-topics.sh", "x", JAVA_HOME=str(machine / "jdk"), JMX_PORT="9999")
    assert called[0] == "mine"
    assert "-Dcom.sun.management.jmxremote.port=9999" in called


def test_servers_have_no_quick_start_flags(machine: Path) -> None:
    quick = "-XX:TieredStopAtLevel=1"
    assert quick in flags(machine, "kafka/bin/kafka-topics.sh", "x")
    assert quick not in flags(machine, "kafka/bin/kafka-server-start.sh", "x")
    assert quick not in flags(machine, "kafka/bin/kafka-producer-perf-test.sh", "x")


@pytest.mark.parametrize(
    ("archive", "stamp", "used"), [("12345", "5\njars\n", True), ("1234", "5\njars\n", False), ("12345", None, False)]
)
def test_archive_of_classes_is_used_only_whole(machine: Path, archive: str, stamp: str | None, used: bool) -> None:
    """An archive cut short crashes the JVM (SIGBUS), so its size must be the one that was written down."""
    for command in ("kafka/bin/kafka-topics.sh", "hadoop/bin/hdfs"):
        cds = machine / command.split("/", maxsplit=1)[0] / "cds"
        cds.mkdir()
        (cds / "tools.jsa").write_text(archive)
        if stamp:
            (cds / "tools.jsa.stamp").write_text(stamp)
        arguments = ["dfs"] if "hdfs" in command else ["--list"]
        assert (f"-XX:SharedArchiveFile={cds}/tools.jsa" in flags(machine, command, *arguments)) == used


@pytest.mark.parametrize(("owner", "used"), [("0 root", True), ("802 kafka", True), ("1500 student", False)])
def test_archive_of_classes_must_be_of_someone_trusted(machine: Path, owner: str, used: bool) -> None:
    """It is code: one that a student put there would be run by whoever types the command."""
    cds = machine / "kafka/cds"
    cds.mkdir()
    (cds / "tools.jsa").write_text("12345")
    (cds / "tools.jsa.stamp").write_text("5\n")
    program(machine / "path/stat", f"echo 5 {owner}")
    assert (f"-XX:SharedArchiveFile={cds}/tools.jsa" in flags(machine, "kafka/bin/kafka-topics.sh", "--list")) == used


def test_daemon_writes_to_the_log_folder(machine: Path) -> None:
    called = flags(machine, "kafka/bin/kafka-server-start.sh", "-daemon", "x", LOG_DIR=str(machine / "log"))
    assert called == []
    assert (machine / "log/kafkaServer.out").exists()


def test_without_jars_or_java_one_line_says_so(machine: Path) -> None:
    shutil.rmtree(machine / "kafka/libs")
    broken = run(machine, "kafka/bin/kafka-topics.sh", "--list")
    assert broken.returncode == 1
    assert re.fullmatch(r"No jar in .*/kafka/libs: .*\n", broken.stderr)
    javaless = run(machine, "kafka/bin/kafka-topics.sh", "--list", JAVA_HOME="/nowhere")
    assert re.fullmatch(r"Kafka needs Java and found no '/nowhere/bin/java': .*\n", javaless.stderr)


@pytest.mark.parametrize(("script", "unit"), SERVERS.items())
def test_guard_beside_a_running_unit(machine: Path, script: str, unit: str) -> None:
    program(machine / "path/systemctl", f'[ "$2" = {unit}.service ] && echo active && exit; echo inactive; exit 3')
    answer = run(machine, f"kafka/bin/{script}", "x")
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert (
        f"already runs as a service on this machine; to start it by hand: sudo systemctl stop {unit}" in answer.stderr
    )
    assert answer.stderr.count("\n") == 1
    assert flags(machine, f"kafka/bin/{script}", "x", STREAMING_LAB_UNIT="1")


def test_guard_names_the_units_that_stop_with_it(machine: Path) -> None:
    program(machine / "path/systemctl", "echo active")
    answer = run(machine, "kafka/bin/zookeeper-server-start.sh", "x")
    assert "stop zookeeper kafka kafka-connect (ZooKeeper is needed by kafka, kafka-connect)" in answer.stderr
    answer = run(machine, "kafka/bin/kafka-server-start.sh", "x")
    assert "stop kafka kafka-connect (The Kafka broker is needed by kafka-connect)" in answer.stderr


def test_stop_says_when_there_is_nothing_to_stop(machine: Path) -> None:
    shutil.copy(machine / "kafka/bin/lab-stop.sh", machine / "stop")
    answer = run(machine, "stop", "org.example.None", "none", "The server")
    assert (answer.returncode, answer.stderr) == (1, "The server does not run on this machine\n")


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


@pytest.mark.skipif(shutil.which("java") is None, reason="needs a real java")
def test_a_damaged_archive_of_classes_is_silent(tmp_path: Path) -> None:
    """With a real JVM: garbage of the right size, in place of the archive, neither warns nor fails."""
    shutil.copytree(KAFKA / "dist", tmp_path / "kafka")
    (tmp_path / "kafka/libs").mkdir()
    with zipfile.ZipFile(tmp_path / "kafka/libs/a.jar", "w") as jar:
        jar.writestr("x", "")
    (tmp_path / "kafka/cds").mkdir()
    (tmp_path / "kafka/cds/tools.jsa").write_bytes(b"garbage" * 10000)
    (tmp_path / "kafka/cds/tools.jsa.stamp").write_text("70000\n")
    answer = subprocess.run(
        [tmp_path / "kafka/bin/kafka-run-class.sh", "-tool", "--list-modules"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    assert "warning" not in answer.stdout
