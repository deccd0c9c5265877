"""What becomes of connectors: made, changed, moved to a state, left alone, refused; and what of them is shown."""

from __future__ import annotations

import json

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.connect.plan import (
    ConnectorPlan,
    DeclarationError,
    DeclaredConnector,
    failed_at_rest,
    plan,
    say,
    states,
    wanted_of,
)
from ansible_collections.streaming.lab.plugins.module_utils.connect.secrets import (
    MASK,
    is_secret,
    masked,
    masked_text,
    secrets_of,
)

CONFIG = {"connector.class": "FileStreamSource", "file": "/a", "topic": "t"}
THERE = {**CONFIG, "name": "a"}


def status(state: str = "RUNNING", task: str = "RUNNING", trace: str = "") -> dict:
    """What Connect says of a connector with one task."""
    return {
        "connector": {"state": state, "worker_id": "w:8083"},
        "tasks": [{"id": 0, "state": task, "worker_id": "w:8083", "trace": trace}],
    }


def made(
    wanted: DeclaredConnector | None, there: bool = True, now: dict | None = None, noted: dict | None = None, **more
) -> ConnectorPlan:
    """The plan where connector `a` is there or not."""
    found = {"a": THERE} if there else {}
    state = {"a": now or status()} if there else {}
    return plan([wanted] if wanted else [], found, state, {"a": {}} if noted is None else noted, **more)


def test_as_declared_nothing_changes_but_it_is_looked_at():
    found = made(DeclaredConnector("a", CONFIG))
    assert not found.changes
    assert found.wait == {"a": "running"}


@pytest.mark.parametrize(
    ("config", "now", "restart", "wait"),
    [
        (CONFIG, status(), [], {}),
        (CONFIG, status(task="FAILED"), ["a"], {"a": "running"}),
        ({**CONFIG, "file": "/other"}, status(), [], {"a": "running"}),
    ],
)
def test_a_restart_is_for_failed_tasks_and_waits_for_changes(config, now, restart, wait):
    found = made(DeclaredConnector("a", config, "restarted"), now=now)
    assert (found.restart, found.wait) == (restart, wait)


def test_what_is_not_there_is_created_in_its_state():
    found = made(DeclaredConnector("a", CONFIG, "paused"), there=False)
    assert [connector.name for connector in found.create] == ["a"]
    assert found.wait == {"a": "paused"}
    assert made(DeclaredConnector("a", None), there=False).refused == [
        "a: nothing is declared to make it from; give config or file"
    ]


def test_one_option_changes_that_connector():
    found = made(DeclaredConnector("a", {**CONFIG, "file": "/b"}))
    assert [connector.name for connector in found.change] == ["a"]
    assert say(found, {"a": THERE}) == ["a: changed file"]


def test_states_are_ordered_only_where_they_differ():
    assert made(DeclaredConnector("a", CONFIG, "paused")).order == {"a": "paused"}
    assert not made(DeclaredConnector("a", CONFIG, "paused"), now=status("PAUSED", "PAUSED")).changes
    assert made(DeclaredConnector("a", None, "stopped")).order == {"a": "stopped"}
    assert made(DeclaredConnector("a", CONFIG), now=status("PAUSED", "PAUSED")).order == {"a": "running"}
    assert not made(DeclaredConnector("a", CONFIG), now=status("UNASSIGNED")).changes, "the workers are at it: wait"


def test_what_failed_is_restarted_and_nothing_else():
    failed = status(task="FAILED", trace="x")
    for state in ("running", "restarted"):
        assert made(DeclaredConnector("a", CONFIG, state), now=failed).restart == ["a"]
        assert not made(DeclaredConnector("a", CONFIG, state)).changes
    changed = made(DeclaredConnector("a", {**CONFIG, "file": "/b"}), now=failed)
    assert (len(changed.change), changed.restart) == (1, []), "a change restarts it by itself"


def test_what_failed_of_a_paused_one_is_restarted_when_it_is_to_run():
    failed = status("PAUSED", "FAILED", "x")
    resumed = made(DeclaredConnector("a", CONFIG), now=failed)
    assert (resumed.order, resumed.restart) == ({"a": "running"}, ["a"])
    paused = made(DeclaredConnector("a", CONFIG, "paused"), now=failed)
    assert not paused.changes
    assert failed_at_rest(paused, {"a": failed})[0].startswith("a: task 0 FAILED on w:8083: x; it is to be paused")
    assert failed_at_rest(resumed, {"a": failed}) == []


def test_restarted_does_not_wake_a_paused_one():
    assert not made(DeclaredConnector("a", None, "restarted"), now=status("PAUSED", "PAUSED")).changes


def test_absent_and_fresh():
    assert made(DeclaredConnector("a", None, "absent")).delete == {"a": False}
    assert made(DeclaredConnector("a", None, "absent", reset_offsets=True)).delete == {"a": True}
    assert not made(DeclaredConnector("a", None, "absent"), there=False).changes
    fresh = made(DeclaredConnector("a", CONFIG, "fresh"))
    assert (fresh.delete, [c.name for c in fresh.create], fresh.wait) == ({"a": True}, ["a"], {"a": "running"})
    assert say(fresh, {"a": THERE}) == ["a: created again without its offsets"]


