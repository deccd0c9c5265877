"""Topics of a cluster by kafka-python's admin client: what is asked of it, and what each of its answers becomes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kafka.admin import AlterConfigOp

from ansible_collections.streaming.lab.plugins.module_utils.kafka import topic_admin
from ansible_collections.streaming.lab.plugins.module_utils.kafka.topic_admin import TopicError, Topics, unknown_keys
from ansible_collections.streaming.lab.plugins.module_utils.kafka.topic_plan import (
    DeclaredTopic,
    ExistingTopic,
    TopicPlan,
)

POLICY_VIOLATION, UNKNOWN_TOPIC, AUTHORIZATION = 44, 3, 29


def part(leader: int = 0, replicas: int = 1) -> dict[str, Any]:
    return {"leader_id": leader, "replica_nodes": list(range(replicas))}


class Admin:
    """An admin client with prepared answers. It notes each call."""

    def __init__(self) -> None:
        self.described: list[dict[str, Any]] = []
        self.configs: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self.altered: dict[str, str] = {}
        self.calls: list[tuple[Any, ...]] = []

    def describe_topics(self, names: list[str]) -> list[dict[str, Any]]:
        return [topic for topic in self.described if topic["name"] in names]

    def describe_configs(self, resources: list[Any], config_filter: str) -> dict[str, Any]:
        return {"topic": {resource.name: self.configs[resource.name] for resource in resources}}

    def create_topics(self, wanted: dict[str, Any], **options: Any) -> dict[str, Any]:
        self.calls.append(("create", wanted, options))
        return {"topics": self.answers.get("create", [])}

    def create_partitions(self, wanted: dict[str, int], **options: Any) -> Any:
        self.calls.append(("partitions", wanted, options))
        return SimpleNamespace(to_dict=lambda: {"results": self.answers.get("partitions", [])})

    def delete_topics(self, names: list[str], raise_errors: bool) -> dict[str, Any]:
        self.calls.append(("delete", names, raise_errors))
        return {"topics": self.answers.get("delete", [])}

    def alter_configs(self, resources: list[Any], validate_only: bool, **options: Any) -> dict[str, Any]:
        self.calls.append(("alter", {r.name: r.configs for r in resources}, validate_only, options))
        return {"topic": {r.name: self.altered.get(r.name, "OK") for r in resources}}


@pytest.fixture
def admin() -> Admin:
    return Admin()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time that only passes while the module pauses."""
    pauses: list[float] = []
    monkeypatch.setattr(topic_admin.time, "monotonic", lambda: 100 + sum(pauses))
    monkeypatch.setattr(topic_admin.time, "sleep", pauses.append)
    return pauses


def entry(value: object, source: str = "DEFAULT_CONFIG", **more: str) -> dict[str, Any]:
    return {"value": value, "config_source": source, **more}


def test_a_topic_is_described_with_its_own_keys_and_their_types(admin):
    admin.described = [
        {"name": "a", "error_code": 0, "partitions": [part(replicas=1), part(replicas=3)]},
        {"name": "gone", "error_code": UNKNOWN_TOPIC, "partitions": []},
    ]
    admin.configs["a"] = {
        "retention.ms": entry(5, "DYNAMIC_TOPIC_CONFIG", config_type="LONG"),
        "cleanup.policy": entry("delete"),
    }
    assert Topics(admin, 1).find(["gone", "a", "a"]) == {
        "a": ExistingTopic(
            2,
            3,
            {"retention.ms": "5", "cleanup.policy": "delete"},
            frozenset({"retention.ms"}),
            {"retention.ms": "LONG", "cleanup.policy": "STRING"},
        )
    }


def test_a_topic_that_the_broker_does_not_describe_is_named(admin):
    admin.described = [{"name": "a", "error_code": AUTHORIZATION, "partitions": []}]
    with pytest.raises(TopicError) as refused:
        Topics(admin, 1).find(["a"])
    assert str(refused.value) == "a: the broker does not describe it: TopicAuthorizationFailedError"


