"""The module kafka_topic against brokers of memory: what it asks first, does, notes, and waits for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.kafka import topic_admin
from ansible_collections.streaming.lab.plugins.module_utils.kafka.topic_admin import TopicError, Topics
from ansible_collections.streaming.lab.plugins.modules import kafka_topic

KEYS = {"retention.ms": "604800000", "cleanup.policy": "delete"}


class Admin:
    """What of kafka-python's admin client the module uses, for one broker."""

    def __init__(self) -> None:
        self.topics: dict[str, dict] = {"by-hand": {"partitions": 1, "own": {}}}
        self.calls: list[str] = []
        self.leaderless = False

    def describe_cluster(self) -> dict:
        return {"brokers": [{"broker_id": 0}]}

    def list_topics(self) -> list[str]:
        return list(self.topics)

    def describe_topics(self, names: list[str]) -> list[dict]:
        leader = -1 if self.leaderless else 0
        return [
            {
                "name": name,
                "error_code": 0 if name in self.topics else 3,
                "partitions": [
                    {"leader_id": leader, "replica_nodes": [0]}
                    for _ in range(self.topics.get(name, {}).get("partitions", 0))
                ],
            }
            for name in names
        ]

    def describe_configs(self, resources: list, config_filter: str) -> dict:
        assert config_filter == "all"
        return {
            "topic": {
                resource.name: {
                    key: {
                        "value": self.topics[resource.name]["own"].get(key, default),
                        "config_source": "DYNAMIC_TOPIC_CONFIG"
                        if key in self.topics[resource.name]["own"]
                        else "DEFAULT_CONFIG",
                    }
                    for key, default in KEYS.items()
                }
                for resource in resources
            }
        }

    def create_topics(self, wanted: dict, validate_only: bool, raise_errors: bool) -> dict:
        self.calls.append(f"create{' (asked)' * validate_only}")
        if not validate_only:
            for name, topic in wanted.items():
                self.topics[name] = {"partitions": max(topic["num_partitions"], 1), "own": dict(topic["configs"])}
        bad = {name for name, topic in wanted.items() if "soon" in topic["configs"].values()}
        said = {"error_code": 40, "error_message": "Invalid value soon"}
        good = {"error_code": 0, "error_message": None}
        return {"topics": [{"name": name, **(said if name in bad else good)} for name in wanted]}

    def create_partitions(self, wanted: dict, validate_only: bool, raise_errors: bool):
        self.calls.append(f"partitions{' (asked)' * validate_only}")
        for name, count in wanted.items() if not validate_only else ():
            self.topics[name]["partitions"] = count

        class Answer:
            def to_dict(self) -> dict:
                return {"results": [{"name": name, "error_code": 0, "error_message": None} for name in wanted]}

        return Answer()

    def alter_configs(self, resources: list, validate_only: bool, raise_on_unknown: bool, incremental: bool) -> dict:
        assert incremental, "a plain AlterConfigs would reset what someone else set"
        self.calls.append(f"alter{' (asked)' * validate_only}")
        for resource in resources if not validate_only else ():
            for key, (_, value) in resource.configs.items():
                own = self.topics[resource.name]["own"]
                own.pop(key, None) if value is None else own.update({key: value})
        return {"topic": {resource.name: "OK" for resource in resources}}

    def delete_topics(self, names: list[str], raise_errors: bool) -> dict:
        self.calls.append("delete")
        for name in names:
            self.topics.pop(name, None)
        return {"topics": [{"name": name, "error_code": 0, "error_message": None} for name in names]}


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> Admin:
    """The broker behind the module."""
    made = Admin()

    @contextmanager
    def talk(bootstrap: str, seconds: float) -> Iterator[Topics]:
        made.calls.append("connect")
        yield Topics(made, seconds)

    monkeypatch.setattr(topic_admin, "topics_of", talk)
    monkeypatch.setattr(topic_admin, "PAUSE", 0.001)
    return made


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Where what is declared is noted."""
    return tmp_path / "declared.json"


def run(
    ledger: Path | None, *topics: dict, check: bool = False, undeclared: str = "forget", seconds: float = 5
) -> dict:
    """Run the module's work."""
    entries = [
        {"partitions": None, "replication_factor": None, "config": {}, "state": "present", **topic} for topic in topics
    ]
    options = {
        "bootstrap_servers": "kafka:9092", "topics": entries, "ledger": str(ledger) if ledger else None,
        "undeclared": undeclared, "timeout": seconds,
    }  # fmt: skip
    return kafka_topic.reconcile(options, check)


