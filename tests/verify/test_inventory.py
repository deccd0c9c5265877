"""Which hosts form one lab."""

from __future__ import annotations

import pytest

from verify.support.inventory import HostInfo, form_labs

ALL = ("zookeeper", "kafka", "connect", "mysql", "workspace")


def host(name: str, *groups: str, cluster: str = "", chosen: bool = True) -> HostInfo:
    return HostInfo(name, groups, chosen, {"lab_cluster": cluster or name})


def test_each_kafka_host_is_a_lab_and_all_share_hadoop():
    labs = form_labs([host("vm1", *ALL), host("vm2", *ALL), host("hadoopmaster", "namenode", "datanode")])
    assert [lab.name for lab in labs] == ["vm1", "vm2"]
    assert [lab.first("workspace").name for lab in labs] == ["vm1", "vm2"]
    assert {lab.first("namenode").name for lab in labs} == {"hadoopmaster"}


def test_hosts_of_one_value_form_one_cluster():
    brokers = [host(f"b{number}", "kafka", "zookeeper", cluster="c") for number in (1, 2, 3)]
    (lab,) = form_labs([*brokers, host("desk", "workspace", "connect", "mysql", cluster="c")])
    assert [broker.name for broker in lab.parts["kafka"]] == ["b1", "b2", "b3"]
    assert lab.first("workspace").name == "desk"
    assert len(lab.hosts) == 4


def test_limit_picks_labs_but_a_lab_keeps_its_hadoop():
    hosts = [host("vm1", *ALL), host("vm2", *ALL, chosen=False), host("master", "namenode", "datanode", chosen=False)]
    (lab,) = form_labs(hosts)
    assert lab.name == "vm1"
    assert lab.first("namenode").name == "master"


def test_a_missing_part_is_named():
    (lab,) = form_labs([host("vm1", "kafka")])
    with pytest.raises(LookupError, match="lab vm1 has no host in the group mysql"):
        lab.first("mysql")
