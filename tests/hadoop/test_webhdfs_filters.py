"""plugins/filter/webhdfs.py: what WebHDFS needs in an existing cluster."""

from __future__ import annotations

import json

import pytest

from ansible_collections.streaming.lab.plugins.filter import webhdfs

ADDRESS = "0.0.0.0:9870"
ENABLED = {"dfs.webhdfs.enabled": True}
HA = {
    "dfs.nameservices": "curs",
    "dfs.ha.namenodes.curs": "nn1, nn2",
    "dfs.namenode.rpc-address.curs.nn1": "master1:8020",
    "dfs.namenode.rpc-address.curs.nn2": "master2:8020",
}


def test_a_single_namenode_listens_as_in_the_notes() -> None:
    assert webhdfs.webhdfs_properties({}, ADDRESS) == {**ENABLED, "dfs.namenode.http-address": ADDRESS}


def test_with_a_name_service_each_namenode_keeps_its_own_address() -> None:
    own = {"dfs.namenode.http-address.curs.nn1": "master1:50070", "dfs.namenode.http-address.curs.nn2": "master2:50070"}
    assert webhdfs.webhdfs_properties({**HA, **own}, ADDRESS) == ENABLED
    assert webhdfs.webhdfs_urls({**HA, **own}, ADDRESS) == ["http://master1:50070", "http://master2:50070"]


def test_a_missing_address_of_a_name_service_is_that_of_its_rpc() -> None:
    assert webhdfs.webhdfs_properties(HA, ADDRESS) == {
        **ENABLED,
        "dfs.namenode.http-address.curs.nn1": "master1:9870",
        "dfs.namenode.http-address.curs.nn2": "master2:9870",
    }


def test_a_name_service_of_one_namenode() -> None:
    values = {"dfs.nameservices": "curs", "dfs.namenode.rpc-address.curs": "master:8020"}
    wanted = {**ENABLED, "dfs.namenode.http-address.curs": "master:9870"}
    assert webhdfs.webhdfs_properties(values, ADDRESS) == wanted
    assert webhdfs.webhdfs_properties({**values, "dfs.namenode.http-address": "master:50070"}, ADDRESS) == ENABLED


@pytest.mark.parametrize(
    ("values", "core", "word"),
    [
        ({}, {"hadoop.security.authentication": "kerberos"}, "Kerberos"),
        ({"dfs.http.policy": "HTTPS_ONLY"}, {}, "HTTP_AND_HTTPS"),
    ],
)
def test_a_cluster_that_the_notes_cannot_use_is_named(values: dict, core: dict, word: str) -> None:
    (line,) = webhdfs.webhdfs_problems(values, core)
    assert word in line
    assert webhdfs.webhdfs_problems({"dfs.http.policy": "HTTP_AND_HTTPS"}, {}) == []


def test_names_that_do_not_resolve_get_a_line_and_keep_it() -> None:
    live = {"slave1:9866": {"xferaddr": "10.10.10.21:9866"}, "slave2:9866": {"infoAddr": "10.10.10.22:9864"}}
    nodes = webhdfs.live_datanodes({"beans": [{"LiveNodes": json.dumps(live)}]})
    assert nodes == [{"name": "slave1", "address": "10.10.10.21"}, {"name": "slave2", "address": "10.10.10.22"}]
    lines = webhdfs.datanode_lines(nodes, ["slave2"], "127.0.0.1 localhost\n")
    assert lines == ["10.10.10.22 slave2"]
    hosts = "# BEGIN streaming-lab: DataNodes\n10.10.10.22 slave2\n# END streaming-lab: DataNodes\n10.10.10.21 slave1\n"
    assert webhdfs.datanode_lines(nodes, [], hosts) == lines


def test_a_namenode_that_does_not_answer_has_no_datanodes() -> None:
    assert webhdfs.live_datanodes({}) == []


def test_a_restart_is_due_where_the_server_is_older_than_the_change() -> None:
    assert webhdfs.restart_due([1_000_000], 1001.0)
    assert webhdfs.restart_due([1_002_000, 1_000_000], 1001.0)
    assert not webhdfs.restart_due([1_000_000], 999.0)
    assert not webhdfs.restart_due([0], 1001.0)
    assert not webhdfs.restart_due([], 1001.0)


def test_a_unit_that_started_in_the_second_of_the_change_is_not_older() -> None:
    shown = "ActiveEnterTimestamp=Thu 1970-01-01 00:16:40 UTC\n\nActiveEnterTimestamp=\n\nActiveEnterTimestamp=n/a\n"
    assert webhdfs.unit_starts(shown) == [1_000_999]
    assert not webhdfs.restart_due(webhdfs.unit_starts(shown), 1000.5)
    assert webhdfs.unit_starts("") == []


def test_the_active_namenode_restarts_after_the_others_and_datanodes_last() -> None:
    states = {"slave1": "", "master1": "active", "master2": "standby", "master3": ""}
    order = webhdfs.restart_order(
        ["slave1", "master1", "master2", "master3"], ["master1", "master2", "master3"], states
    )
    assert order == ["master3", "master2", "master1", "slave1"]
    assert webhdfs.restart_order(["b", "a"], ["b", "a"], {}) == ["b", "a"]
