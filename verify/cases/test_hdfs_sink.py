"""The notes' way to HDFS with hdfs-sink: no row lost, none doubled, though one is killed and a second one runs."""

import json
import time
from collections import Counter
from pathlib import Path

import pytest

from verify.support.sinks import Trial
from verify.support.waits import until

ENGINE = "hdfs-sink"
SERVERS = [("kafka", "kafka"), ("namenode", "hadoop-namenode"), ("datanode", "hadoop-datanode")]
TOPIC = "hdfs-sink"
POISON = '{"schema":null}'
EXAMPLES = json.loads(Path(__file__).parents[1].joinpath("data/example_rows.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def trial(lab, slate):
    """A topic of two partitions, its folder and the ledger."""
    lab.ask("create", topic=TOPIC, partitions=2)
    made = Trial(lab, TOPIC)
    yield made
    made.stop("sink", "second")


def test_rows_in_are_rows_out(trial, evidence):
    """Two copies on the same partitions, one killed with -9: each id once, in order.

    Poison has its own topic.
    """
    trial.sink("sink")
    feed = trial.feed(6)
    trial.wait_said("sink", "event=wrote", 60)
    trial.sink("second")
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
    trial.end("sink", "second")
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


@pytest.mark.extra
def test_example_records_become_their_rows(trial, evidence):
    """NULL, MySQL's types as their schemas describe them, every digit: csv by day, and jsonl."""
    lab = trial.lab
    topics = {f"hdfs-sink-rows-{number}": group for number, group in enumerate(EXAMPLES)}
    lab.ask("fill", topics={topic: [row["value"] for row in group["records"]] for topic, group in topics.items()})
    wanted: dict[str, Counter] = {}
    for number, (topic, group) in enumerate(topics.items()):
        common = ["--topic", topic, "--group", "hdfs-sink-rows", *["--bare"] * group["bare"]]
        csv, jsonl = f"{trial.folder}/rows/{number}-csv", f"{trial.folder}/rows/{number}-jsonl"
        trial.sink(f"csv-{number}", *common, "--folder", csv, "--columns", group["columns"], "--by-day",
                   "--time-field", group["time_field"])  # fmt: skip
        trial.sink(f"jsonl-{number}", *common, "--folder", jsonl, "--columns", "", "--format", "jsonl")
        days = [f"dt={row['day'] or '__HIVE_DEFAULT_PARTITION__'}" for row in group["records"]]
        wanted[csv] = Counter(zip(days, [row["csv"] for row in group["records"]], strict=True))
        wanted[jsonl] = Counter(("", compact(row["jsonl"])) for row in group["records"])
    seen = {}
    for folder, rows in wanted.items():
        look = lambda folder=folder: trial.lines(folder)  # noqa: E731
        full = lambda files, rows=rows: sum(map(len, files.values())) >= rows.total()  # noqa: E731
        seen[folder] = until(look, full, 60, f"{rows.total()} rows in {folder}", 0.3)
    trial.stop(*[f"{format_}-{number}" for number in range(len(EXAMPLES)) for format_ in ("csv", "jsonl")])
    for folder, rows in wanted.items():
        found = [(name.rpartition("/")[0], line) for name, lines in seen[folder].items() for line in lines]
        assert Counter((day, line if folder.endswith("csv") else compact(line)) for day, line in found) == rows
    count = sum(len(group["records"]) for group in EXAMPLES)
    evidence(f"{count} example records of {len(EXAMPLES)} tables are the expected rows, as csv by day and as jsonl")


def compact(line: str) -> str:
    """A line of JSON without its blanks."""
    return line.replace(": ", ":").replace(", ", ",")


@pytest.mark.extra
def test_days_that_alternate_do_not_make_a_file_of_each_row(trial, evidence):
    """10,000 rows of two days by turns: two files a batch."""
    folder, topic = f"{trial.folder}/turns", "hdfs-sink-turns"
    values = [json.dumps({"payload": {"datahora": day * 86_400_000, "valor": 1.5}}) for day in range(2)]
    trial.lab.ask("fill", topics={topic: values}, times=5000)
    trial.sink("turns", "--topic", topic, "--folder", folder, "--by-day", "--time-field", "datahora", "--rows", "5000",
               "--columns", "valor:float", "--group", "hdfs-sink-rows", "--seconds", "5")  # fmt: skip
    look = lambda: trial.lines(folder)  # noqa: E731
    files = until(look, lambda files: sum(map(len, files.values())) >= 10_000, 60, "10,000 rows", 0.5)
    trial.stop("turns")
    rows = Counter(name.rpartition("/")[0] for name, lines in files.items() for _ in lines)
    assert rows == {"dt=1970-01-01": 5000, "dt=1970-01-02": 5000}
    assert len(files) <= 8, sorted(files)
    evidence(f"10,000 rows of two days by turns: {len(files)} files")
