"""The command line of hdfs-sink."""

from __future__ import annotations

import argparse
import math
import os
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, fields

from hdfs_sink.records.batch import Limits
from hdfs_sink.records.columns import KINDS, UNITS, Column

EPILOG = """\
examples:
  hdfs-sink --topic mysql_temperatures
  hdfs-sink --topic mysql_temperatures2 --bare --format jsonl --by-day --seconds 30
  hdfs-sink compact --topic mysql_temperatures
Arguments can come from a file, one on each line: hdfs-sink @file. Ctrl-C or SIGTERM write all gathered rows and end.
"""
NOTES_COLUMNS = "datahora:datetime,valor:float"
SIZES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


@dataclass(frozen=True)
class Settings:
    """The checked command line; its help describes each option."""

    command: str
    topic: str
    bootstrap: list[str]
    webhdfs: str
    user: str
    folder: str
    format: str
    columns: list[Column]
    bare: bool
    offset_columns: bool
    by_day: bool
    time: Column | None
    limits: Limits
    memory: int
    dead_letters: str
    group: str
    share: bool
    instance: tuple[int, int]
    compact_every: float
    compact_bytes: int
    metrics_port: int
    metrics_address: str


def build_parser() -> argparse.ArgumentParser:
    """The parser."""
    parser = argparse.ArgumentParser(
        prog="hdfs-sink",
        description="Copy a topic of Kafka into files of HDFS, every record exactly once.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        fromfile_prefix_chars="@",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("command", nargs="?", choices=("run", "compact"), default="run", help="compact: merge small files and end")
    add("--topic", required=True, help="topic to read")
    add("--bootstrap", metavar="HOST:PORT,...", default=os.environ.get("HDFS_SINK_BOOTSTRAP", "localhost:9092"))
    add("--webhdfs", metavar="URL,...", default=os.environ.get("HDFS_SINK_WEBHDFS", "http://hadoopmaster:9870"),
        help="all NameNodes")  # fmt: skip
    add("--user", default=os.environ.get("HDFS_SINK_USER", "hadoop"), help="HDFS's user, default: hadoop")
    add("--folder", help="in HDFS; default: TOPIC in the lab's folder (HDFS_SINK_FOLDER, otherwise /user/USER/kafka)")

    rows = parser.add_argument_group("rows").add_argument
    rows("--format", choices=("csv", "jsonl"), default="csv", help="default: csv, as in the notes")
    text = f"required fields of a row; kinds: {', '.join(KINDS)}, decimal(SCALE); default for csv: {NOTES_COLUMNS}"
    rows("--columns", metavar="NAME:KIND,...", help=text)
    rows("--bare", action="store_true", help="the value itself is the row, without `payload`")
    rows("--offset-columns", action="store_true", help="add partition and offset to each row")
    rows("--by-day", action="store_true", help="one folder dt=YYYY-MM-DD for each day (UTC)")
    text = "field with the record's time, default kind: datetime; without it: Kafka's time of the record"
    rows("--time-field", default="", metavar="NAME:KIND", help=text)
    rows("--dead-letters", metavar="TOPIC", help="topic for records without a row; default: TOPIC-dead-letters")

    flush = parser.add_argument_group("a file is written at the first of these limits").add_argument
    flush("--rows", type=number(int, 1), default=50_000, help="default: 50000")
    flush("--bytes", type=size, default=size("8m"), help="such as 8m, the default")
    flush("--seconds", type=number(float, 0.001), default=10.0, help="since the first row; default: 10")
    text = "most gathered rows of all partitions; default: 64m"
    flush("--memory", type=size, default=size("64m"), help=text)

    several = parser.add_argument_group("several instances for one topic").add_argument
    several("--share", action="store_true", help="Kafka's consumer group distributes the partitions")
    several("--instance", type=share_of, default=(1, 1), metavar="I/N", help="every N-th partition")
    several("--group", help="consumer group, for --share and for tools that show lag; default: hdfs-sink-TOPIC")

    more = parser.add_argument_group("more").add_argument
    text = "time between two merges of small files; default: 3600; 0: never"
    more("--compact-every", type=number(float, 0), default=3600.0, metavar="SECONDS", help=text)
    more("--compact-bytes", type=size, default=size("128m"), help="largest merged file; default: 128m")
    more("--metrics-port", type=number(int, 0, 65535), default=0, help="port for Prometheus; default: none")
    more("--metrics-address", default="127.0.0.1", help="default: 127.0.0.1")
    return parser


def number(kind: type[int] | type[float], least: float, most: float = 10**9) -> Callable[[str], float]:
    """Make a function that reads a number.

    Args:
        kind: int or float.
        least: smallest number.
        most: largest number.
    Returns:
        a function that raises argparse.ArgumentTypeError for any other text.
    """

    def read_number(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            what = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text!r} is not {what} from {least} to {most}")
        return value

    return read_number


def size(text: str) -> int:
    """Read a size such as 8m.

    Returns:
        bytes.
    Raises:
        argparse.ArgumentTypeError: the text is not a size.
    """
    match = re.fullmatch(r"(\d{1,15})([kmg]?)b?", text.lower(), re.ASCII)
    if not match or not int(match[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 500k or 8m")
    return int(match[1]) * SIZES[match[2]]


def share_of(text: str) -> tuple[int, int]:
    """Read the number of an instance and of all instances: 2/3.

    Raises:
        argparse.ArgumentTypeError: the text is not a share.
    """
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text, re.ASCII)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is not a share such as 1/3, 2/3 or 3/3")
    return int(match[1]), int(match[2])


def invalid_names(given: argparse.Namespace, brokers: list[str]) -> str:
    """Check addresses and names; returns the first problem, or an empty text."""
    for name in (given.topic, given.dead_letters or given.topic):
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", name):
            return f"{name!r} is not the name of a topic"
    for broker in brokers or [""]:
        if not is_address(f"//{broker}"):
            return f"--bootstrap {given.bootstrap!r} is not HOST:PORT, or several with commas between them"
    for url in given.webhdfs.split(","):
        if not re.match("https?://", url) or not is_address(url):
            return f"--webhdfs {given.webhdfs!r} is not http://HOST:PORT, or several with commas between them"
    if not re.fullmatch(r"[^\s/:@?&#]+", given.user):
        return f"--user {given.user!r} is not the name of a user"
    if given.group is not None and not given.group.strip():
        return "--group is empty"
    return "--dead-letters must differ from --topic" if given.dead_letters == given.topic else ""


def is_address(url: str) -> bool:
    """Whether a URL has a host, and no impossible port."""
    try:
        parts = urllib.parse.urlsplit(url)
        return bool(parts.hostname) and not re.search(r"\s", url) and parts.port != 0
    except ValueError:
        return False


def read(argv: list[str] | None = None) -> Settings:
    """Read the command line.

    Args:
        argv: words after the program's name; None: those of this process.
    Raises:
        SystemExit: it is wrong (status 2, with one line that gives the reason).
    """
    parser = build_parser()
    given = parser.parse_args(argv)
    try:
        names = given.columns if given.columns is not None else NOTES_COLUMNS if given.format == "csv" else ""
        columns = [Column.read(text.strip()) for text in names.split(",") if text.strip()]
        time = Column.read(given.time_field, "datetime") if given.time_field else None
        if time and UNITS.get(time.kind, ("time", 0))[0] == "time":
            raise ValueError(f"--time-field {given.time_field!r} is not of a kind that has a day")
    except ValueError as error:
        parser.error(str(error))
    parent = os.environ.get("HDFS_SINK_FOLDER", f"/user/{given.user}/kafka")
    folder = (given.folder or f"{parent}/{given.topic}").rstrip("/")
    brokers = [address.strip() for address in given.bootstrap.split(",") if address.strip()]
    if problem := invalid_names(given, brokers):
        parser.error(problem)
    if not folder.startswith("/"):
        parser.error(f"--folder {folder!r} does not begin with /")
    if given.format == "csv" and not columns:
        parser.error("CSV needs --columns")
    if given.share and given.instance != (1, 1):
        parser.error("--share and --instance exclude each other: either Kafka distributes the partitions, or you do")
    options = vars(given) | {
        "bootstrap": brokers,
        "folder": folder,
        "columns": columns,
        "time": time,
        "limits": Limits(given.rows, given.bytes, given.seconds),
        "dead_letters": given.dead_letters or f"{given.topic}-dead-letters",
        "group": given.group or f"hdfs-sink-{given.topic}",
    }
    return Settings(**{field.name: options[field.name] for field in fields(Settings)})
