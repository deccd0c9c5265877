"""The lab goes on with sudo-rs and uutils' coreutils, which Ubuntu 26.04 has; here as Debian packages them."""

from __future__ import annotations

import pytest
from scenario_kit import PODMAN, ROOT, Scenario, as_root
from used import UsedMachine

COREUTILS = "/usr/lib/cargo/bin/coreutils"
# The proxy in /etc/environment, of the tests before these, passes nothing on.
INSTALL = "env -u http_proxy -u https_proxy apt-get -q install --yes --no-install-recommends"
PACKAGES = "rust-coreutils sudo-rs"
UNITS = {
    "kafka": ("zookeeper", "kafka", "kafka-connect", "mysql"),
    "hadoopmaster": ("hadoop-namenode", "hadoop-datanode"),
}


@pytest.fixture(scope="module", autouse=True)
def rust_tools(
    scenario: Scenario, machines: tuple[str, str], kafka: UsedMachine, hadoop: UsedMachine, password: dict[str, str]
) -> None:
    """Both hosts with the lab, then with the tools in /usr/local/bin, which every PATH of the hosts has first."""
    ended = scenario.lab("up", "--no-verify", *machines, environment=password)
    assert ended.status == 0, ended.text
    for host in (kafka, hadoop):
        # Debian 13 has versions of early 2025; sid's, with its libc6, are those of Ubuntu 26.04 or newer.
        host.root(f"{INSTALL} --target-release=sid {PACKAGES} || {INSTALL} {PACKAGES}", seconds=300)
        host.root(f"ln -sf {COREUTILS}/* /usr/local/bin/ && ln -sf /usr/bin/sudo-rs /usr/local/bin/sudo")
        for version in (host.root("stat --version"), host.machine.run("stat --version")):
            assert "GNU" not in version
        assert "sudo-rs" in host.machine.run("sudo --version")


def test_sudo_rs_accepts_the_labs_rules(kafka: UsedMachine, hadoop: UsedMachine) -> None:
    for host, files in ((kafka, {"streaming-lab-student"}), (hadoop, {"streaming-lab-hadoop"})):
        there = host.root("ls /etc/sudoers.d/streaming-lab-*").split()
        assert files <= {path.rpartition("/")[2] for path in there}
        for path in there:
            assert "parsed OK" in host.root(f"visudo-rs -c -f {path} 2>&1")


def test_the_student_stops_and_starts_servers_and_no_more(kafka: UsedMachine) -> None:
    kafka.machine.login("student", "sudo -n systemctl stop kafka-connect && sudo -n systemctl start kafka-connect")
    assert kafka.root("systemctl is-active kafka-connect").strip() == "active"
    for forbidden in ("systemctl stop ssh", "systemctl stop kafka ssh", "id"):
        refused = kafka.machine.login("student", f"sudo -n {forbidden} && echo allowed || echo refused")
        assert refused.split() == ["refused"], forbidden
    assert kafka.root("systemctl is-active ssh").strip() == "active"


def test_user_hadoop_stops_and_starts_hdfs(hadoop: UsedMachine) -> None:
    said = hadoop.machine.login("hadoop", "stop-dfs.sh && start-dfs.sh", seconds=200)
    assert [line for line in said.splitlines() if line.endswith("ed")] == [
        "hadoop-namenode stopped",
        "hadoop-datanode stopped",
        "hadoop-namenode started",
        "hadoop-datanode started",
    ]


def test_launchers_pass_their_unit_tests(kafka: UsedMachine) -> None:
    kafka.root(f"{INSTALL} python3-pytest python3-yaml && mkdir -p /srv/clone/tests", seconds=300)
    for path in ("roles", "tests/conftest.py", "tests/launchers"):
        as_root(PODMAN, "cp", ROOT / path, f"{kafka.container}:/srv/clone/{path}")
    path = f"PATH={COREUTILS}:$(dirname $(readlink -f /usr/lib/jvm/java-21-openjdk-*/bin/java)):$PATH"
    said = kafka.root(
        f"cd /srv/clone && {path} python3 -B -m pytest -q -p no:cacheprovider tests 2>&1", check=False, seconds=200
    )
    assert " passed" in said and "failed" not in said, said


def test_servers_start_again(kafka: UsedMachine, hadoop: UsedMachine) -> None:
    """With the checks of readiness that their units make."""
    for host in (hadoop, kafka):
        units = " ".join(UNITS[host.name])
        host.root(f"systemctl restart {units}", seconds=400)
        assert set(host.root(f"systemctl is-active {units}").split()) == {"active"}


def test_archives_of_classes_are_made(kafka: UsedMachine) -> None:
    said = kafka.root(
        "rm -f /opt/kafka/cds/classes.jsa.stamp; export JAVA_HOME=$(systemctl show --property=Environment --value kafka"
        " | tr ' ' '\\n' | sed -n 's/^JAVA_HOME=//p'); runuser -u kafka --preserve-environment -- "
        "/usr/local/lib/streaming-lab/record-class-data /opt/kafka libs 'connect-file-*.jar'",
        seconds=200,
    )
    assert said.strip() == "recorded"


def test_up_changes_nothing_and_cases_pass(
    scenario: Scenario, machines: tuple[str, str], password: dict[str, str]
) -> None:
    again = scenario.lab("up", "--no-verify", *machines, environment=password)
    assert (again.status, again.changed) == (0, 0), again.text
    ended = scenario.lab("verify", "webhdfs", "mysql-source", "hdfs-csv", *machines, environment=password)
    assert ended.status == 0, ended.text
