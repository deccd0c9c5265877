"""What is wrong in an inventory ends site.yml in one line before any host is asked for anything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.playbooks import ansible_playbook

# Nothing answers there: a playbook that got past the settings would say `unreachable`.
NOWHERE = "{ansible_host: 127.0.0.1, ansible_port: 9, ansible_ssh_private_key_file: /dev/null}"
GROUPS = ("zookeeper", "kafka", "connect", "mysql", "workspace", "namenode", "datanode")


def inventory(folder: Path, hosts: dict[str, str], groups: tuple[str, ...] = GROUPS) -> Path:
    """Write an inventory in which each host is in all groups and has settings of its own, as YAML."""
    listed = "".join(f"    {group}: {{hosts: {{{', '.join(hosts)}}}}}\n" for group in groups)
    text = f"all:\n  hosts: {{{', '.join(f'{host}: {NOWHERE}' for host in hosts)}}}\n  children:\n{listed}"
    (folder / "hosts.yml").write_text(text, encoding="utf-8")
    (folder / "host_vars").mkdir()
    for host, settings in hosts.items():
        (folder / f"host_vars/{host}.yml").write_text(settings, encoding="utf-8")
    (folder / "group_vars").mkdir()
    (folder / "group_vars/all.yml").write_text("lab_name: nowhere\n", encoding="utf-8")
    return folder


def refusals(clone: Path, folder: Path) -> dict[str, str]:
    """Run site.yml on an inventory, of which every host is refused; return what Ansible says of each host."""
    done = ansible_playbook("-i", str(folder), str(clone / "playbooks/site.yml"))
    assert done.returncode != 0, done.stdout
    assert "unreachable=0" in done.stdout and "changed=0" in done.stdout, done.stdout
    assert "UNREACHABLE" not in done.stdout, done.stdout
    said: dict[str, str] = {}
    for part in re.split(r"^(?=fatal: |failed: )", done.stdout, flags=re.MULTILINE)[1:]:
        host = part.partition("[")[2].partition("]")[0]
        lines = "\n".join(re.findall(r"msg: (.*(?:\n {8}.*)*)", part)).replace("\n        ", " ")
        # As YAML quotes a text that begins with a quotation mark.
        said[host] = said.get(host, "") + lines.replace("''", "'")
    return said


def site(clone: Path, folder: Path, groups: tuple[str, ...], settings: str) -> str:
    """Run site.yml on an inventory of two hosts with these groups and settings; return Ansible's failure lines."""
    inventory(folder, {"one": "", "two": ""}, groups)
    (folder / "group_vars/all.yml").write_text(f"lab_name: nowhere\n{settings}", encoding="utf-8")
    return "\n".join(refusals(clone, folder).values())


WRONG = (
    ("kafka_heep: 1g", "kafka_heep is no setting; did you mean kafka_heap?"),
    ("lab_servces_enabled: false", "lab_servces_enabled is no setting; did you mean lab_services_enabled?"),
    ("course_usr: anna", "course_usr is no setting; did you mean course_user?"),
    ("kakfa_heap: 1g\nsite_owner: anna", "kakfa_heap is no setting; did you mean kafka_heap?"),
    (
        "lab_mysql_source: jdbcc",
        "value of lab_mysql_source must be one of: aiven, auto, debezium, jdbc, got: jdbcc",
    ),
    ("lab_bluesky_source: plugin", "must be one of: auto, connector, python, got: plugin"),
    ("lab_services_enabled: maybe", "argument 'lab_services_enabled' is of type str"),
    ("bluesky_search_term: ' '", "bluesky_search_term is empty; there is nothing to search for"),
    ("bluesky_poll_ms: 1000", "bluesky_poll_ms is 1000; the notes' connector takes no less than 30000"),
    ("bluesky_topic: la liga", "bluesky_topic la liga is no name of a topic"),
    ("bluesky_service_url: http://bsky.social", "is not https://HOST (http only for this very machine"),
    ("bluesky_identity: '@anna'", "bluesky_identity @anna is no handle; write it like name.bsky.social"),
    ("bluesky_enabled: true", "bluesky_enabled is true, but bluesky_identity is empty"),
    ("bluesky_enabled: true\nbluesky_identity: anna.bsky.social", "but bluesky_password is empty"),
    ("lab_services_enabled: 'false'", "write it as lab_services_enabled: false in a file"),
    ("lab_open_to: [10.0.0.0/8, kafka]", "lab_open_to holds kafka; give addresses such as 10.10.10.7"),
    ("kafka_topics: [{nam: a}]", "missing required arguments: name found in kafka_topics"),
    ("kafka_topics: [{name: a, partition: 2}]", "kafka_topics.partition. Supported parameters include: config"),
    ("kafka_topics: [{name: a, partitions: many}]", "in 'kafka_topics'. and we were unable to convert to int"),
    ("kafka_topics: tema-prova", "kafka_topics is a text; give it as JSON: -e"),
    ("kafka_connect_connectors: [{name: a, confg: {}}]", "kafka_connect_connectors.confg. Supported parameters"),
    ("kafka_connect_connectors: [{name: a, state: fresh}]", "must be one of: running, paused, stopped, absent"),
    (
        "kafka_topics: [{name: a}]\nlab_services_enabled: false",
        "are declared and lab_services_enabled is false; they need servers that run",
    ),
)
"""Settings of one host, and what is said of them."""