def test_the_broker_is_asked_first_about_every_part_of_a_plan(admin):
    plan = TopicPlan(
        create=[DeclaredTopic("new", None, None, {"retention.ms": "5"}), DeclaredTopic("sized", 3, 2)],
        partitions={"grown": 4},
        set={"set": {"a": "1"}},
        reset={"set": ["b"], "reset": ["c"]},
        delete=["gone"],
    )
    assert Topics(admin, 1).refusals(plan) == []
    assert admin.calls == [
        (
            "create",
            {
                "new": {"num_partitions": -1, "replication_factor": -1, "configs": {"retention.ms": "5"}},
                "sized": {"num_partitions": 3, "replication_factor": 2, "configs": {}},
            },
            {"validate_only": True, "raise_errors": False},
        ),
        ("partitions", {"grown": 4}, {"validate_only": True, "raise_errors": False}),
        (
            "alter",
            {
                "reset": {"c": (AlterConfigOp.DELETE, None)},
                "set": {"a": (AlterConfigOp.SET, "1"), "b": (AlterConfigOp.DELETE, None)},
            },
            True,
            {"raise_on_unknown": False, "incremental": True},
        ),
    ]


def test_every_refusal_is_in_the_error(admin):
    admin.answers = {
        "create": [{"name": "a", "error_code": POLICY_VIOLATION, "error_message": "too large"}],
        "partitions": [{"name": "b", "error_code": POLICY_VIOLATION, "error_message": None}],
        "delete": [
            {"name": "c", "error_code": AUTHORIZATION},
            {"name": "d", "error_code": UNKNOWN_TOPIC},
            {"name": "e", "error_code": 0},
        ],
    }
    admin.altered = {"f": "INVALID_CONFIG"}
    plan = TopicPlan([DeclaredTopic("a")], {"b": 2}, {"f": {"k": "v"}, "g": {"k": "v"}}, {}, ["c", "d", "e"])
    with pytest.raises(TopicError) as refused:
        Topics(admin, 1).apply(plan)
    assert str(refused.value) == (
        "a: creation refused: too large; b: more partitions refused: PolicyViolationError; f: INVALID_CONFIG; "
        "c: deletion refused: TopicAuthorizationFailedError"
    )
    assert ("delete", ["c", "d", "e"], False) in admin.calls


def test_a_plan_is_done_when_each_partition_has_a_leader(admin, clock):
    admin.described = [
        {"name": "new", "error_code": 0, "partitions": [part()]},
        {"name": "grown", "error_code": 0, "partitions": [part(), part(-1)]},
    ]

    def elected(seconds: float) -> None:
        clock.append(seconds)
        admin.described[1]["partitions"][1]["leader_id"] = 0

    topic_admin.time.sleep = elected
    Topics(admin, 9).apply(TopicPlan(create=[DeclaredTopic("new")], partitions={"grown": 2}))
    assert clock == [topic_admin.PAUSE]


def test_what_is_late_is_named_after_the_time_is_over(admin, clock):
    admin.described = [{"name": name, "error_code": 0, "partitions": [part(-1), part()]} for name in ("slow", "gone")]
    with pytest.raises(TopicError) as late:
        Topics(admin, 0.25).apply(TopicPlan(create=[DeclaredTopic("slow", 2), DeclaredTopic("none")], delete=["gone"]))
    assert str(late.value) == (
        "not done within 0.25 s: gone is still there, slow has 1 partitions with a leader of 2, "
        "none has 0 partitions with a leader of 1; is every broker up?"
    )
    assert len(clock) == 3


def test_an_unknown_key_is_named_with_the_closest_one():
    wanted = [DeclaredTopic("a", config={"retention.mss": "1", "retention.ms": "2", "zzz": "3"})]
    assert unknown_keys(wanted, {"retention.ms", "cleanup.policy"}) == [
        "a: retention.mss is no config of a topic, did you mean retention.ms?",
        "a: zzz is no config of a topic",
    ]
    assert unknown_keys(wanted, set()) == []
