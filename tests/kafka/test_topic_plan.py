"""What becomes of topics: made, changed, left alone, refused."""

from __future__ import annotations

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.kafka.topic_plan import (
    DeclaredTopic,
    ExistingTopic,
    TopicPlan,
    impossible,
    parsed,
    plan,
    say,
    states,
    wanted_of,
)

TYPED = {
    "min.cleanable.dirty.ratio": "DOUBLE",
    "retention.ms": "LONG",
    "preallocate": "BOOLEAN",
    "cleanup.policy": "LIST",
}
ONE = ExistingTopic(1, 1, {"retention.ms": "604800000", "cleanup.policy": "delete"})
KEPT = ExistingTopic(
    2, 1, {"retention.ms": "1000", "cleanup.policy": "compact"}, frozenset({"retention.ms", "cleanup.policy"})
)


def made(*wanted: DeclaredTopic, found: dict | None = None, noted: dict | None = None, **more) -> TopicPlan:
    """The plan on one broker."""
    return plan(wanted, found or {}, noted or {}, 1, **more)


def test_what_is_not_there_is_created_and_what_is_right_is_left():
    found = made(DeclaredTopic("a", 1), DeclaredTopic("b", 1), found={"b": ONE}, noted={"b": {"config": []}})
    assert [topic.name for topic in found.create] == ["a"]
    assert say(found) == ["a: created"]


def test_as_declared_nothing_changes():
    assert not made(DeclaredTopic("a", 1, 1, {"retention.ms": "604800000"}), found={"a": ONE}).changes


def test_partitions_are_added_and_never_taken_away():
    assert made(DeclaredTopic("a", 3), found={"a": ONE}).partitions == {"a": 3}
    refused = made(DeclaredTopic("a", 1), found={"a": KEPT}).refused
    assert refused[0].startswith("a has 2 partitions, declared are 1: Kafka takes none away")


def test_replicas_are_not_changed_nor_more_than_brokers():
    assert "a has replication factor 1, declared is 3" in made(DeclaredTopic("a", None, 3), found={"a": ONE}).refused[0]
    assert made(DeclaredTopic("a", 1, 3)).refused == ["a: replication factor 3 needs 3 brokers, and 1 is there"]


@pytest.mark.parametrize(
    ("topic", "why"),
    [
        (DeclaredTopic("a b"), "is no topic's name"),
        (DeclaredTopic("."), "is no topic's name"),
        (DeclaredTopic("x" * 250), "is no topic's name"),
        (DeclaredTopic("__consumer_offsets"), "is Kafka's own"),
        (DeclaredTopic("a", 0), "at least one partition, not 0"),
        (DeclaredTopic("a", 1, 0), "at least one replica, not 0"),
    ],
)
def test_what_cannot_be(topic: DeclaredTopic, why: str):
    assert why in made(topic).refused[0]


def test_a_topic_declared_twice():
    assert made(DeclaredTopic("a"), DeclaredTopic("a")).refused == ["a is declared twice"]


def test_a_key_goes_back_when_a_declaration_had_set_it():
    """And only then: what another person set for the topic is theirs."""
    wanted = DeclaredTopic("a", 2, config={"cleanup.policy": "delete"})
    found = made(wanted, found={"a": KEPT}, noted={"a": {"config": ["retention.ms", "cleanup.policy"]}})
    assert found.set == {"a": {"cleanup.policy": "delete"}}
    assert found.reset == {"a": ["retention.ms"]}
    by_hand = made(wanted, found={"a": KEPT}, noted={"a": {"config": ["cleanup.policy"]}})
    assert by_hand.reset == {}


def test_a_topic_no_longer_declared_stays_unless_told_otherwise():
    found = made(found={"a": ONE}, noted={"a": {}})
    assert (found.delete, found.forgotten) == ([], ["a"])
    assert say(found) == ["a: no longer declared; it stays, with its records"]
    assert made(found={"a": ONE}, noted={"a": {}}, delete_undeclared=True).delete == ["a"]
    assert made(found={}, noted={"a": {}}, delete_undeclared=True).forgotten == ["a"], "already gone"


def test_a_topic_never_declared_is_never_touched():
    assert not made(found={"by-hand": ONE}, delete_undeclared=True).changes


def test_absent_deletes_whoever_made_it():
    assert made(DeclaredTopic("a", present=False), found={"a": ONE}).delete == ["a"]
    assert not made(DeclaredTopic("a", present=False)).changes


def test_a_topic_made_by_hand_is_taken_over():
    assert made(DeclaredTopic("a"), found={"a": ONE}).adopted == ["a"]
    assert made(DeclaredTopic("a"), found={"a": ONE}, noted={"a": {}}).adopted == []


def test_the_difference_shows_what_is_touched():
    found = {"a": KEPT, "b": ONE, "c": ONE}
    made_plan = made(
        DeclaredTopic("a", 4, config={"retention.ms": "5"}),
        DeclaredTopic("b", present=False),
        DeclaredTopic("c"),
        DeclaredTopic("d", 2),
        found=found,
    )
    before, after = states(made_plan, found)
    assert before["a"] == {"partitions": 2, "replication_factor": 1, "config": {"retention.ms": "1000"}}
    assert after["a"] == {"partitions": 4, "replication_factor": 1, "config": {"retention.ms": "5"}}
    assert "b" in before and "b" not in after
    assert "c" not in before
    assert after["d"]["partitions"] == 2