@pytest.fixture(scope="module")
def said(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What is said of each entry of WRONG: each is a lab of one host, and all are looked at in one run."""
    hosts = {f"host{n}": f"lab_cluster: lab{n}\n{settings}\n" for n, (settings, _) in enumerate(WRONG)}
    answers = refusals(clone, inventory(tmp_path_factory.mktemp("wrong"), hosts))
    return [answers.get(host, "") for host in hosts]


@pytest.mark.parametrize("number", range(len(WRONG)), ids=[settings for settings, _ in WRONG])
def test_a_wrong_setting_is_named(said: list[str], number: int) -> None:
    assert WRONG[number][1] in said[number]


@pytest.mark.parametrize("missing", ["kafka", "zookeeper"])
def test_missing_group(clone: Path, tmp_path: Path, missing: str) -> None:
    said = site(clone, tmp_path, tuple(group for group in GROUPS if group != missing), "")
    assert f"the inventory lacks group {missing} ({tmp_path})" in said


def test_values_that_a_server_would_refuse_at_its_start_are_all_said_at_once(clone: Path, tmp_path: Path) -> None:
    settings = """
kafka_heap: lots
kafka_port: 8083
mysql_database: "my`db"
course_user: kafka
hadoop_data_dir: /data dir
mysql_student_password: "it's secret"
kafka_topics: [{name: la liga}, {name: a, replication_factor: 3}]
kafka_connect_connectors: [{name: ' a'}]
hadoop_replication: 3
kafka_server_properties: {num.io.threads: many}
kafka_connect_properties: {offset.flush.interval.ms: soon}
"""
    said = site(clone, tmp_path, GROUPS, settings)
    for words in (
        "kafka_heap 'lots': a Java heap is written like 512m or 2g",
        "kafka_port and kafka_connect_port are both port 8083",
        "mysql_database 'my`db':",
        "course_user 'kafka': kafka is a user of the system",
        "hadoop_data_dir '/data dir': it must be an absolute path",
        "mysql_student_password: a password has",
        "'la liga' is no topic's name",
        "a: replication factor 3 needs 3 brokers; the lab has",
        "' a': a connector's name has no control characters",
        "hadoop_replication 3: there are 2 DataNodes; set 2 or less",
        "kafka_server_properties: num.io.threads 'many': it must be a whole number",
        "kafka_connect_properties: offset.flush.interval.ms 'soon': it must be a whole number",
    ):
        assert words in said, said
    assert "secret" not in said


def test_a_list_given_as_text_is_refused_once(clone: Path, tmp_path: Path) -> None:
    said = site(clone, tmp_path, GROUPS, "kafka_connect_connectors: '[{name: a}]'\n")
    assert said.count("kafka_connect_connectors is a text; give it as JSON") == 2, "once a host"


def test_setting_that_refers_to_what_is_not_there(clone: Path, tmp_path: Path) -> None:
    said = site(clone, tmp_path, GROUPS, 'kafka_heap: "{{ no_such_thing }}"\n')
    assert "kafka_heap cannot be read: 'no_such_thing' is undefined" in said
