"""The command line of hdfs-sink."""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
from dataclasses import dataclass

from hdfs_sink.batch import Limits
from hdfs_sink.rows import Column

EPILOG = """\
examples:
  hdfs-sink --topic mysql_temperatures
  hdfs-sink --topic mysql_temperatures2 --bare --format jsonl --by-day --seconds 30
  hdfs-sink compact --topic mysql_temperatures
Arguments can come from a file, one a line: hdfs-sink @file. Ctrl-C or SIGTERM write what is gathered and end.
"""
NOTES_COLUMNS = "datahora:datetime,valor:float"
CLIENTS = ("auto", "kafka-python", "librdkafka")
UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


@dataclass(frozen=True)
class Settings:
    """What a sink was told, checked. The command line's help says what each means."""

    command: str
    topic: str
    bootstrap: list[str]
    webhdfs: str
    user: str
    folder: str
    format: str
    columns: list[Column]
    bare: bool
    places: bool
    by_day: bool
    time_field: str
    limits: Limits
    memory: int
    dead_letters: str
    group: str
    share: bool
    instance: tuple[int, int]
    client: str
    compact_every: float
    compact_bytes: int
    metrics_port: int
    metrics_address: str


def build_parser() -> argparse.ArgumentParser:
    """The parser."""
    parser = argparse.ArgumentParser(
        prog="hdfs-sink",
        description="Copy a topic of Kafka into files of HDFS, every record once, whatever dies in between.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        fromfile_prefix_chars="@",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("command", nargs="?", choices=("run", "compact"), default="run", help="compact: merge small files, and end")
    add("--topic", required=True, help="what to read")
    add("--bootstrap", metavar="HOST:PORT,...", default=os.environ.get("HDFS_SINK_BOOTSTRAP", "localhost:9092"))
    add("--webhdfs", metavar="URL,...", default=os.environ.get("HDFS_SINK_WEBHDFS", "http://hadoopmaster:9870"),
        help="of all NameNodes")  # fmt: skip
    add("--user", default=os.environ.get("HDFS_SINK_USER", "hadoop"), help="HDFS's user, default: hadoop")
    add("--folder", help="of HDFS, default: the lab's own (HDFS_SINK_FOLDER, else /user/USER/kafka) and below it TOPIC")

    rows = parser.add_argument_group("rows").add_argument
    rows("--format", choices=("csv", "jsonl"), default="csv", help="default: csv, as in the notes")
    text = f"fields that a row must have; kinds: datetime, float, int, text; default for csv: {NOTES_COLUMNS}"
    rows("--columns", metavar="NAME:KIND,...", help=text)
    rows("--bare", action="store_true", help="the value is the row, without `payload` around it")
    rows("--offset-columns", action="store_true", help="partition and offset are in each row")
    rows("--by-day", action="store_true", help="a folder dt=YYYY-MM-DD for each day, UTC")
    text = "field with the record's time in ms since 1970; default: the time that Kafka has of it"
    rows("--time-field", default="", metavar="NAME", help=text)
    rows("--dead-letters", metavar="TOPIC", help="of records without a row; default: TOPIC-dead-letters")

    flush = parser.add_argument_group("when a file is written: whichever comes first").add_argument
    flush("--rows", type=int, default=50_000, help="default: 50000")
    flush("--bytes", type=size, default=size("8m"), help="such as 8m, the default")
    flush("--seconds", type=float, default=10.0, help="since the first row, default: 10")
    text = "of gathered rows, all partitions together; default: 64m"
    flush("--memory", type=size, default=size("64m"), help=text)

    several = parser.add_argument_group("several instances for one topic").add_argument
    several("--share", action="store_true", help="the partitions are shared by Kafka's consumer group")
    several("--instance", type=share_of, default=(1, 1), metavar="I/N", help="every N-th partition")
    several("--group", help="consumer group, for shares and for tools that show lag; default: hdfs-sink-TOPIC")

    more = parser.add_argument_group("more").add_argument
    text = "what reads Kafka; auto, the default: librdkafka where confluent-kafka is installed, but not with --share"
    more("--client", choices=CLIENTS, default="auto", help=text)
    text = "merge small files so often; default: 3600; 0: never"
    more("--compact-every", type=float, default=3600.0, metavar="SECONDS", help=text)
    more("--compact-bytes", type=size, default=size("128m"), help="up to this size; default: 128m")
    more("--metrics-port", type=int, default=0, help="for Prometheus; default: none")
    more("--metrics-address", default="127.0.0.1", help="default: 127.0.0.1")
    return parser


def size(text: str) -> int:
    """Read a size such as 8m.

    Returns:
        bytes.
    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    found = re.fullmatch(r"(\d+)([kmg]?)b?", text.lower())
    if not found or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 500k or 8m")
    return int(found[1]) * UNITS[found[2]]


def share_of(text: str) -> tuple[int, int]:
    """Read which instance of how many: 2/3.

    Raises:
        argparse.ArgumentTypeError: it is no such share.
    """
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is no share such as 1/3, 2/3 or 3/3")
    return int(found[1]), int(found[2])


def read(argv: list[str] | None = None) -> Settings:
    """Read the command line.

    Parameters:
        argv: words after the program's name; None: this process's own.
    Raises:
        SystemExit: it is wrong (status 2, with one line that says what).
    """
    parser = build_parser()
    given = parser.parse_args(argv)
    try:
        names = given.columns if given.columns is not None else NOTES_COLUMNS if given.format == "csv" else ""
        columns = [Column.read(text.strip()) for text in names.split(",") if text.strip()]
    except ValueError as error:
        parser.error(str(error))
    parent = os.environ.get("HDFS_SINK_FOLDER", f"/user/{given.user}/kafka")
    folder = (given.folder or f"{parent}/{given.topic}").rstrip("/")
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", given.topic):
        parser.error(f"{given.topic!r} is no name of a topic")
    if not folder.startswith("/"):
        parser.error(f"--folder {folder!r} does not begin with /")
    if given.format == "csv" and not columns:
        parser.error("a row of CSV needs --columns")
    if given.share and given.instance != (1, 1):
        parser.error("--share and --instance exclude each other: either Kafka shares the partitions out, or you do")
    if min(given.rows, given.seconds) <= 0:
        parser.error("--rows and --seconds are more than 0")
    if given.dead_letters == given.topic:
        parser.error("--dead-letters is a topic of its own")
    fast = importlib.util.find_spec("confluent_kafka") is not None
    if given.client == "librdkafka" and (given.share or not fast):
        parser.error("--client librdkafka " + ("and --share exclude each other" if fast else "needs confluent-kafka"))
    client = given.client
    if client == "auto":
        client = "librdkafka" if fast and not given.share else "kafka-python"
    return Settings(
        command=given.command,
        topic=given.topic,
        bootstrap=[address.strip() for address in given.bootstrap.split(",") if address.strip()],
        webhdfs=given.webhdfs,
        user=given.user,
        folder=folder,
        format=given.format,
        columns=columns,
        bare=given.bare,
        places=given.offset_columns,
        by_day=given.by_day,
        time_field=given.time_field,
        limits=Limits(given.rows, given.bytes, given.seconds),
        memory=given.memory,
        dead_letters=given.dead_letters or f"{given.topic}-dead-letters",
        group=given.group or f"hdfs-sink-{given.topic}",
        share=given.share,
        instance=given.instance,
        client=client,
        compact_every=given.compact_every,
        compact_bytes=given.compact_bytes,
        metrics_port=given.metrics_port,
        metrics_address=given.metrics_address,
    )