def test_values_are_written_as_kafka_writes_them():
    entry = {"name": "a", "config": {"retention.ms": 5, "preallocate": True, "cleanup.policy": ["compact", "delete"]}}
    assert wanted_of([entry])[0].config == {
        "retention.ms": "5",
        "preallocate": "true",
        "cleanup.policy": "compact,delete",
    }


@pytest.mark.parametrize(
    ("key", "described", "declared"),
    [
        ("min.cleanable.dirty.ratio", "0.5", "0.50"),
        ("min.cleanable.dirty.ratio", "0.5", 0.5),
        ("min.cleanable.dirty.ratio", "0.5", "5e-1"),
        ("min.cleanable.dirty.ratio", "1.0", 1),
        ("retention.ms", "604800000", " 604800000 "),
        ("retention.ms", "604800000", "+604800000"),
        ("retention.ms", "-1", -1),
        ("preallocate", "false", "FALSE"),
        ("preallocate", "true", True),
        ("cleanup.policy", "compact,delete", "compact, delete"),
        ("cleanup.policy", "compact,delete", ["compact", "delete"]),
        ("cleanup.policy", "", ""),
    ],
)
def test_a_value_that_the_broker_reads_alike_is_no_change(key, described, declared):
    there = {"a": ExistingTopic(1, 1, {key: described}, frozenset({key}), TYPED)}
    made = plan(wanted_of([{"name": "a", "config": {key: declared}}]), there, {"a": {}}, 1)
    assert not made.changes


@pytest.mark.parametrize(
    ("key", "described", "declared"),
    [
        ("min.cleanable.dirty.ratio", "0.5", "0.51"),
        ("retention.ms", "1000", "1e3"),
        ("retention.ms", "604800000", "7d"),
        ("preallocate", "false", "no"),
        ("cleanup.policy", "compact,delete", "delete"),
        ("compression.type", "producer", "Producer"),
    ],
)
def test_a_value_that_the_broker_reads_otherwise_or_refuses_is_one(key, described, declared):
    there = {"a": ExistingTopic(1, 1, {key: described}, frozenset(), TYPED)}
    made = plan(wanted_of([{"name": "a", "config": {key: declared}}]), there, {"a": {}}, 1)
    assert list(made.set["a"]) == [key]


def test_a_declaration_is_read_with_its_numbers_texts_and_state():
    entries = [
        {"name": "a", "partitions": 2, "replication_factor": 3, "config": {"preallocate": True}, "state": "present"},
        {"name": "b", "partitions": None, "replication_factor": None, "config": None, "state": "absent"},
        {"name": "c"},
    ]
    assert wanted_of(entries) == [
        DeclaredTopic("a", 2, 3, {"preallocate": "true"}),
        DeclaredTopic("b", None, None, {}, False),
        DeclaredTopic("c"),
    ]


@pytest.mark.parametrize("text", ["0.5", "0.5d", "0.5D", "0.5f", "0.5F", "5e-1", " .5 "])
def test_a_double_is_the_same_however_java_writes_it(text):
    assert parsed("DOUBLE", text) == 0.5


@pytest.mark.parametrize(
    ("topic", "refused"),
    [
        (DeclaredTopic("a", 1, 1), []),
        (DeclaredTopic("a", 0), ["a: a topic has at least one partition, not 0"]),
        (DeclaredTopic("a", 1, 0), ["a: a partition has at least one replica, not 0"]),
    ],
)
def test_numbers_below_one_are_refused(topic, refused):
    assert impossible([topic]) == refused


def test_a_value_of_a_key_without_a_type_is_compared_as_text():
    there = ExistingTopic(1, 1, {"k": "01"})
    assert made(DeclaredTopic("a", config={"k": "1"}), found={"a": there}, noted={"a": {}}).set == {"a": {"k": "1"}}
    assert made(DeclaredTopic("a", config={"k": " 01"}), found={"a": there}, noted={"a": {}}).set == {}


def test_the_difference_shows_topics_before_and_after():
    created = TopicPlan(create=[DeclaredTopic("new", config={"k": "v"}), DeclaredTopic("sized", 2, 3)])
    default = "the broker's default"
    assert states(created, {}) == (
        {},
        {
            "new": {"partitions": default, "replication_factor": default, "config": {"k": "v"}},
            "sized": {"partitions": 2, "replication_factor": 3, "config": {}},
        },
    )
    there = ExistingTopic(1, 1, {"own": "1", "set": "2"}, frozenset({"own"}))
    changed = TopicPlan(partitions={"a": 4}, set={"a": {"set": "3", "new": "4"}}, reset={"a": ["own"]}, delete=["b"])
    before = {"partitions": 1, "replication_factor": 1, "config": {"new": "", "own": "1", "set": "2"}}
    assert states(changed, {"a": there, "b": there}) == (
        {"b": {"partitions": 1, "replication_factor": 1, "config": {"own": "1"}}, "a": before},
        {
            "a": {
                "partitions": 4,
                "replication_factor": 1,
                "config": {"new": "4", "own": default, "set": "3"},
            }
        },
    )
