"""The filters that read the inventory."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.streaming.lab.plugins.filter import lab

ROOT = Path(__file__).resolve().parents[2]


def test_a_dry_run_makes_no_secret(tmp_path):
    path = tmp_path / "secret"
    assert lab.lab_secret_file(str(path), True) == "/dev/null"
    assert lab.lab_secret_file(str(path), False) == str(path)
    path.touch()
    assert lab.lab_secret_file(str(path), True) == str(path)


def test_status_asks_for_every_unit_that_a_role_installs():
    names = lab.lab_unit_names(str(ROOT / "roles"))
    assert {"kafka.service", "hadoop-datanode.service", "mysql.service", "hdfs-sink@*.service"} <= set(names)
    assert {
        "kafka-connect-watchdog.service",
        "bluesky-search.service",
        "zookeeper.service",
        "faust-mean.service",
    } <= set(names)


def test_a_unit_that_is_described_twice_is_listed_once():
    block = "Id=hdfs-sink@a.service\nLoadState=loaded\nUnitFileState=enabled\nActiveState=failed\nNRestarts=0"
    (unit,) = lab.lab_unit_states(f"{block}\n\n{block}\n\nId=x.service\nLoadState=not-found")
    assert (unit["name"], unit["state"], unit["enabled"]) == ("hdfs-sink@a", "failed", True)


def test_each_host_is_a_lab_of_its_own_by_default():
    hostvars = {"student01": {}, "student02": {}}
    groups = {"kafka": ["student01", "student02"]}
    assert lab.lab_members(groups, "kafka", "student01", hostvars) == ["student01"]


def test_hosts_of_one_value_are_one_cluster_in_inventory_order():
    hostvars = {"b": {"lab_cluster": "x"}, "a": {"lab_cluster": "x"}, "c": {"lab_cluster": "y"}}
    assert lab.lab_members({"kafka": ["b", "a", "c"]}, "kafka", "x", hostvars) == ["b", "a"]


def test_a_group_that_is_not_there_has_no_members():
    assert lab.lab_members({}, "kafka", "x", {}) == []


def test_the_default_lab_publishes_the_ports_of_the_notes_and_others_do_not():
    assert lab.lab_published_port("lab", 9870) == 9870
    other = lab.lab_published_port("molecule", 9870)
    assert other != 9870
    assert 20000 <= other < 32768
    assert other == lab.lab_published_port("molecule", 9870)
    assert other != lab.lab_published_port("molecule", 8083)


@pytest.mark.parametrize("port", [0, 65536, "many", None])
def test_a_port_that_is_none_is_refused(port):
    with pytest.raises(AnsibleFilterError, match=r"port"):
        lab.lab_published_port("lab", port)


def test_subnets_are_apart_and_stay():
    names = ["lab", "molecule", "lab2", "one", "classroom"]
    assert len({lab.lab_subnet(name) for name in names}) == len(names)
    assert lab.lab_subnet("lab") == lab.lab_subnet("lab")


def test_units_are_read_from_systemctl_show():
    text = (
        "Id=kafka.service\nLoadState=loaded\nUnitFileState=enabled\nActiveState=active\nActiveEnterTimestamp=Sun\n"
        "NRestarts=1\nStatusText=searching\nMemoryCurrent=1048576\n\nId=mysql.service\nLoadState=not-found\n"
    )
    assert lab.lab_unit_states(text) == [
        {
            "name": "kafka",
            "enabled": True,
            "state": "active",
            "since": "Sun",
            "restarts": 1,
            "says": "searching",
            "memory_mb": 1,
        }
    ]


@pytest.mark.parametrize(
    ("size", "megabytes"),
    [("512m", 512), ("2g", 2048), ("64M", 64), ("1048577", 2), (67108864, 64), ("lots", 0), ("", 0)],
)
def test_sizes_are_megabytes_and_what_is_no_size_is_nothing(size, megabytes):
    assert lab.lab_megabytes(size) == megabytes
