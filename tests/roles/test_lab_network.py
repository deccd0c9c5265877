"""Which machines reach which ports of a lab: the firewall's rules and what `up` says of them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.streaming.lab.plugins.filter import lab_network
from ansible_collections.streaming.lab.plugins.module_utils.machine import address_record
from cli.ui import addresses, reach

ALL = ("zookeeper", "kafka", "connect", "workspace", "mysql", "namenode", "datanode")


def rules(members: dict[str, list[str]], host: str, **more: Any) -> dict[int, list[str]]:
    """Port -> who reaches it."""
    addresses = more.pop("addresses", {"a": "10.0.0.1", "b": "10.0.0.2", "c": "10.0.0.3"})
    found = lab_network.lab_port_rules(
        members, host, more.pop("settings", {}), addresses, more.pop("open_to", []), more.pop("published", [])
    )
    return {port: rule["sources"] for rule in found for port in rule["ports"]}


def test_a_lab_of_one_host_is_reached_by_nobody_else():
    members = {part: ["a"] for part in (*ALL, "hdfs_client")}
    seen = rules(members, "a")
    assert set(seen) == {2181, 9092, 8083, 8084, 3306, 8020, 9870, 9864, 9866, 9867}
    assert set(map(tuple, seen.values())) == {()}


def test_each_part_is_reached_by_the_hosts_that_use_it():
    members = {
        "zookeeper": ["a"], "kafka": ["a", "b"], "connect": ["b"], "workspace": ["c"], "namenode": ["a"],
        "datanode": ["a"], "hdfs_client": ["b", "c"], "mysql": ["b"],
    }  # fmt: skip
    seen = rules(members, "a")
    assert seen[2181] == ["10.0.0.2"]
    ensemble = {**members, "zookeeper": ["a", "c"]}
    assert rules(ensemble, "a")[2888] == ["10.0.0.2", "10.0.0.3"]
    assert seen[9092] == ["10.0.0.2", "10.0.0.3"]
    assert seen[9870] == seen[9864] == ["10.0.0.2", "10.0.0.3"]
    assert 8083 not in seen
    seen = rules(members, "b")
    assert seen[8083] == seen[8084] == ["10.0.0.3"]
    assert seen[3306] == ["10.0.0.3"]


def test_ports_are_opened_by_address_by_network_and_for_everybody():
    members = {"kafka": ["a"], "connect": ["a"], "workspace": ["a"]}
    assert rules(members, "a", open_to=["10.10.10.0/24"])[8083] == ["10.10.10.0/24"]
    assert rules(members, "a", open_to=["10.10.10.7", "any"])[9092] == ["any"]
    one = rules(members, "a", published=[{"port": 8083, "sources": ["10.89.94.1"]}])
    assert (one[8083], one[8084], one[9092]) == (["10.89.94.1"], [], [])


def test_a_member_known_by_a_name_opens_the_port_for_everybody():
    members = {"kafka": ["a"], "workspace": ["b"]}
    assert rules(members, "a", addresses={"a": "10.0.0.1", "b": "b.example"}) == {9092: ["any"]}


def test_ports_are_those_of_the_settings():
    assert list(rules({"connect": ["a"]}, "a", settings={"kafka_connect_port": "18083"})) == [18083, 8084]


def test_only_addresses_and_networks_are_taken():
    assert lab_network.lab_wrong_sources(["10.0.0.1", "10.0.0.0/8", "fd00::/8", "any", "kafka", "10.0.0.300"]) == [
        "kafka",
        "10.0.0.300",
    ]


def test_addresses_are_given_to_the_firewall_by_family_and_once():
    sources = ["10.0.0.5", "10.0.0.0/24", "fd00::1", "any"]
    assert lab_network.lab_of_family(sources, 4) == ["10.0.0.0/24"]
    assert lab_network.lab_of_family(sources, 6) == ["fd00::1/128"]


def host(*groups: str, **values: Any) -> dict[str, Any]:
    return {"groups": list(groups), **values}


def test_up_says_that_no_other_machine_reaches_the_lab():
    hosts = {
        "kafka": host("zookeeper", "kafka", "connect", "mysql", "workspace", lab_address="10.89.94.10",
                      lab_open_ports=[{"port": 8083, "sources": ["10.89.94.1"]}]),
        "hadoopmaster": host("namenode", "datanode", lab_address="10.89.94.11"),
    }  # fmt: skip
    assert reach.lines(hosts) == [
        "no other machine reaches a port of the lab but ssh (lab_open_to opens them: roles/firewall/README.md)"
    ]


def test_up_says_what_other_machines_can_do():
    student = {"groups": ["zookeeper", "kafka", "connect", "mysql", "workspace"]}
    hosts = {
        "student01": {**student, "lab_address": "10.10.10.101"},
        "student02": {**student, "lab_address": "10.10.10.102", "lab_open_to": ["10.10.10.9"]},
        "hadoopmaster": host("namenode", "datanode", lab_address="10.10.10.10", lab_open_to=["10.10.10.0/24"]),
    }
    assert reach.lines(hosts)[1:] == [
        "  student02, ZooKeeper 2181: 10.10.10.9 can change the cluster's metadata",
        "  student02, Kafka 9092: 10.10.10.9 can read, write and delete every topic",
        "  student02, Kafka Connect 8083, 8084: 10.10.10.9 can run connectors and read their secrets",
        "  hadoopmaster, HDFS 8020, 9864, 9866, 9867, 9870: the hosts of every lab, 10.10.10.0/24 can "
        "read, change and delete every file",
    ]


def test_up_says_so_where_the_firewall_is_off_and_nothing_of_a_foreign_cluster():
    hosts = {
        "kafka": host("kafka", lab_address="10.0.0.1", firewall_enabled=False),
        "master": host("namenode", "datanode", lab_hadoop_install=False),
    }
    assert reach.lines(hosts)[1:] == ["  kafka, Kafka 9092: any machine can read, write and delete every topic"]


@pytest.mark.parametrize(
    ("values", "address"),
    [({}, "http://localhost:8083, on student01 itself"), ({"lab_open_to": ["any"]}, "http://10.10.10.101:8083")],
)
def test_an_address_is_shown_only_where_it_answers(values: dict[str, Any], address: str, tmp_path: Path):
    mine = {"ansible_host": "10.10.10.101", "kafka_connect_port": 8083, **values}
    inventory = SimpleNamespace(hosts={"student01": host("connect", **mine)})
    lab = SimpleNamespace(is_containers=False, state=tmp_path)
    assert addresses.lines(lab, inventory) == [f"  Kafka Connect   {address}"]


def test_up_knows_hosts_by_the_addresses_that_were_chosen(tmp_path: Path):
    """An inventory of DNS names: the firewall has the hosts' addresses, and opens nothing."""
    hosts = {"a": host("kafka", lab_address="a.example", lab_cluster="one")}
    hosts["b"] = host("workspace", lab_address="b.example", lab_cluster="one")
    lab = SimpleNamespace(state=tmp_path)
    assert "any machine" in reach.lines(addresses.with_chosen_addresses(lab, hosts))[1]
    path = tmp_path / address_record.FILE
    address_record.write(path, {"b": {"lab_address": "b.example", "address": "10.0.0.5"}})
    assert reach.lines(addresses.with_chosen_addresses(lab, hosts))[0].startswith("no other machine reaches")
    path.write_text("{", encoding="utf-8")
    assert addresses.with_chosen_addresses(lab, hosts) == hosts


@pytest.mark.skipif(not shutil.which("nft"), reason="no nft on this machine; the hosts check the file too")
def test_the_rules_are_nftables_own_language(clone: Path, tmp_path: Path):
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(clone / "roles/firewall/templates"), trim_blocks=True)
    environment.filters.update(lab_network.FilterModule().filters())
    members = {"connect": ["a"], "kafka": ["a"], "workspace": ["a", "b"]}
    found = lab_network.lab_port_rules(members, "a", {}, {"b": "10.0.0.2"}, ["fd00::/8"], [])
    text = environment.get_template("firewall.nft.j2").render(__firewall_rules=found, ansible_managed="x")
    (tmp_path / "rules").write_text(text, encoding="utf-8")
    done = subprocess.run(["nft", "--check", "--file", str(tmp_path / "rules")], capture_output=True, text=True)
    assert done.returncode == 0 or "not permitted" in done.stderr, done.stderr