def test_created_noted_and_again_without_a_change(admin: Admin, ledger: Path) -> None:
    topic = {"name": "a", "partitions": 2, "config": {"retention.ms": 5}}
    assert run(ledger, topic)["messages"] == ["a: created"]
    assert admin.topics["a"] == {"partitions": 2, "own": {"retention.ms": "5"}}
    assert json.loads(ledger.read_text(encoding="utf-8")) == {"topics": {"a": {"config": ["retention.ms"]}}}
    admin.calls.clear()
    assert run(ledger, topic) == {"changed": False, "messages": [], "diff": {"before": {}, "after": {}}}
    assert admin.calls == ["connect"], "all topics by one client, and nothing asked of it that changes"


def test_a_dry_run_asks_the_broker_and_changes_nothing(admin: Admin, ledger: Path) -> None:
    assert run(ledger, {"name": "a"}, check=True)["changed"] is True
    assert admin.calls == ["connect", "create (asked)"]
    assert not ledger.exists()


@pytest.mark.parametrize("check", [False, True])
def test_what_the_broker_refuses_is_said_before_anything_is_done(admin: Admin, ledger: Path, check: bool) -> None:
    topics = [{"name": "a"}, {"name": "b", "config": {"retention.ms": "soon"}}]
    with pytest.raises(TopicError, match=r"^b: creation refused: Invalid value soon \(nothing was changed\)$"):
        run(ledger, *topics, check=check)
    assert list(admin.topics) == ["by-hand"]


def test_an_unknown_key_is_named_with_the_one_meant(admin: Admin) -> None:
    with pytest.raises(TopicError, match=r"a: retention.msec is no config of a topic, did you mean retention.ms\?"):
        run(None, {"name": "a", "config": {"retention.msec": 1}})


def test_changed_and_a_key_put_back(admin: Admin, ledger: Path) -> None:
    run(ledger, {"name": "a", "config": {"retention.ms": 5}})
    admin.topics["a"]["own"]["cleanup.policy"] = "compact"  # by someone else
    run(ledger, {"name": "a", "partitions": 3})
    assert admin.topics["a"] == {"partitions": 3, "own": {"cleanup.policy": "compact"}}


def test_no_longer_declared(admin: Admin, ledger: Path) -> None:
    run(ledger, {"name": "a"}, {"name": "b"})
    assert run(ledger, {"name": "b"})["messages"] == ["a: no longer declared; it stays, with its records"]
    assert run(ledger, undeclared="delete")["messages"] == ["b: deleted with its records"]
    assert sorted(admin.topics) == ["a", "by-hand"]
    assert not ledger.exists()
    admin.calls.clear()
    assert run(ledger)["changed"] is False
    assert admin.calls == [], "nothing declared: no client at all"


def test_one_made_by_hand_is_taken_over_with_a_word(admin: Admin, ledger: Path) -> None:
    assert run(ledger, {"name": "by-hand"})["messages"] == ["by-hand: taken over, it was made by hand"]
    assert run(ledger, {"name": "by-hand"})["changed"] is False


def test_a_topic_that_gets_no_leader(admin: Admin, ledger: Path) -> None:
    admin.leaderless = True
    with pytest.raises(TopicError, match=r"not done within 0.05 s: a has 0 partitions with a leader of 1"):
        run(ledger, {"name": "a"}, seconds=0.05)
    assert "a" in json.loads(ledger.read_text(encoding="utf-8"))["topics"], "it was made, so it is ours"


def test_no_broker_is_one_line() -> None:
    options = {"bootstrap_servers": "127.0.0.1:9", "topics": [{"name": "a"}], "ledger": None, "undeclared": "forget"}
    with pytest.raises(TopicError, match=r"^no broker answers at 127.0.0.1:9 within 0.2 s"):
        kafka_topic.reconcile({**options, "timeout": 0.2}, check=True)
