"""The servers' units and configurations as the roles write them: what they may do, wait for and listen to."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.roles.test_wiring import ONE, Ask, ask  # noqa: F401 - a fixture

UNITS = {
    "zookeeper": "zookeeper/templates/zookeeper.service.j2",
    "kafka": "kafka/templates/kafka.service.j2",
    "kafka-connect": "kafka_connect/templates/kafka-connect.service.j2",
    "hadoop-namenode": "hadoop/templates/hadoop-namenode.service.j2",
    "hadoop-datanode": "hadoop/templates/hadoop-datanode.service.j2",
    "bluesky-search": "bluesky/templates/bluesky-search.service.j2",
    "faust-mean": "course/templates/faust-mean.service.j2",
    "hdfs-sink@": "hdfs_sink/templates/hdfs-sink@.service.j2",
    "mysql": "mysql/templates/hardening.conf.j2",
}
# Their work begins on the Internet, or on another host that only the network leads to.
ONLINE = {"bluesky-search", "faust-mean", "hdfs-sink@"}
CONFIGURATIONS = {
    "zookeeper": "zookeeper/templates/zookeeper.properties.j2",
    "distributed": "kafka_connect/templates/connect-distributed.properties.j2",
    "standalone": "kafka_connect/templates/connect-standalone.properties.j2",
    "hdfs": "hadoop/templates/hdfs-site.xml.j2",
}
MODULES = (
    "-Dorg.apache.kafka.disallowed.login.modules="
    "com.sun.security.auth.module.JndiLoginModule,com.sun.security.auth.module.LdapLoginModule"
)
HADOOP = {"namenode": ["hadoopmaster"], "datanode": ["hadoopmaster"]}
ROLES = ("zookeeper", "kafka", "kafka_connect", "hadoop", "bluesky", "hdfs_sink", "mysql")


@pytest.fixture
def files(clone: Path, ask: Ask, tmp_path: Path) -> dict[str, str]:  # noqa: F811
    """All of them, for a host that plays every part in an ensemble of three."""
    (tmp_path / "templates").symlink_to(clone / "playbooks/templates")
    parts = {**{part: ["a"] for part in (*ONE, *HADOOP)}, "zookeeper": ["a", "b", "c"]}
    named = {**UNITS, **{f"{name}.conf": path for name, path in CONFIGURATIONS.items()}}
    look = {name: f"lookup('ansible.builtin.template', '{clone}/roles/{path}')" for name, path in named.items()}
    return ask(parts, "a", look, *ROLES, __kafka_connect_prepared={"discovery": "service_load"})


def test_units_and_configurations(files: dict[str, str]) -> None:
    """One rendering for all that follows from it: Ansible takes seconds for each."""
    for name in UNITS:
        lines = files[name].splitlines()
        for line in (
            "NoNewPrivileges=true", "ProtectSystem=strict", "ProtectProc=invisible",
            "ProtectHostname=true", "ProtectKernelLogs=true", "SystemCallArchitectures=native",
            "SystemCallFilter=~@privileged @resources", "CapabilityBoundingSet=",
        ):  # fmt: skip
            assert line in lines, f"{name} lacks {line}"
        # The program of faust-mean is in the student's home.
        assert f"ProtectHome={'read-only' if name == 'faust-mean' else 'true'}" in lines, name
        assert (f"PrivateTmp={'false' if name == 'kafka-connect' else 'true'}") in lines, name
        assert ("network-online.target" in files[name]) is (name in ONLINE), name
    for name in ("kafka", "kafka-connect"):
        assert f"Environment=KAFKA_OPTS={MODULES}" in files[name].splitlines(), name
    assert "quorumListenOnAllIPs=true" in files["zookeeper.conf"].splitlines()
    for name in ("distributed.conf", "standalone.conf"):
        assert "connector.client.config.override.policy=None" in files[name].splitlines(), name
    assert "<name>dfs.datanode.hostname</name>\n    <value>a</value>" in files["hdfs.conf"]


def test_commands_disallow_the_same_login_modules(clone: Path) -> None:
    text = (clone / "roles/kafka/files/dist/bin/kafka-run-class.sh").read_text(encoding="utf-8")
    # Before KAFKA_OPTS, of which the last value of a property counts.
    assert text.index(MODULES) < text.index('add "${KAFKA_OPTS:-}"')


@pytest.mark.parametrize(("containers", "host"), [(True, "10.89.1.11"), (False, "hadoopmaster")])
def test_a_datanode_is_known_by_what_a_browser_reaches(ask: Ask, containers: bool, host: str) -> None:  # noqa: F811
    seen = ask(
        {**ONE, **HADOOP}, "hadoopmaster", {"host": "hadoop_datanode_host", "open": "lab_open_ports"}, "hadoop",
        lab_containers=containers, lab_address="10.89.1.11", lab_subnet_prefix="10.89.1",
        lab_published=[{"name": "NameNode", "host": "hadoopmaster", "port": 9870, "container_port": 9870}],
    )  # fmt: skip
    opened = [{"port": port, "sources": ["10.89.1.1"]} for port in (9870, 9864)]
    assert seen == {"host": host, "open": opened if containers else []}


@pytest.mark.parametrize(("engine", "secrets"), [("python", []), ("connector", ["bluesky_password"])])
def test_blueskys_password_is_there_for_the_connector_alone(ask: Ask, engine: str, secrets: list[str]) -> None:  # noqa: F811
    seen = ask(ONE, "kafka", {"names": "kafka_connect_secrets.keys() | list"}, "kafka_connect",
               lab_bluesky_source=engine, bluesky_password="x")  # fmt: skip
    assert seen["names"] == ["mysql_kafka_password", *secrets]


UNIT_NAMES = (
    "zookeeper",
    "kafka",
    "kafka-connect",
    "hadoop-namenode",
    "hdfs-sink@temperatures",
    "faust-mean",
    "mysql",
    "ssh",
    "kafkax",
)


def test_needrestart_leaves_the_labs_servers_alone(clone: Path) -> None:
    """By the file itself: it is Perl, and needrestart takes the value of the first pattern that matches."""
    script = """use warnings FATAL => 'all'; our %nrconf; do shift; die $@ if $@;
    my %rules = %{$nrconf{override_rc}};
    for my $unit (@ARGV) {
        print((grep { "$unit.service" =~ /$_/ && !$rules{$_} } keys %rules) ? "kept " : "restarted ");
    }
    """
    file = str(clone / "roles/host/files/needrestart.conf")
    done = subprocess.run(["perl", "-e", script, file, *UNIT_NAMES], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["kept"] * 7 + ["restarted"] * 2
