"""hdfs-sink when Kafka does not do its part: what it says, that it does not spin, and that a signal always ends it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from kafka.errors import KafkaError, TopicAlreadyExistsError, TopicAuthorizationFailedError

from hdfs_sink import backoff
from hdfs_sink.kafka import dead_letters
from hdfs_sink.kafka.dead_letters import DeadLetters, NoTopicError
from tests.conftest import ROOT
from tests.hdfs_sink.hdfs_store import Store
from tests.hdfs_sink.kit import make_sink, said, turn_until
from tests.hdfs_sink.topic_log import Log


@pytest.fixture
def reading():
    """A sink with three rows, each poll of which raises what `failing` holds."""
    store, log, failing = Store(), Log(), []
    log.fill(3)
    made = make_sink(store, log)
    turn_until(made, lambda: bool(made.state.partitions))
    poll, made.polls = made.state.source.poll, 0

    def failing_poll(seconds: float) -> dict:
        made.polls += 1
        if failing:
            raise failing[0]
        return poll(seconds)

    made.state.source.poll = failing_poll
    return made, store, failing


def test_a_poll_that_fails_is_waited_for_and_not_taken_for_resumed(reading, monkeypatch):
    made, store, failing = reading
    monkeypatch.setattr(time, "sleep", lambda _: None)
    failing.append(KafkaError("the leader is gone"))
    for _ in range(200):
        made._turn()
    assert made.polls <= 2, "polled again before its time"
    assert "event=waiting" in said(made) and "event=resumed" not in said(made)
    assert made.metrics.trouble == "waiting: KafkaError: the leader is gone (try 1)"
    failing.clear()
    made._reading.until = 0.0
    turn_until(made, lambda: len(store.visible()) == 3)
    assert said(made).count("event=resumed") == 1
    assert made.metrics.trouble == ""


class Admin:
    """A broker's admin client: whether the topic of dead letters is there, and what an attempt to create it raises."""

    def __init__(self, code: int, refusal: Exception | None = None) -> None:
        self.code, self.refusal, self.created, self.closed = code, refusal, [], 0

    def __call__(self, **_: object) -> Admin:
        return self

    def describe_topics(self, names: list[str]) -> list[dict]:
        return [{"error_code": self.code} for _ in names]

    def create_topics(self, topics: dict, wait_for_metadata: bool) -> None:
        if self.refusal:
            raise self.refusal
        self.created += topics

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def letters(monkeypatch):
    """Makes dead letters that an admin client answers; each that is sent is noted."""

    def make(admin: Admin) -> tuple[DeadLetters, list]:
        sent = []
        done = SimpleNamespace(get=lambda timeout: None)
        producer = SimpleNamespace(
            send=lambda topic, **_: sent.append(topic) or done, flush=lambda timeout: None, close=lambda timeout: None
        )
        monkeypatch.setattr(dead_letters, "KafkaAdminClient", admin)
        monkeypatch.setattr(dead_letters, "KafkaProducer", lambda **_: producer)
        return DeadLetters(["kafka:9092"], "dead", "temperatures"), sent

    return make


@pytest.mark.parametrize(
    ("admin", "created"),
    [
        (Admin(0), []),
        (Admin(3), ["dead"]),
        (Admin(3, TopicAlreadyExistsError("by another")), []),
        (Admin(29), []),
    ],
)
def test_the_topic_of_dead_letters_is_created_where_it_is_missing(letters, admin, created):
    made, sent = letters(admin)
    made.send([(b"k", b"v", "not JSON")])
    made.send([(b"k", b"v", "not JSON")])
    assert (admin.created, admin.closed, sent) == (created, 1, ["dead", "dead"])


def test_a_topic_of_dead_letters_that_cannot_be_created_is_named_in_log_and_metrics(letters, monkeypatch):
    monkeypatch.setattr(backoff, "DELAYS", (0.0,))
    store, log = Store(), Log()
    log.fill(2)
    log.records[0][0] = log.records[0][0]._replace(value=b"bad")
    made = make_sink(store, log)
    admin = Admin(3, TopicAuthorizationFailedError("not authorized"))
    made.state.letters, sent = letters(admin)
    turn_until(made, lambda: made.metrics.retries >= 3)
    assert "topic dead for records without a row is missing and cannot be created (" in said(made)
    assert "create it, or name another one with --dead-letters" in said(made)
    client = pytest.importorskip("prometheus_client")
    registry = client.CollectorRegistry()
    registry.register(made.metrics)
    shown = 'hdfs_sink_dead_letters_topic_missing{dead_letters="dead",topic="temperatures"} 1.0'
    assert shown in client.generate_latest(registry).decode()
    admin.refusal = None
    turn_until(made, lambda: sent == ["dead"])
    turn_until(made, lambda: store.visible() == ["1"])
    assert 'dead_letters="dead"' not in client.generate_latest(registry).decode()


def test_a_topic_of_dead_letters_that_cannot_be_created_says_which():
    error = NoTopicError("dead", "not authorized")
    assert (error.topic, str(error).startswith("NoTopicError")) == ("dead", False)


STUCK = """
import hashlib, sys, time
import tests.hdfs_sink.conftest
from hdfs_sink import __main__ as program
from hdfs_sink.event_log import EventLog
program.LONGEST_END = float(sys.argv[1])
program.end_by_signal(type("Sink", (), {"stop": lambda self: print("stopping", flush=True)})(), EventLog())
print("ready", flush=True)
while True:  # a library that neither looks at signals nor returns
    hashlib.pbkdf2_hmac("sha256", b"", b"", 200_000)
"""


@pytest.mark.parametrize(("longest", "signals"), [(0.1, 1), (600, 2)])
def test_a_signal_ends_it_though_the_main_thread_is_stuck(longest, signals):
    child = subprocess.Popen(
        [sys.executable, "-c", STUCK, str(longest)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "src:."},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert child.stdout.readline() == "ready\n"
        child.terminate()
        assert child.stdout.readline() == "stopping\n"
        for _ in range(signals - 1):
            child.terminate()
        _, errors = child.communicate(timeout=30)
    finally:
        child.kill()
    assert child.returncode == 0
    assert "event=ended" in errors and "rows that are not in HDFS are still in Kafka" in errors
