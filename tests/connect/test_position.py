"""A position that the server no longer has is told from one that it has, with and without GTIDs."""

from __future__ import annotations

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.connect.position import contains, gtids, lost

A, B = "8bd0c4ab-e936-11f1-8d78-02fc00000001", "00000000-e936-11f1-8d78-02fc00000002"


def server(logs: str = "binlog.000003 binlog.000004", purged: str = "", executed: str = "") -> dict:
    """A server with these binary logs."""
    return {"binary_logs": logs.split(), "gtid_purged": purged, "gtid_executed": executed}


def stored(**offset: object) -> list[dict]:
    """A connector's offsets as Connect answers."""
    return [{"partition": {"server": "s"}, "offset": {"file": "binlog.000003", "pos": 4, **offset}}]


def test_gtid_sets():
    assert gtids(f"{A}:1-5:8,\n{B}:tag:3") == {A: [(1, 5), (8, 8)], f"{B}:tag": [(3, 3)]}
    assert contains(gtids(f"{A}:1-5:6-9"), gtids(f"{A}:2-8"))
    assert not contains(gtids(f"{A}:1-5:7-9"), gtids(f"{A}:2-8"))
    assert contains(gtids(f"{A}:1-5"), {})
    assert not contains({}, gtids(f"{A}:1"))


@pytest.mark.parametrize(
    ("offset", "now"),
    [
        ({}, server()),
        ({"gtids": f"{A}:1-24"}, server(purged=f"{A}:1-24", executed=f"{A}:1-30")),
        ({"gtids": f"{A}:1-24", "file": "binlog.000001"}, server(purged=f"{A}:1-20", executed=f"{A}:1-30")),
        ({"snapshot": True, "file": "binlog.000001"}, server()),
        ({"snapshot": "INITIAL", "file": "binlog.000001"}, server()),
    ],
)
def test_a_position_that_the_server_has(offset, now):
    assert lost(stored(**offset), now) == ""


@pytest.mark.parametrize(
    ("offset", "now", "reason"),
    [
        ({"file": "binlog.000001"}, server(), "it stopped in binlog.000001, which the server no longer has; it keeps "
         "binlog.000003 to binlog.000004"),
        # Read, but for its end: Debezium stores the transactions before the last one.
        ({"gtids": f"{A}:1-24"}, server(purged=f"{A}:1-25", executed=f"{A}:1-25"), "purged what came after"),
        ({"gtids": f"{A}:1-24"}, server(executed=f"{B}:1-3"), "it was created again"),
        ({"gtids": f"{A}:1-24"}, server(executed=f"{A}:1-3"), "it was created again"),
        ({}, server(""), "log_bin is off"),
    ],
)  # fmt: skip
def test_a_position_that_is_lost(offset, now, reason):
    assert reason in lost(stored(**offset), now)


def test_a_connector_without_an_offset_begins_by_itself():
    assert lost([], server()) == ""
