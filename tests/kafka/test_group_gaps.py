"""plugins/modules/kafka_group_gaps.py: what a group has lost, by its place and the first record that is left."""

from __future__ import annotations

from ansible_collections.streaming.lab.plugins.modules.kafka_group_gaps import gaps
from cli.commands import status


def test_records_deleted_before_a_group_read_them_are_counted() -> None:
    committed = {"a": {("t", 0): 10, ("t", 1): 50}, "b": {("t", 0): 100}}
    first = {("t", 0): 100, ("t", 1): 60}
    assert gaps(committed, first) == [{"group": "a", "topic": "t", "records": 100}]


def test_a_topic_that_is_gone_and_a_group_without_a_place_have_lost_nothing() -> None:
    assert gaps({"a": {("gone", 0): 10, ("t", 0): -1}}, {("t", 0): 100}) == []


def test_status_names_group_topic_and_what_to_do() -> None:
    states = {"kafka": {"gaps": [{"group": "a", "topic": "t", "records": 100}]}}
    (line,) = status.lost_records(states)
    for word in ("group a", "topic t", "100", "retention.ms"):
        assert word in line
    assert status.lost_records({"kafka": {}}) == []
