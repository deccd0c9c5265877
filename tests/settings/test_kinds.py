"""The kinds of settings: what a server accepts passes, what it would refuse at its start does not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.streaming.lab.plugins.module_utils.settings import kinds as setting_kinds
from ansible_collections.streaming.lab.plugins.module_utils.settings import problems as settings_problems

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "hdfs_paths": [["/user/hadoop/kafka", "/user/anna"]],
    "retention": [-1, 1, 168],
    "local_file": [__file__],
    "server_paths": [["/opt/kafka/libs/a.jar", "/opt/kafka/plugins"]],
    "heap": ["64m", "1g", "512M", "2G", "900000k", "1073741824"],
    "mysql_size": ["64M", "1G", "134217728", "512k"],
    "memory_limit": ["512M", "2G", "infinity", "50%", "1T"],
    "port": [1024, 9092, 65535, "9092"],
    "uid": [1, 800, 59999],
    "server_path": ["/var/lib/kafka", "/data/kafka-1", "/opt/kafka_2.13-3.8.1", "/srv/a+b@c/"],
    "local_path": ["/srv/cache", "~/cache", "/my clone/cache"],
    "hdfs_path": ["/user/hadoop/kafka", "/dt=2025/x"],
    "host": ["kafka", "student-01", "a.b.example", "10.10.10.11", "::1", "Hadoop1", "7"],
    "bind_addresses": ["0.0.0.0", "127.0.0.1,10.0.0.5", "*", "::", "kafka"],
    "addresses": ["kafka:9092", "a:1,b:2", "10.0.0.1:9092", "[::1]:9092"],
    "zookeeper_addresses": ["a:2181", "a:2181,b:2181/lab", "a:2181/lab/one"],
    "url": ["http://hadoopmaster:9870", "https://bsky.social", "http://127.0.0.1:8080/x"],
    "urls": ["http://a:1,http://b:2"],
    "user": ["student", "anna.puig", "Anna_2"],
    "database": ["sensors", "_a1"],
    "password": ["s3cret", "a$b%c`d", "ñandú"],
    "line": ["connect-cluster", "two words"],
    "jvm_options": ["", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dx.y=z --add-opens=java.base/java.lang=ALL-UNNAMED"],
    "properties": [{}, {"num.io.threads": 4, "a.b": "x y", "c": True}],
    "secrets": [{"mysql_kafka_password": "x", "a.b-c": ""}],
    "packages": [["mysql-server", "g++", "libc6:amd64", "a1=2:1.0-1"]],
    "tables": [{"temperatures": "id INT"}],
    "hosts": [[], ["a", "b"]],
    "units": [["kafka.service", "hdfs-sink@x.service"]],
    "authorized_keys": [[], ["ssh-ed25519 AAAA anna\n", "ssh-rsa AAAA"]],
}
BAD = {
    "hdfs_paths": [["/user/hadoop/kafka", "anna"]],
    "retention": [0, -2],
    "local_file": ["/no/such/file", "here"],
    "local_files": [["/no/such/file"]],
    "server_paths": [["/a,/b"]],
    "heap": ["lots", "", "0", "0m", "-1", "512MB", "1.5g", "512 m", "1m", "99999g", "512m -Dx", "512m\n"],
    "mysql_size": ["64MB", "lots", "-1", "1.5G", "64 M"],
    "memory_limit": ["lots", "512MB", "101%", "1m", ""],
    "port": [0, -1, 65536, 99999, 80],
    "uid": [0, -1, 65534],
    "server_path": [
        "",
        "relative",
        "/a b",
        "/a,b",
        "/a%b",
        "/a'b",
        "/a$b",
        "/a/../b",
        "/",
        "/etc",
        "/var/lib",
        "/tmp/",
        "/a\n",
    ],
    "local_path": ["", "cache", "/a\nb"],
    "hdfs_path": ["", "user/x", "/a b", "/a:b", "/..", "/a?b", "hdfs://x/a"],
    "host": ["hadoop_master", "", "-a", "a-", "a b", "a..b", "a" * 64, "a:b", "ñandú"],
    "bind_addresses": ["", "a_b", "1.2.3.4 5.6.7.8"],
    "addresses": ["kafka", "kafka:", ":9092", "kafka:99999", "kafka:0", "a_b:9092", "kafka:9092,", "a b:1"],
    "zookeeper_addresses": ["a:2181/a b", "/lab"],
    "url": ["hadoopmaster:9870", "ftp://a", "http://", "http://a_b:1", "http://a:99999", "http://a b"],
    "user": ["root", "kafka", "hadoop", "", "1a", "a b", "o'neil", "a`b", "a%b", "a/b", "a" * 33, "ñ"],
    "database": ["mysql", "SYS", "", "a b", "a`b", "a%b", "a'b", "a-b", "a" * 65, "123", "a.b"],
    "password": ["", "a b", 'a"b', "a'b", "a\\b", "a#b", "a\nb", "x" * 129],
    "line": ["", " a", "a\\b", "a\nb"],
    "jvm_options": ["UseSerialGC", "-Xmx1g", "-Xms512m", "-XX:UseSerialGC", "-XX:+Use;rm", "-Da='b c'"],
    "properties": [{"a b": 1}, {"": 1}, {"a": None}, {"a": [1]}, {"a": "x\ny"}, {"a": "c:\\x"}],
    "secrets": [{"../x": 1}, {"..": 1}, {"a b": 1}],
    "packages": [["Mysql"], ["a b"], ["-x"]],
    "tables": [{"a`b": "id INT"}, {"a": ""}, {"a b": "id INT"}],
    "hosts": [["a", "a"], ["a_b"]],
    "units": [["a b"]],
    "authorized_keys": [["\n"], ["ssh-ed25519 AAAA anna\nssh-rsa AAAA\n"]],
    "names": [["kafka\n"], ["a\nb"], {"a\tb": 1}],
}


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in GOOD.items() for value in values])
def test_a_value_that_its_server_accepts_passes(kind, value):
    assert getattr(setting_kinds, kind)(value) == ""


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in BAD.items() for value in values])
def test_a_value_that_its_server_refuses_is_refused_in_one_line(kind, value):
    why = getattr(setting_kinds, kind)(value)
    assert why and "\n" not in why


def test_a_heap_below_what_the_server_starts_with_is_refused():
    assert setting_kinds.heap("127m", least="128m") == "the server needs at least 128m"
    assert setting_kinds.heap("128m", least="128m") == ""


def test_a_secret_is_not_repeated():
    (line,) = settings_problems.value_problems({"p": "s3 cret"}, {"p": {"kind": "password"}}, ["p"])
    assert "s3" not in line and line.startswith("p: ")


def all_checks() -> dict:
    checks = {}
    for path in ROOT.glob("roles/*/meta/checks.yml"):
        checks |= settings_problems.checks_of(yaml.safe_load(path.read_text(encoding="utf-8")))
    return checks


def test_two_servers_of_one_host_cannot_have_one_port():
    values = {"kafka_port": 8083, "kafka_connect_port": 8083, "mysql_port": 3306}
    assert settings_problems.clashes(values, all_checks(), ["kafka", "connect"]) == [
        "kafka_port and kafka_connect_port are both port 8083; give each its own"
    ]
    assert settings_problems.clashes(values, all_checks(), ["kafka"]) == []


def test_two_users_cannot_have_one_id():
    (line,) = settings_problems.clashes({"kafka_uid": 802, "course_uid": 802}, all_checks(), [])
    assert "are both id 802" in line


def test_a_check_of_no_kind_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="x: heep is no kind"):
        settings_problems.checks_of({"x": "heep"})


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"kafka_topics": [{"name": "la liga"}]}, "'la liga' is no topic's name"),
        ({"kafka_topics": [{"name": "a" * 250}]}, "is no topic's name"),
        ({"kafka_topics": [{"name": "a", "partitions": 0}]}, "at least one partition"),
        ({"kafka_topics": [{"name": "a"}, {"name": "a"}]}, "a is declared twice"),
        ({"kafka_topics": [{"name": "a", "replication_factor": 2}]}, "needs 2 brokers; the lab has 1"),
        ({"kafka_connect_connectors": [{"name": " a"}]}, "' a': a connector's name has no control characters"),
        ({"kafka_connect_connectors": [{"name": "a\nb"}]}, "a connector's name has no"),
        ({"hdfs_sink_jobs": [{"name": "a b", "topic": "t"}]}, "'a b': a sink's name has"),
        ({"hdfs_sink_jobs": [{"name": "a", "topic": "t"}, {"name": "a", "topic": "u"}]}, "a is declared twice"),
        ({"hdfs_sink_jobs": [{"name": "a", "topic": "la liga"}]}, "a: 'la liga' is not the name of a topic"),
        (
            {"hdfs_sink_jobs": [{"name": "a", "topic": "t", "arguments": ["--rows", "many"]}]},
            "argument --rows: ",
        ),
        ({"hdfs_sink_jobs": [{"name": "a", "topic": "t", "arguments": ["--nope"]}]}, "unrecognized arguments: --nope"),
        ({"hdfs_sink_jobs": [{"name": "a", "topic": "t", "arguments": ["@/etc/shadow"]}]}, "begins with @"),
    ],
)
def test_what_is_declared_and_cannot_be_is_said_before_anything_is_made(given, why):
    assert why in "; ".join(settings_problems.declared_problems(given, brokers=1))


def test_what_can_be_declared_passes():
    given = {
        "kafka_topics": [{"name": "a.b_c-D", "replication_factor": 1}],
        "kafka_connect_connectors": [{"name": "mysql temperatures.2"}, {"name": "a/b%?"}, {"file": "x.json"}],
        "hdfs_sink_jobs": [{"name": "a", "topic": "t", "arguments": ["--by-day", "--bytes", "8m"]}],
    }
    assert settings_problems.declared_problems(given, brokers=1) == []


@pytest.mark.parametrize("kind", ["producer", "consumer", "admin"])
def test_a_connectors_client_settings_need_a_policy_that_allows_them(kind):
    config = {"connector.class": "X", f"{kind}.override.max.request.size": "2000000"}
    given = {"kafka_connect_connectors": [{"name": "a", "config": config}]}
    policy = "connector.client.config.override.policy"
    (line,) = settings_problems.declared_problems(given, brokers=1)
    assert line.startswith(f"kafka_connect_connectors, a: the worker refuses {kind}.override.max.request.size ")
    assert f"kafka_connect_properties: {{{policy}: All}}" in line
    assert settings_problems.declared_problems({**given, "kafka_connect_properties": {policy: "None"}}, 1) == [line]
    assert settings_problems.declared_problems({**given, "kafka_connect_properties": {policy: "All"}}, 1) == []
    absent = {"kafka_connect_connectors": [{"name": "a", "state": "absent", "config": config}]}
    assert settings_problems.declared_problems(absent, brokers=1) == []


def test_a_host_with_an_underscore_is_refused_by_name():
    (line,) = settings_problems.host_problems("hadoop_master")
    assert line.startswith("host hadoop_master of the inventory: ") and "no underscore" in line
    assert settings_problems.host_problems("hadoopmaster") == []


def test_options_of_a_topic_are_checked_for_the_kafka_whose_options_are_known():
    given = {"kafka_topics": [{"name": "a", "config": {"retention.ms": "7d"}}]}
    (line,) = settings_problems.option_problems(given)
    assert line == "kafka_topics, a: retention.ms '7d': it must be a whole number"
    assert settings_problems.option_problems(given | {"kafka_version": "4.0.0"}) == []


def test_more_copies_than_datanodes_are_refused():
    assert settings_problems.replication_problems({"hadoop_replication": 3}, 1) == [
        "hadoop_replication 3: there is 1 DataNode; set 1 or less"
    ]
    assert settings_problems.replication_problems({"hadoop_replication": 3}, 3) == []
    assert settings_problems.replication_problems({}, 1) == []


def test_heaps_that_the_hosts_memory_cannot_hold_are_refused_before_a_server_restarts():
    values = {
        "kafka_heap": "3g",
        "kafka_connect_heap": "512m",
        "hadoop_namenode_heap": "99g",
        "mysql_buffer_pool": "64M",
    }
    groups = ["kafka", "connect", "mysql"]
    assert settings_problems.memory_problems(values, all_checks(), groups, total_mb=3000) == [
        "the servers of this host need 3648 MB and it has 3000 MB: "
        "lower kafka_heap 3g, kafka_connect_heap 512m, mysql_buffer_pool 64M"
    ]
    assert settings_problems.memory_problems(values, all_checks(), groups, total_mb=4000) == []
    assert settings_problems.memory_problems({"kafka_heap": "lots"}, all_checks(), groups, total_mb=0) == []
