"""Merges small files, so that a week of short batches is a few files.

WebHDFS's CONCAT moves the blocks of some files to the end of another file of the same folder and removes the files, in
one step of the NameNode. A listing shows the files before or the file after, and so does a crash. The position is
separate (position.py), so a late writer is fenced also if the file of its offset was merged. No bytes are copied: a
merged file has the blocks of all its files.
"""

from __future__ import annotations

from functools import partial
from itertools import takewhile
from typing import Any

from hdfs_sink.arguments import Settings
from hdfs_sink.hdfs import client as webhdfs
from hdfs_sink.hdfs.names import FILE, shown_topic
from hdfs_sink.hdfs.position import folders

AT_ONCE = 200
"""Most files in one request: their names must fit into a URL."""
PIECES = 2000
"""Most files in one merged file; HDFS refuses a file of more than 10,000 blocks (fs-limits)."""
MIN_FILES = 8
"""Smaller groups are not merged: later files join them."""


def compact(
    client: webhdfs.Client, settings: Settings, partitions: set[int] | None = None, min_files: int = MIN_FILES
) -> dict[int, int]:
    """Merge a sink's files, by folder and partition, in the order of their offsets.

    Args:
        client: of HDFS.
        settings: the sink's options.
        partitions: numbers; None for all.
        min_files: smaller groups are not merged.
    Returns:
        number of files that were merged into others, by partition.
    Raises:
        webhdfs.ERRORS: some are merged and some are not; call again.
    """
    merged: dict[int, int] = {}
    for folder in folders(client, settings.folder):
        for partition, files in by_partition(client.statuses(folder), settings).items():
            if partitions is not None and partition not in partitions:
                continue
            for group in groups(files, settings.compact_bytes):
                if len(group) >= min_files:
                    merged[partition] = merged.get(partition, 0) + join(client, folder, group)
    return merged


def by_partition(statuses: list[dict[str, Any]], settings: Settings) -> dict[int, list[dict[str, Any]]]:
    """The files of the topic among WebHDFS's statuses of a folder, by partition, in the order of their offsets."""
    topic = shown_topic(settings.topic)
    files: dict[int, list[dict[str, Any]]] = {}
    for status in sorted(statuses, key=lambda status: status["pathSuffix"]):
        match = FILE.fullmatch(status["pathSuffix"])
        if match and match["topic"] == topic and match["format"] == settings.format and status["length"]:
            files.setdefault(int(match["partition"]), []).append(status)
    return files


def groups(files: list[dict[str, Any]], max_bytes: int) -> list[list[dict[str, Any]]]:
    """Divide files, in their order, into groups that can each become one file of at most `max_bytes`."""
    groups: list[list[dict[str, Any]]] = []
    size = 0
    for file in files:
        if groups and size + file["length"] <= max_bytes and fits(groups[-1][0], file):
            groups[-1].append(file)
            size += file["length"]
        else:
            groups.append([file])
            size = file["length"]
    return groups


def fits(target: dict[str, Any], source: dict[str, Any]) -> bool:
    """Whether HDFS joins a file to another: its blocks are no larger, and its replication is the same."""
    return source["blockSize"] <= target["blockSize"] and source["replication"] == target["replication"]


def join(client: webhdfs.Client, folder: str, group: list[dict[str, Any]]) -> int:
    """Merge files into the first one, and from a file that it cannot take into that file.

    A file takes at most PIECES others, and none with larger blocks than its own.

    Returns:
        number of files that were merged into others.
    """
    paths = [f"{folder}/{file['pathSuffix']}" for file in group]
    target, at, merged = 0, 1, 0
    attributes = client.description(paths[target])
    while at < len(paths):
        pieces = attributes.get("pieces", 1)
        room = max(0, min(AT_ONCE, PIECES - pieces))
        fitting = list(takewhile(partial(fits, group[target]), group[at : at + room]))
        if not fitting:
            target, at = at, at + 1
            attributes = client.description(paths[target])
            continue
        sources = paths[at : at + len(fitting)]
        # Before the step, not after: while all files are there, each tells its end. An end that the last file does not
        # tell stays unknown: with an older end its rows would be read again (position.py).
        last = client.description(sources[-1])
        new = {"start": attributes.get("start"), "pieces": pieces + len(sources)}
        new |= {name: last.get(name) for name in ("end", "files")}
        attributes = {name: value for name, value in new.items() if value is not None}
        client.describe(paths[target], attributes)
        client.join(paths[target], sources)
        at += len(sources)
        merged += len(sources)
    return merged
