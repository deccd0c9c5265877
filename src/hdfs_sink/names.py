"""Names in HDFS: of the files that readers see, of the place that fences writers, of where both lie."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HIDDEN = "_sink"
"""Folder of places and staged files; Hive and Spark pass over what begins with `_` or `.`."""
NO_FILE = "none"
"""Format of a batch without a row: it moves the place and publishes nothing."""
DAYS = "days"
"""Day of a batch with rows of several days: it is staged as a folder that holds a file of each."""
NO_DAY = "__HIVE_DEFAULT_PARTITION__"
"""Day of rows without a time (NULL), as Hive names the partition of such rows."""
FILE = re.compile(r"(?P<topic>.+)\+(?P<partition>\d+)\+(?P<start>\d{20})(\+[0-9a-f]{12})?\.(?P<format>[a-z]+)")
PLACE = re.compile(
    r"(?P<next>\d{20})\+(?P<start>\d{20})\+(?P<day>-|\d{4}-\d\d-\d\d|days|__HIVE_DEFAULT_PARTITION__)\+(?P<batch>[0-9a-f]{12})\.(?P<format>[a-z]+)"
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_batch() -> str:
    """A name for a batch that no other writer gives."""
    return uuid.uuid4().hex[:12]


def day_of(milliseconds: int) -> str:
    """The day of a time, in UTC, as Hive's partitions name it: 2026-11-25.

    Parameters:
        milliseconds: since 1970.
    Raises:
        OverflowError: not a time of the years 1 to 9999.
    """
    return f"{EPOCH + timedelta(milliseconds=milliseconds):%Y-%m-%d}".rjust(10, "0")


@dataclass(frozen=True)
class Place:
    """What HDFS holds of a partition, and which batch brought it there; it is the name of a file.

    Parameters:
        next: offset of the first record that HDFS does not have.
        start: where the last committed batch began.
        day: its day, `-` where files are not laid out by day, DAYS where it has several.
        batch: its name.
        format: `csv` or `jsonl`; NO_FILE: it has no rows.
    """

    next: int
    start: int
    day: str
    batch: str
    format: str

    def __str__(self) -> str:
        return f"{self.next:020d}+{self.start:020d}+{self.day}+{self.batch}.{self.format}"

    @classmethod
    def read(cls, name: str) -> Place:
        """Read a place from its name.

        Raises:
            ValueError: it is not one.
        """
        found = PLACE.fullmatch(name)
        if not found:
            raise ValueError(f"{name} does not name a place")
        return cls(int(found["next"]), int(found["start"]), found["day"], found["batch"], found["format"])

    @property
    def staged(self) -> str:
        """Name of the batch's file, or of the folder with its files, while it is hidden."""
        return self.batch if self.day == DAYS else f"{self.batch}.{self.format}"


def shown_topic(topic: str) -> str:
    """A topic's name as it stands in the names of files: with a letter before it where it would hide them."""
    return f"t{topic}" if topic[0] in "_." else topic


def file_name(topic: str, partition: int, start: int, format_: str, mark: str = "") -> str:
    """Name of a file that readers see.

    Parameters:
        topic: a name that would hide the file (it begins with `_` or `.`) gets a `t` before it.
        partition: of the topic.
        start: offset that HDFS wanted next when the file was committed; the first record may be a later one.
        format_: its ending.
        mark: the batch, where another file has the plain name already.
    """
    return f"{shown_topic(topic)}+{partition}+{start:020d}{f'+{mark}' if mark else ''}.{format_}"


def day_folder(folder: str, day: str) -> str:
    """Where files of a day lie.

    Parameters:
        folder: the sink's.
        day: `-` where files are not laid out by day.
    """
    return folder if day == "-" else f"{folder}/dt={day}"


@dataclass(frozen=True)
class Paths:
    """Where things of one partition lie.

    Parameters:
        folder: the sink's, without a slash at its end.
        topic: its name.
        topic_id: Kafka's own number of it: a topic that was deleted and made again has another one.
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

    def place(self, place: Place) -> str:
        """Path of a place; the folder holds exactly one."""
        return f"{self.home}/at/{place}"

    def staged(self, name: str) -> str:
        """Path of a batch's file while it is hidden."""
        return f"{self.home}/staged/{name}"

    def published(self, place: Place, day: str, mark: str = "") -> str:
        """Path where readers see a committed batch's rows of a day."""
        name = file_name(self.topic, self.partition, place.start, place.format, mark)
        return f"{day_folder(self.folder, day)}/{name}"