def test_a_connector_no_longer_declared_goes_unless_told_otherwise():
    assert made(None).delete == {"a": False}
    assert made(None, noted={"a": {"reset_offsets": True}}).delete == {"a": True}
    assert made(None, delete_undeclared=False).forgotten == ["a"]
    assert made(None, there=False).forgotten == ["a"], "already gone"


def test_a_connector_made_by_hand_is_never_touched_and_taken_over_when_declared():
    assert not made(None, noted={}).changes
    assert made(DeclaredConnector("a", CONFIG), noted={}).adopted == ["a"]


def test_the_difference_masks_secrets_and_shows_that_one_changed():
    wanted = DeclaredConnector("a", {**CONFIG, "db.password": "new", "odd": "two"})
    found = {"a": {**THERE, "db.password": "old", "odd": "one"}}
    made_plan = plan([wanted], found, {"a": status()}, {"a": {}})
    before, after = states(made_plan, found, {"a": status()}, {"a": {"odd"}})
    assert before["a"]["config"]["db.password"] == before["a"]["config"]["odd"] == MASK
    assert after["a"]["config"]["db.password"] == after["a"]["config"]["odd"] == f"{MASK} (another)"
    assert not {"old", "new", "one", "two"} & set(json.dumps([before, after]).replace('"', " ").split())


def test_the_difference_of_a_deleted_one_has_no_after():
    made_plan = made(None)
    before, after = states(made_plan, {"a": THERE}, {"a": status()}, {})
    assert before["a"]["config"] == CONFIG
    assert after == {}


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("database.password", "x", True),
        ("database.password", "${secrets:/etc/kafka-connect/secrets:mysql_kafka_password}", False),
        ("database.password", "${env:P}x", True),
        ("database.password", "", False),
        ("bluesky.password", "abcd-efgh", True),
        ("consumer.override.sasl.jaas.config", "org... password=x;", True),
        ("value.converter.basic.auth.user.info", "u:p", True),
        ("github.access.token", "x", True),
        ("database.pwd", "x", True),
        ("http.authorization", "Basic eDp5", True),
        ("http.authorization.type", "static", False),
        ("producer.override.ssl.keystore.key", "-----BEGIN PRIVATE KEY-----", True),
        ("database.user", "kafka", False),
        ("file", "/opt/kafka/secret.txt", False),
        ("ssl.keystore.location", "/x", False),
    ],
)
def test_what_is_a_secret(name: str, value: str, secret: bool):
    assert is_secret(name, value) is secret
    assert (masked({name: value})[name] == MASK) is secret
    assert secrets_of({name: value}) == ({value} if secret else set())


def test_what_the_plugin_calls_a_password_is_one():
    assert is_secret("pin", "1234", {"pin"})


def test_a_password_in_an_address():
    shown = masked({"connection.url": "jdbc:mysql://h/d?user=u&password=geheim&x=1", "uri": "https://u:geheim@h/"})
    assert shown == {"connection.url": f"jdbc:mysql://h/d?user=u&password={MASK}&x=1", "uri": f"https://u:{MASK}@h/"}


def test_a_password_in_an_address_is_a_secret_and_a_reference_in_one_is_none():
    inside = {"connection.url": "jdbc:mysql://h/d?user=u&password=geheim&x=1", "uri": "https://u:p:q@h/"}
    assert secrets_of(inside) == {"geheim", "p:q"}
    reference = {"url": "jdbc:mysql://h/d?password=${secrets:/etc/s:kafka}&x=1", "uri": "https://u:${env:P}@h/"}
    assert secrets_of(reference) == set()
    assert masked(reference) == reference


def test_a_text_is_shown_without_the_secrets_it_quotes():
    assert (
        masked_text("no ab, abc, BEGIN KEY for x", {"ab", "abc", "BEGIN\nKEY\n"}) == f"no {MASK}, {MASK}, {MASK} for x"
    )


def test_a_file_and_what_differs_from_it(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"name": "a", "config": CONFIG}), encoding="utf-8")
    entry = {"file": "a.json", "config": {"file": "/b", "tasks.max": 1, "flag": True}}
    assert wanted_of([entry], str(tmp_path)) == [
        DeclaredConnector("a", {**CONFIG, "file": "/b", "tasks.max": "1", "flag": "true"})
    ]
    assert wanted_of([{"file": "a.json", "name": "other"}], str(tmp_path))[0].name == "other"


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"file": "b.json"}, r"there is no connector's file .*/b.json \(in that folder: a.json, bad.json, list.json\)"),
        ({"file": "bad.json"}, "bad.json cannot be read"),
        ({"file": "list.json"}, "list.json is no connector's file"),
        ({"config": CONFIG}, "a connector without a name"),
        ({"config": {"a.password": "geheim"}}, r"a connector without a name: \[\('a.password', '\*+'\)\]$"),
        ({"name": "x", "config": {"file": "/a"}}, "x: its config lacks connector.class"),
        ({"name": "x", "config": {**CONFIG, "topic": None}}, "x: topic has no value"),
        ({"name": "x", "config": {**CONFIG, "name": "y"}}, "x: its config has another name"),
    ],
)
def test_what_cannot_be_declared(tmp_path, entry: dict, why: str):
    for name, text in {"a.json": "{}", "bad.json": "{", "list.json": "[]"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError, match=why):
        wanted_of([entry], str(tmp_path))


def test_a_connector_declared_twice():
    with pytest.raises(DeclarationError, match="x is declared twice"):
        wanted_of([{"name": "x"}, {"name": "x"}], None)
