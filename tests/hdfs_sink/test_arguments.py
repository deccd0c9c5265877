"""The command line of hdfs-sink: its help, its defaults, and each refusal."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from hdfs_sink import arguments
from hdfs_sink.arguments import Settings, build_parser, read
from hdfs_sink.records.batch import Limits
from hdfs_sink.records.columns import Column

HELP = Path(__file__).parents[1] / "data/hdfs_sink_help.txt"


@pytest.fixture(autouse=True)
def no_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the lab's addresses nor confluent-kafka."""
    for name in ("BOOTSTRAP", "WEBHDFS", "USER", "FOLDER"):
        monkeypatch.delenv(f"HDFS_SINK_{name}", raising=False)


def words(text: str) -> list[str]:
    """Words of a text: Python releases break lines of a help differently."""
    return text.split()


def test_the_help_describes_every_option(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert words(build_parser().format_help()) == words(HELP.read_text(encoding="utf-8"))


DEFAULTS: dict[str, Any] = {
    "command": "run",
    "topic": "t",
    "bootstrap": ["localhost:9092"],
    "webhdfs": "http://hadoopmaster:9870",
    "user": "hadoop",
    "folder": "/user/hadoop/kafka/t",
    "format": "csv",
    "columns": [Column.read("datahora:datetime"), Column.read("valor:float")],
    "bare": False,
    "offset_columns": False,
    "by_day": False,
    "time": None,
    "limits": Limits(50_000, 8 << 20, 10.0),
    "memory": 64 << 20,
    "dead_letters": "t-dead-letters",
    "group": "hdfs-sink-t",
    "share": False,
    "instance": (1, 1),
    "compact_every": 3600.0,
    "compact_bytes": 128 << 20,
    "metrics_port": 0,
    "metrics_address": "127.0.0.1",
}


def test_only_the_topic_is_required():
    assert read(["--topic", "t"]) == Settings(**DEFAULTS)


def test_every_option_is_read():
    given = [
        "compact", "--topic", "t", "--bootstrap", "a:1, b:2", "--webhdfs", "http://nn1:1,https://nn2", "--user", "me",
        "--folder", "/f/", "--format", "jsonl", "--columns", "id:int, x:decimal(2)", "--bare", "--offset-columns",
        "--by-day", "--time-field", "when", "--dead-letters", "d", "--rows", "7", "--bytes", "2k", "--seconds", "0.5",
        "--memory", "3mb", "--instance", "2/3", "--group", "g", "--compact-every", "0",
        "--compact-bytes", "1g", "--metrics-port", "9101", "--metrics-address", "::1",
    ]  # fmt: skip
    assert read(given) == Settings(
        "compact", "t", ["a:1", "b:2"], "http://nn1:1,https://nn2", "me", "/f", "jsonl",
        [Column.read("id:int"), Column.read("x:decimal(2)")], True, True, True, Column.read("when", "datetime"),
        Limits(7, 2048, 0.5), 3 << 20, "d", "g", False, (2, 3), 0.0, 1 << 30, 9101, "::1",
    )  # fmt: skip


def test_the_labs_addresses_come_from_the_environment(monkeypatch):
    for name, value in (("BOOTSTRAP", "k:1"), ("WEBHDFS", "http://h:2"), ("USER", "u"), ("FOLDER", "/lab")):
        monkeypatch.setenv(f"HDFS_SINK_{name}", value)
    changed = {"bootstrap": ["k:1"], "webhdfs": "http://h:2", "user": "u", "folder": "/lab/t"}
    assert read(["--topic", "t"]) == Settings(**DEFAULTS | changed)
    assert read(["--topic", "t", "--folder", "/own"]).folder == "/own"


def test_a_format_without_columns_writes_whole_records():
    assert read(["--topic", "t", "--format", "jsonl"]).columns == []


def test_arguments_come_from_a_file_one_a_line(tmp_path):
    (tmp_path / "job.args").write_text("--topic\nt\n--seconds\n30\n--bytes\n2m\n", encoding="utf-8")
    given = read([f"@{tmp_path}/job.args"])
    assert (given.topic, given.limits.seconds, given.limits.bytes) == ("t", 30.0, 2 << 20)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "the following arguments are required: --topic"),
        (["--topic", "a b"], "'a b' is not the name of a topic"),
        (["--topic", "t", "--dead-letters", "ç"], "'ç' is not the name of a topic"),
        (["--topic", "t", "--dead-letters", "t"], "--dead-letters must differ from --topic"),
        (["--topic", "t", "--bootstrap", ","], "--bootstrap ',' is not HOST:PORT, or several with commas between them"),
        (["--topic", "t", "--bootstrap", "k:0"], "--bootstrap 'k:0' is not HOST:PORT"),
        (["--topic", "t", "--webhdfs", "hdfs://h"], "--webhdfs 'hdfs://h' is not http://HOST:PORT, or several"),
        (["--topic", "t", "--webhdfs", "http://"], "--webhdfs 'http://' is not http://HOST:PORT"),
        (["--topic", "t", "--user", "a b"], "--user 'a b' is not the name of a user"),
        (["--topic", "t", "--group", " "], "--group is empty"),
        (["--topic", "t", "--folder", "f"], "--folder 'f' does not begin with /"),
        (["--topic", "t", "--columns", ""], "CSV needs --columns"),
        (["--topic", "t", "--share", "--instance", "1/2"], "--share and --instance exclude each other"),
        (["--topic", "t", "--time-field", "x:time"], "--time-field 'x:time' is not of a kind that has a day"),
        (["--topic", "t", "--instance", "3/2"], "'3/2' is not a share such as 1/3, 2/3 or 3/3"),
        (["--topic", "t", "--instance", "0/2"], "'0/2' is not a share"),
        (["--topic", "t", "--bytes", "0"], "'0' is not a size such as 500k or 8m"),
        (["--topic", "t", "--seconds", "0"], "'0' is not a number from 0.001 to 1000000000"),
        (["--topic", "t", "--rows", "x"], "'x' is not a whole number from 1 to 1000000000"),
        (["--topic", "t", "--metrics-port", "65536"], "'65536' is not a whole number from 0 to 65535"),
        (["--topic", "t", "--columns", "a:number"], "is not NAME:KIND"),
        (["--topic", "t", "--columns", "a:int(2)"], "is not NAME:KIND"),
        (["--topic", "t", "--bytes", "much"], "'much' is not a size such as"),
        (["--topic", "t", "--memory", "-1"], "'-1' is not a size such as"),
        (["--topic", "t", "--compact-bytes", "0"], "'0' is not a size such as"),
        (["--topic", "t", "--rows", "0"], "'0' is not a whole number from 1 to"),
        (["--topic", "t", "--rows", "1.5"], "'1.5' is not a whole number from 1 to"),
        (["--topic", "t", "--seconds", "nan"], "'nan' is not a number from 0.001 to"),
        (["--topic", "t", "--seconds", "-1"], "'-1' is not a number from 0.001 to"),
        (["--topic", "t", "--compact-every", "-1"], "'-1' is not a number from 0 to"),
        (["--topic", "t", "--compact-every", "inf"], "'inf' is not a number from 0 to"),
        (["--topic", "t", "--metrics-port", "-1"], "'-1' is not a whole number from 0 to 65535"),
        (["--topic", "t", "--bootstrap", "kafka:99999"], "--bootstrap 'kafka:99999' is not HOST:PORT"),
        (["--topic", "t", "--webhdfs", "hadoopmaster:9870"], "--webhdfs 'hadoopmaster:9870' is not http://HOST:PORT"),
        (["--topic", "t", "--webhdfs", "http://h:port"], "--webhdfs 'http://h:port' is not http://HOST:PORT"),
        (["--topic", "t", "--by"], "unrecognized arguments: --by"),
    ],
)
def test_a_wrong_command_line_says_what_is_wrong(capsys, options, message):
    with pytest.raises(SystemExit) as ended:
        read(options)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "size"), [("1", 1), ("2k", 2048), ("2KB", 2048), ("8m", 8 << 20), ("1g", 1 << 30), ("3b", 3)]
)
def test_sizes(text, size):
    assert arguments.size(text) == size


@pytest.mark.parametrize("text", ["", "k", "1t", "-1", "1.5m", "٢", "1" * 16])
def test_texts_that_are_no_size(text):
    with pytest.raises(argparse.ArgumentTypeError):
        arguments.size(text)
