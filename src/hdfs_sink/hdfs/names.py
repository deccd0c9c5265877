"""Names in HDFS: of files that readers see, of positions, and of the folders of both."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HIDDEN = "_sink"
"""Folder of positions and staged files; Hive and Spark ignore names that begin with `_` or `.`."""
NO_FILE = "none"
"""Format of a batch without rows: it moves the position and publishes nothing."""
DAYS = "days"
"""Day of a batch with rows of several days: it is staged as a folder with one file for each day."""
NO_DAY = "__HIVE_DEFAULT_PARTITION__"
"""Day of rows without a time (NULL), as Hive names the partition of such rows."""
FILE = re.compile(r"(?P<topic>.+)\+(?P<partition>\d+)\+(?P<start>\d{20})(\+[0-9a-f]{12})?\.(?P<format>[a-z]+)")
POSITION = re.compile(
    r"(?P<next>\d{20})\+(?P<start>\d{20})\+(?P<day>-|\d{4}-\d\d-\d\d|days|__HIVE_DEFAULT_PARTITION__)\+(?P<batch>[0-9a-f]{12})\.(?P<format>[a-z]+)"
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_batch() -> str:
    """A unique name for a batch."""
    return uuid.uuid4().hex[:12]


def day_of(milliseconds: int) -> str:
    """The day of a time, in UTC, as Hive's partitions name it: 2026-11-25.

    Args:
        milliseconds: since 1970.
    Raises:
        OverflowError: the time is not in the years 1 to 9999.
    """
    return f"{EPOCH + timedelta(milliseconds=milliseconds):%Y-%m-%d}".rjust(10, "0")


@dataclass(frozen=True)
class Position:
    """How far HDFS has a partition, and its last batch. It is the name of a file.

    Args:
        next: offset of the first record that HDFS does not have.
        start: first offset of the last committed batch.
        day: day of that batch, `-` if files are not laid out by day, DAYS if it has several.
        batch: name of that batch.
        format: `csv` or `jsonl`; NO_FILE: the batch has no rows.
    """

    next: int
    start: int
    day: str
    batch: str
    format: str

    def __str__(self) -> str:
        return f"{self.next:020d}+{self.start:020d}+{self.day}+{self.batch}.{self.format}"

    @classmethod
    def read(cls, name: str) -> Position:
        """Read a position from its name.

        Raises:
            ValueError: the name is not one of a position.
        """
        match = POSITION.fullmatch(name)
        if not match:
            raise ValueError(f"{name} does not name a position")
        return cls(int(match["next"]), int(match["start"]), match["day"], match["batch"], match["format"])

    @property
    def staged(self) -> str:
        """Name of the batch's file while it is hidden, or of the folder with its files."""
        return self.batch if self.day == DAYS else f"{self.batch}.{self.format}"


def shown_topic(topic: str) -> str:
    """A topic's name in the names of files: a name that would hide the files gets a letter before it."""
    return f"t{topic}" if topic[0] in "_." else topic


def file_name(topic: str, partition: int, start: int, format_: str, mark: str = "") -> str:
    """Name of a file that readers see.

    Args:
        topic: see `shown_topic`.
        partition: of the topic.
        start: first offset of the batch, at its commit; its first record may have a later one.
        format_: csv or jsonl.
        mark: the batch's name, if another file has the unmarked name.
    """
    return f"{shown_topic(topic)}+{partition}+{start:020d}{f'+{mark}' if mark else ''}.{format_}"


@dataclass(frozen=True)
class Paths:
    """Paths of one partition.

    Args:
        folder: the sink's, without a slash at its end.
        topic: its name.
        topic_id: Kafka's id of the topic; it changes when a topic is deleted and created again.
        partition: number.
    """

    folder: str
    topic: str
    topic_id: str
    partition: int

    @property
    def home(self) -> str:
        """The partition's hidden folder."""
        return f"{self.folder}/{HIDDEN}/{self.topic}/{self.topic_id}/{self.partition}"

    def position(self, position: Position) -> str:
        """Path of a position; its folder holds exactly one."""
        return f"{self.home}/at/{position}"

    def staged(self, name: str) -> str:
        """Path of a batch's file while it is hidden."""
        return f"{self.home}/staged/{name}"

    def published(self, position: Position, day: str, mark: str = "") -> str:
        """Path where readers see the rows of a committed batch and a day."""
        name = file_name(self.topic, self.partition, position.start, position.format, mark)
        return f"{self.folder}/{name}" if day == "-" else f"{self.folder}/dt={day}/{name}"
