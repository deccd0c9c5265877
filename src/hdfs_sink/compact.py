"""Merges small files, so that a week of short batches is a few files.

WebHDFS's CONCAT moves the blocks of some files to the end of another one of their folder, and removes their names, all
in one step of the NameNode: a listing shows the files before or the file after, and a crash leaves one or the other.
The sink's place is elsewhere (place.py), so a writer that is late with a merged file's offset is fenced as before.
Bytes are not moved: a merged file has the blocks of all its files.
"""

from __future__ import annotations

from functools import partial
from itertools import takewhile
from typing import Any

from hdfs_sink import webhdfs
from hdfs_sink.arguments import Settings
from hdfs_sink.names import FILE, shown_topic
from hdfs_sink.place import folders

AT_ONCE = 200
"""Files of one request: their names have to fit into a URL."""
PIECES = 2000
"""Files that one file is made of at most; HDFS refuses a file of more than 10,000 blocks (fs-limits)."""
FEW = 8
"""Fewer files than this are left as they are: the next ones will join them."""


def compact(
    client: webhdfs.Client, settings: Settings, partitions: set[int] | None = None, few: int = FEW
) -> dict[int, int]:
    """Merge a sink's files, by folder and partition, in the order of their offsets.

    Parameters:
        client: of WebHDFS.
        settings: topic, folder, size of merged files.
        partitions: which; None: all.
        few: groups with fewer files are not merged.
    Returns:
        how many files were merged into others, by partition.
    Raises:
        webhdfs.ERRORS: some are merged and some not; call again.
    """
    merged: dict[int, int] = {}
    for folder in folders(client, settings.folder):
        for partition, files in by_partition(client.statuses(folder), settings).items():
            if partitions is not None and partition not in partitions:
                continue
            for group in groups(files, settings.compact_bytes):
                if len(group) >= few:
                    merged[partition] = merged.get(partition, 0) + join(client, folder, group)
    return merged


def by_partition(statuses: list[dict[str, Any]], settings: Settings) -> dict[int, list[dict[str, Any]]]:
    """A folder's files of the topic, by partition, in the order of their offsets.

    Parameters:
        statuses: as WebHDFS lists them.
        settings: topic and format.
    """
    topic = shown_topic(settings.topic)
    found: dict[int, list[dict[str, Any]]] = {}
    for status in sorted(statuses, key=lambda status: status["pathSuffix"]):
        name = FILE.fullmatch(status["pathSuffix"])
        if name and name["topic"] == topic and name["format"] == settings.format and status["length"]:
            found.setdefault(int(name["partition"]), []).append(status)
    return found


def groups(files: list[dict[str, Any]], most: int) -> list[list[dict[str, Any]]]:
    """Divide files into runs that may become one file each, by their bytes.

    Parameters:
        files: in their order.
        most: bytes of a merged file.
    """
    made: list[list[dict[str, Any]]] = []
    size = 0
    for file in files:
        mates = made and size + file["length"] <= most and alike(made[-1][0], file)
        if mates:
            made[-1].append(file)
            size += file["length"]
        else:
            made.append([file])
            size = file["length"]
    return made


def alike(target: dict[str, Any], source: dict[str, Any]) -> bool:
    """Whether HDFS joins a file to another: its blocks are no larger, and it has the same number of copies."""
    return source["blockSize"] <= target["blockSize"] and source["replication"] == target["replication"]


def join(client: webhdfs.Client, folder: str, group: list[dict[str, Any]]) -> int:
    """Merge files into the first of them, and from one that it cannot take into that one; returns how many were merged.

    A file cannot take one more than PIECES, nor one of larger blocks than its own.
    """
    paths = [f"{folder}/{file['pathSuffix']}" for file in group]
    target, at, done = 0, 1, 0
    about = client.description(paths[target])
    while at < len(paths):
        pieces = about.get("pieces", 1)
        room = max(0, min(AT_ONCE, PIECES - pieces))
        fitting = list(takewhile(partial(alike, group[target]), group[at : at + room]))
        if not fitting:
            target, at = at, at + 1
            about = client.description(paths[target])
            continue
        sources = paths[at : at + len(fitting)]
        # Before the step, not after: while all are there, each tells how far the partition's files reach. What the last
        # one does not tell stays untold: an older end would have its rows read again (place.py).
        last = client.description(sources[-1])
        told = {"start": about.get("start"), "pieces": pieces + len(sources)}
        told |= {name: last.get(name) for name in ("end", "files")}
        about = {name: value for name, value in told.items() if value is not None}
        client.describe(paths[target], about)
        client.join(paths[target], sources)
        at += len(sources)
        done += len(sources)
    return done
