"""The notes' way to HDFS with hdfs-sink: no row lost, none doubled, though one is killed and a second one runs."""

import json
import time

import pytest

from verify.lib.sinks import Trial
from verify.lib.waits import until

ENGINE = "hdfs-sink"
SERVERS = [("kafka", "kafka"), ("namenode", "hadoop-namenode"), ("datanode", "hadoop-datanode")]
TOPIC = "hdfs-sink"
POISON = '{"schema":null}'


@pytest.fixture(scope="module")
def trial(lab, slate):
    """A topic of two partitions, its folder and the ledger."""
    lab.ask("create", topic=TOPIC, partitions=2)
    made = Trial(lab, TOPIC)
    yield made
    made.stop("sink", "second")


def test_rows_in_are_rows_out(trial, evidence):
    """Two copies on the same partitions, each by another client, one killed with -9: each id once, in order.

    Poison has its own topic.
    """
    trial.sink("sink", "--client", "librdkafka")
    feed = trial.feed(6)
    trial.wait_said("sink", "event=wrote", 60)
    trial.sink("second", "--client", "kafka-python")
    trial.wait_said("second", "event=place", 60)
    trial.signal("sink", "KILL")
    trial.lab.ask("send", topic=TOPIC, values=[POISON])
    feed.wait("produced", 60)
    seen, _ = trial.settle()
    # Both copies may have found it: a repeat has the same key.
    read = lambda: trial.lab.ask("read", topic=f"{TOPIC}-dead-letters", count=1, seconds=5)  # noqa: E731
    dead = {record["key"]: json.loads(record["value"]) for record in until(read, bool, 30, "a dead letter")}
    ((key, letter),) = dead.items()
    assert (letter["reason"], letter["value"]) == ("no payload", POISON)
    assert key == f"{TOPIC}/{letter['partition']}/{letter['offset']}"
    trial.stop("sink", "second")
    for name in ("sink", "second"):
        until(lambda n=name: trial.said(n), lambda said: "event=ended" in said, 20, "it ends by SIGTERM")
    state = trial.lab.workspace.root("systemctl is-failed 'lab-verify-*' || true").split()
    assert "failed" not in state, "a sink that was stopped did not end with status 0"
    evidence(
        f"{seen['acknowledged']} acknowledged, {seen['found']} in {seen['files']} files, missing {seen['missing']},"
        f" doubled {seen['doubled']}, with one of two copies killed; an event without a row has its dead letter"
    )


def test_files_are_merged_and_lag_tools_see_the_place(trial, evidence):
    """Compaction keeps every row; the group's offsets are those of HDFS."""
    words = f"hdfs-sink compact --topic {TOPIC} --folder {trial.folder}"
    before = trial.compare()
    trial.lab.student(words, "/tmp")
    after = trial.compare()
    assert after["files"] == 2, after
    assert (after["found"], after["doubled"], after["disordered"]) == (before["found"], 0, 0)
    until(
        lambda: trial.lab.ask("group", group=f"hdfs-sink-{TOPIC}")["committed"],
        lambda committed: committed == after["found"] + 1,
        15,
        "the group's offsets at the end of both partitions",
    )
    evidence(f"{before['files']} files merged into {after['files']}")


def test_the_lines_of_the_notes_by_day(trial, evidence):
    """The notes' CSV below dt=YYYY-MM-DD, from the record's own time, with partition and offset."""
    value = json.dumps({"payload": {"id": -1, "datahora": 1740132000000, "valor": 14.5}})
    trial.lab.ask("send", topic=TOPIC, values=[value])
    trial.sink("sink", "--folder", f"{trial.folder}/by-day", "--by-day", "--time-field", "datahora", "--offset-columns",
               "--columns", "datahora:datetime,valor:float", "--group", "hdfs-sink-by-day")  # fmt: skip
    trial.wait_said("sink", "dt=2025-02-21", 60)
    time.sleep(1)
    trial.stop("sink")
    assert "event=ended" in trial.said("sink")
    name = f"{trial.folder}/by-day/dt=2025-02-21/{TOPIC}+0+{0:020d}.csv"
    first = trial.lab.hdfs(name).splitlines()[:1]
    assert first == ["21/02/2025 10:00:00,14.5,0,0"]
    evidence(f"dt=2025-02-21: {first[0]}")
