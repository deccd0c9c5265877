"""Parts of hdfs-sink: its command line, names, waiting, log and metrics, merging of files."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from hdfs_sink import arguments, backoff, event_log, following, metrics
from hdfs_sink.hdfs import compact, names
from tests.hdfs_sink.hdfs_store import FOLDER, Client, Store
from tests.hdfs_sink.kit import make_sink, said, settings, turn_until
from tests.hdfs_sink.topic_log import Log, Source


def test_the_defaults_are_the_notes_csv_in_a_folder_of_the_topics_name():
    given = arguments.read(["--topic", "mysql_temperatures"])
    assert given.folder == "/user/hadoop/kafka/mysql_temperatures"
    assert [(c.name, c.kind) for c in given.columns] == [("datahora", "datetime"), ("valor", "float")]
    assert (given.dead_letters, given.group) == ("mysql_temperatures-dead-letters", "hdfs-sink-mysql_temperatures")


def test_a_lab_may_have_a_folder_of_its_own(monkeypatch):
    monkeypatch.setenv("HDFS_SINK_FOLDER", "/user/hadoop/kafka/student01")
    assert arguments.read(["--topic", "t"]).folder == "/user/hadoop/kafka/student01/t"
    assert arguments.read(["--topic", "t", "--folder", "/tmp/x"]).folder == "/tmp/x"


def test_arguments_come_from_a_file_one_a_line(tmp_path):
    (tmp_path / "job.args").write_text("--topic\nt\n--seconds\n30\n--bytes\n2m\n", encoding="utf-8")
    given = arguments.read([f"@{tmp_path}/job.args"])
    assert (given.topic, given.limits.seconds, given.limits.bytes) == ("t", 30.0, 2 << 20)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--topic", "a b"], "not the name of a topic"),
        (["--topic", "t", "--folder", "relative"], "does not begin with /"),
        (["--topic", "t", "--columns", "a:number"], "is not NAME:KIND"),
        (["--topic", "t", "--instance", "4/3"], "not a share such as 1/3"),
        (["--topic", "t", "--share", "--instance", "1/2"], "exclude each other"),
        (["--topic", "t", "--rows", "0"], "not a whole number from 1 to"),
        (["--topic", "t", "--rows", "1.5"], "not a whole number"),
        (["--topic", "t", "--seconds", "nan"], "not a number from 0.001 to"),
        (["--topic", "t", "--seconds", "-1"], "not a number from 0.001 to"),
        (["--topic", "t", "--compact-every", "-1"], "not a number from 0 to"),
        (["--topic", "t", "--compact-every", "inf"], "not a number from 0 to"),
        (["--topic", "t", "--compact-bytes", "0"], "not a size such as"),
        (["--topic", "t", "--memory", "-1"], "not a size such as"),
        (["--topic", "t", "--metrics-port", "99999"], "not a whole number from 0 to 65535"),
        (["--topic", "t", "--metrics-port", "-1"], "not a whole number from 0 to 65535"),
        (["--topic", "t", "--bootstrap", "kafka:99999"], "is not HOST:PORT"),
        (["--topic", "t", "--bootstrap", ","], "is not HOST:PORT"),
        (["--topic", "t", "--webhdfs", "hadoopmaster:9870"], "is not http://HOST:PORT"),
        (["--topic", "t", "--webhdfs", "http://hadoopmaster:port"], "is not http://HOST:PORT"),
        (["--topic", "t", "--user", "a b"], "is not the name of a user"),
        (["--topic", "t", "--group", " "], "--group is empty"),
        (["--topic", "t", "--dead-letters", "a b"], "not the name of a topic"),
        (["--topic", "t", "--columns", "a:int(2)"], "is not NAME:KIND"),
        (["--topic", "t", "--time-field", "a:time"], "not of a kind that has a day"),
        (["--topic", "t", "--bytes", "much"], "not a size such as"),
        (["--topic", "t", "--dead-letters", "t"], "must differ from --topic"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(words, said, capsys):
    with pytest.raises(SystemExit) as ended:
        arguments.read(words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_a_place_is_read_back_from_its_name():
    position = names.Position(12, 7, "2026-11-25", "0123456789ab", "csv")
    assert names.Position.read(str(position)) == position
    with pytest.raises(ValueError, match="does not name a position"):
        names.Position.read("README")


def test_a_topic_whose_name_would_hide_its_files_gets_a_letter():
    assert names.file_name("_t", 0, 5, "csv") == "t_t+0+00000000000000000005.csv"


def test_waiting_grows_to_its_bound_and_is_told_once(monkeypatch):
    waiting = backoff.Backoff()
    assert [waiting.failed("down", 100.0) for _ in range(3)] == [True, False, False]
    assert waiting.waiting(100.9) and not waiting.waiting(101.0)
    assert waiting.failed("refused", 200.0)
    assert str(waiting) == "waiting: refused (try 4)"
    waiting.worked()
    assert str(waiting) == "" and not waiting.waiting(0.0)


def test_a_long_error_of_requests_becomes_one_short_line():
    error = OSError(
        "HTTPConnectionPool(host='h', port=1): Max retries exceeded with url: /webhdfs/v1/x?op=LISTSTATUS "
        "(Caused by NewConnectionError('Connection refused'))"
    )
    assert backoff.brief(error) == "no answer: NewConnectionError('Connection refused')"


def test_lines_of_a_log_are_logfmt():
    out = io.StringIO()
    event_log.EventLog(out).event("wrote", 'two "words"', rows=5, file="/a/b.csv")
    assert 'level=info event=wrote rows=5 file=/a/b.csv msg="two \\"words\\""\n' in out.getvalue()


def test_a_terminal_gets_a_line_that_the_next_one_replaces(monkeypatch):
    out = io.StringIO()
    out.isatty = lambda: True
    log = event_log.EventLog(out)
    log.live("5 rows")
    log.event("ended", "ended")
    assert out.getvalue() == "\r\x1b[K5 rows\r\x1b[Kended\n"


def test_prometheus_sees_counts_lag_and_waiting():
    client = pytest.importorskip("prometheus_client")
    counts = metrics.Metrics("t", lag={0: 7}, trouble="waiting: HDFS")
    counts.add("rows", 0, 5)
    registry = client.CollectorRegistry()
    registry.register(counts)
    text = client.generate_latest(registry).decode()
    assert 'hdfs_sink_rows_total{partition="0",topic="t"} 5.0' in text
    assert 'hdfs_sink_lag{partition="0",topic="t"} 7.0' in text
    assert 'hdfs_sink_waiting{topic="t"} 1.0' in text


def file(name: str, length: int, block: int = 1, copies: int = 1) -> dict:
    return {"pathSuffix": name, "length": length, "blockSize": block, "replication": copies}


def test_files_are_divided_by_size_block_and_copies():
    files = [file("a", 4), file("b", 4), file("c", 4), file("d", 1, block=2), file("e", 1), file("f", 1, copies=2)]
    made = compact.groups(files, max_bytes=8)
    assert [[entry["pathSuffix"] for entry in group] for group in made] == [["a", "b"], ["c"], ["d", "e"], ["f"]]


def test_only_files_of_the_topic_and_format_are_merged():
    statuses = [
        file(name, 1) for name in ("other+0+00000000000000000000.csv", "temperatures+0+00000000000000000000.jsonl")
    ]
    assert compact.by_partition(statuses, settings()) == {}


def test_merging_keeps_days_and_partitions_apart_and_every_row():
    store, log = Store(), Log(2)
    for day in range(3):
        for partition in range(2):
            log.fill(6, partition=partition, timestamp=day * names_day())
    made = make_sink(store, log, "--rows", "2", "--by-day")
    turn_until(made, lambda: len(store.visible()) == 36)
    before = sorted(store.visible())
    assert sum(compact.compact(made.state.client, made.settings, min_files=2).values()) == 12
    assert sorted(store.visible()) == before
    assert store.names() == [
        f"dt=1970-01-0{day + 1}/temperatures+{partition}+{day * 6:020d}.csv"
        for day in range(3)
        for partition in range(2)
    ]


def names_day() -> int:
    return 86_400_000


def test_instances_share_partitions_by_number():
    store, log = Store(), Log(3)
    for partition in range(3):
        log.fill(4, partition=partition)
    first, second = make_sink(store, log, numbers={0, 2}), make_sink(store, log, numbers={1})
    turn_until(first, lambda: len(store.visible()) == 8)
    turn_until(second, lambda: len(store.visible()) == 12)
    assert first.metrics.sum("fenced") == second.metrics.sum("fenced") == 0


def test_a_source_takes_every_nth_partition():
    from hdfs_sink.kafka.kafka_python import KafkaPython

    assigned = []
    source = KafkaPython.__new__(KafkaPython)
    source._settings = arguments.read(["--topic", "t", "--instance", "2/3"])
    source._topic, source.fresh, source._owned = "t", set(), set()
    source._consumer = SimpleNamespace(assign=assigned.extend)
    source.follow(tuple(range(7)))
    assert source.owned == {1, 4}
    assert [part.partition for part in assigned] == [1, 4]


def test_reading_a_topic_does_not_make_it(monkeypatch):
    from kafka.cluster import ClusterMetadata

    from hdfs_sink.kafka import kafka_python

    class Consumer:
        def __init__(self, **options):
            self._cluster = ClusterMetadata()
            self._cluster.add_topic("t")

    monkeypatch.setattr(kafka_python, "KafkaConsumer", Consumer)
    made = kafka_python.KafkaPython(arguments.read(["--topic", "t"]))
    assert made._consumer._cluster.metadata_request().allow_auto_topic_creation is False


def test_all_partitions_are_paused_or_none():
    from hdfs_sink.kafka.kafka_python import KafkaPython

    done = []
    source = KafkaPython.__new__(KafkaPython)
    paused = {1}
    source._consumer = SimpleNamespace(
        assignment=lambda: {1, 2, 3},
        paused=lambda: paused,
        pause=lambda *parts: done.append(("pause", *sorted(parts))),
        resume=lambda *parts: done.append(("resume", *sorted(parts))),
    )
    source.hold(True)
    source.hold(False)
    paused = {1, 2, 3}
    source.hold(True)
    assert done == [("pause", 2, 3), ("resume", 1)]


def test_an_instance_that_the_group_does_not_know_finds_out_after_a_while():
    from hdfs_sink.kafka.kafka_python import KafkaPython

    source = KafkaPython.__new__(KafkaPython)
    source._settings = arguments.read(["--topic", "t", "--share", "--group", "g"])
    source._known_at = None
    members = [{"member_id": "other"}, {"member_id": "me"}]
    source._consumer = SimpleNamespace(group_metadata=lambda: SimpleNamespace(member_id="me"))
    source._admin = SimpleNamespace(describe_groups=lambda groups: {"g": {"members": members}})
    assert not source.left_out(100.0)
    del members[1]
    assert [source.left_out(now) for now in (110.0, 115.0, 115.1)] == [False, False, True]
    members.append({"member_id": "me"})
    assert not source.left_out(200.0)


def test_an_instance_that_was_left_out_joins_anew_and_forgets_what_it_gathered(monkeypatch):
    store, log = Store(), Log()
    log.fill(5)
    made = make_sink(store, log, "--seconds", "3600", "--share")
    turn_until(made, lambda: bool(made.state.partitions) and made.state.partitions[0].gatherer.waiting == 5)
    other = make_sink(store, log)
    turn_until(other, lambda: len(store.visible()) == 5)
    made.state.source.out, made.state.look_at = True, 0.0
    monkeypatch.setattr(following, "open_source", lambda settings: Source(log))
    log.fill(2)
    turn_until(made, lambda: bool(made.state.partitions) and made.state.partitions[0].gatherer.waiting == 2)
    assert "event=left_out" in said(made)
    made._finish()
    assert [int(line) for line in store.visible()] == list(range(7))


def test_the_description_of_a_merged_file_reaches_to_its_end():
    store, log = Store(), Log()
    log.fill(12)
    made = make_sink(store, log, "--rows", "2")
    turn_until(made, lambda: len(store.visible()) == 12)
    compact.compact(Client(store), made.settings, min_files=2)
    (path,) = [path for path in store.files if "/_" not in path]
    assert store.about[path] == {"start": 0, "end": 12, "pieces": 6}
    assert path.startswith(FOLDER)


def test_a_compaction_that_merges_nothing_is_not_told():
    store, log = Store(), Log()
    log.fill(2)
    made = make_sink(store, log, "--compact-every", "0.001")
    turn_until(made, lambda: len(store.visible()) == 2)
    for _ in range(20):
        made._turn()
    assert "event=compacted" not in said(made)


def test_a_port_for_metrics_that_is_taken_ends_it_with_one_line(monkeypatch, capsys):
    import socket
    import sys

    from hdfs_sink import __main__ as program

    monkeypatch.setattr(program, "end_by_signal", lambda sink, log: None)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        monkeypatch.setattr(sys, "argv", ["hdfs-sink", "--topic", "t", "--metrics-port", port])
        assert program.main() == 2
    assert f"port {port} for metrics" in capsys.readouterr().err
