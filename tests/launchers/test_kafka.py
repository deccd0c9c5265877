"""The launchers of Kafka, run with a stand-in for java that prints how it was called."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.launchers.kit import HADOOP, KAFKA, ROOT, flags, program, run

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
    (machine / "kafka/cds/classes.jsa").write_text("12345")
    (machine / "kafka/cds/classes.jsa.stamp").write_text("5\n")
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
    for command in (
        "kafka/bin/kafka-topics.sh --list", "kafka/bin/kafka-server-start.sh x", "kafka/bin/connect-distributed.sh x",
        "hadoop/bin/hdfs dfs", "hadoop/bin/hdfs namenode",
    ):  # fmt: skip
        cds = machine / command.split("/", maxsplit=1)[0] / "cds"
        cds.mkdir(exist_ok=True)
        (cds / "classes.jsa").write_text(archive)
        if stamp:
            (cds / "classes.jsa.stamp").write_text(stamp)
        assert (f"-XX:SharedArchiveFile={cds}/classes.jsa" in flags(machine, *command.split())) == used, command
    none = {"KAFKA_CDS_ARCHIVE": "none", "HADOOP_CDS_ARCHIVE": "none"}
    for command in ("kafka/bin/kafka-server-start.sh x", "hadoop/bin/hdfs namenode"):
        assert not any("SharedArchiveFile" in flag for flag in flags(machine, *command.split(), **none))


@pytest.mark.parametrize(("owner", "used"), [("0 root", True), ("802 kafka", True), ("1500 student", False)])
def test_archive_of_classes_must_be_of_someone_trusted(machine: Path, owner: str, used: bool) -> None:
    """It is code: one that a student put there would be run by whoever types the command."""
    cds = machine / "kafka/cds"
    cds.mkdir()
    (cds / "classes.jsa").write_text("12345")
    (cds / "classes.jsa.stamp").write_text("5\n")
    program(machine / "path/stat", f"echo 5 {owner}")
    assert (f"-XX:SharedArchiveFile={cds}/classes.jsa" in flags(machine, "kafka/bin/kafka-topics.sh", "--list")) == used


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


@pytest.mark.skipif(shutil.which("java") is None, reason="needs a real java")
def test_a_damaged_archive_of_classes_is_silent(tmp_path: Path) -> None:
    """With a real JVM: garbage of the right size, in place of the archive, neither warns nor fails."""
    shutil.copytree(KAFKA / "dist", tmp_path / "kafka")
    with zipfile.ZipFile(tmp_path / "kafka/libs/a.jar", "w") as jar:
        jar.writestr("x", "")
    (tmp_path / "kafka/cds").mkdir()
    (tmp_path / "kafka/cds/classes.jsa").write_bytes(b"garbage" * 10000)
    (tmp_path / "kafka/cds/classes.jsa.stamp").write_text("70000\n")
    answer = subprocess.run(
        [tmp_path / "kafka/bin/kafka-run-class.sh", "-tool", "--list-modules"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    assert "warning" not in answer.stdout
