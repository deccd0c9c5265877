"""The position of a partition in HDFS, and how a batch is committed exactly once.

The position is one empty file, `_sink/TOPIC/ID/PARTITION/at/NAME`. Its name holds the next offset and the name of the
batch that was committed last. A batch takes three steps:

    1. stage: its rows are written to `staged/BATCH.csv`, which no reader sees; rows of several days to
       `staged/BATCH/DAY.csv`;
    2. commit: the position is renamed from the name that the writer knows to the one after the batch. HDFS does this
       once. For a second writer, a writer that was stopped for a day or a repeated request, the old name is gone.
       This is a compare-and-set on the offset;
    3. publish: `staged/BATCH.csv` is renamed to the name that readers see; several files one after the other.

A writer that dies before step 2 leaves hidden files and nothing else. A writer that dies before the end of step 3 has
committed: the next writer reads the position and finishes step 3 first. The position is never deleted and its offset
never goes back. So no writer can commit an offset again, even if its file was merged, moved or removed. If the answer
to step 2 is lost, the name of the position shows whether it was done.
"""

from __future__ import annotations

import contextlib
import shlex
import time
from collections import defaultdict
from collections.abc import Callable

from hdfs_sink.hdfs import client as webhdfs
from hdfs_sink.hdfs.names import DAYS, FILE, HIDDEN, NO_FILE, Paths, Position, new_batch, shown_topic
from hdfs_sink.records.batch import Batch

STALE = 900
"""Seconds until a staged file that belongs to no position counts as a dead writer's."""


class Fenced(Exception):  # noqa: N818 - it is no error
    """Another writer has moved the position. It also has the records that this writer gathered."""


class PositionError(Exception):
    """The hidden folder has content that this program does not write.

    The text can end with a command to paste, so it is never cut (see backoff.brief).
    """

    whole = True


def find(client: webhdfs.Client, paths: Paths, first: Callable[[], int]) -> Position:
    """Find the position of a partition, create it if it is missing, and publish its batch.

    Args:
        client: of HDFS.
        paths: of the partition.
        first: returns the first offset if HDFS has nothing of the partition.
    Returns:
        the position; another writer may have moved it since.
    Raises:
        webhdfs.ERRORS: HDFS did not do it; call again.
        PositionError: there are two positions, a foreign file, or none and a file does not tell its last offset.
    """
    for _ in range(10):
        names = client.names(f"{paths.home}/at")
        if len(names) > 1:
            raise PositionError(f"{paths.home}/at holds {len(names)} files instead of one: {', '.join(sorted(names))}")
        if names:
            try:
                position = Position.read(names[0])
            except ValueError as error:
                raise PositionError(f"{paths.home}/at: {error}") from None
            publish(client, paths, position)
            return position
        _create(client, paths, first)
    raise PositionError(f"{paths.home}/at stays empty")


def _create(client: webhdfs.Client, paths: Paths, first: Callable[[], int]) -> None:
    """Create the position of a partition. Of two writers that do, one wins: `move` never renames onto or into a path.

    `at` is renamed, not `home`: staging creates `home` again if somebody deletes it under a running writer.
    """
    offset = _published_end(client, paths)
    start = first() if offset is None else offset
    position = Position(start, start, "-", new_batch(), NO_FILE)
    new = f"{paths.home}.{position.batch}"
    client.write(f"{new}/at/{position}", data=b"")
    client.parent(f"{paths.home}/at")
    client.move(f"{new}/at", f"{paths.home}/at")
    client.remove(new, whole=True)


def _published_end(client: webhdfs.Client, paths: Paths) -> int | None:
    """The offset after all published files, by their attributes; used if somebody deleted the hidden folder.

    A topic that was deleted and created again has its own positions, and is read from its beginning.

    Raises:
        webhdfs.ERRORS: call again; a file may have been merged since it was listed.
        PositionError: a file does not tell its end, such as a copy; starting at 0 would double all rows. Or some
            files of a batch were still hidden: any guess loses or doubles rows.
    """
    if set(client.names(f"{paths.folder}/{HIDDEN}/{paths.topic}")) - {paths.topic_id}:
        return None
    ends: list[int] = []
    batches = defaultdict[tuple[int, int], list[str]](list)
    for folder in folders(client, paths.folder):
        for name in client.names(folder):
            match = FILE.fullmatch(name)
            if match and (match["topic"], int(match["partition"])) == (shown_topic(paths.topic), paths.partition):
                path = f"{folder}/{name}"
                attributes = client.description(path)
                end, files = attributes.get("end"), attributes.get("files")
                if not isinstance(end, int):
                    raise PositionError(
                        f"{path} does not say which offset comes after it; attach it: "
                        f"""hdfs dfs -setfattr -n {webhdfs.ATTRIBUTE} -v '{{"end":OFFSET}}' FILE"""
                    )
                ends.append(end)
                if isinstance(files, int):
                    batches[end, files].append(path)
    last_end = max(ends, default=None)
    for (end, files), shown in batches.items():
        if end == last_end and len(shown) < files:
            raise PositionError(
                f"{paths.folder} holds {len(shown)} of {files} files with rows up to offset {end - 1} of "
                f"partition {paths.partition}, and the others were in {HIDDEN}, which is gone; delete these "
                f"files, and the sink reads their rows again: hdfs dfs -rm {shlex.join(shown)}"
            )
    return last_end


def folders(client: webhdfs.Client, folder: str) -> list[str]:
    """The folders of published files: the sink's folder, and its folders of days."""
    statuses = client.statuses(folder)
    days = [s["pathSuffix"] for s in statuses if s["type"] == "DIRECTORY" and s["pathSuffix"].startswith("dt=")]
    return [folder, *(f"{folder}/{day}" for day in sorted(days))]


def publish(client: webhdfs.Client, paths: Paths, position: Position) -> list[str]:
    """Rename the files of a committed batch to the names that readers see; does nothing if they have them.

    Returns:
        these names; for several days only those of files that were still hidden.
    Raises:
        webhdfs.ERRORS: call again.
    """
    if position.format == NO_FILE:
        return []
    staged = paths.staged(position.staged)
    if position.day != DAYS:
        return [_show(client, paths, position, staged, position.day)]
    shown = [
        _show(client, paths, position, f"{staged}/{name}", name.removesuffix(f".{position.format}"))
        for name in sorted(client.names(staged))
    ]
    client.remove(staged)
    return shown


def _show(client: webhdfs.Client, paths: Paths, position: Position, staged: str, day: str) -> str:
    """Rename a staged file to the name that readers see, unless that is done already; returns that name."""
    target, marked = paths.published(position, day), paths.published(position, day, mark=position.batch)
    # Only files of a deleted topic of this name, or of a deleted hidden folder, can have the unmarked name.
    for name in (target, marked):
        if client.move(staged, name):
            return name
        if client.exists(staged):
            client.parent(name)
            if client.move(staged, name):
                return name
        if not client.exists(staged):
            # An answer was lost, or another writer has done it.
            return marked if client.exists(marked) else target
    raise PositionError(f"{staged} cannot be renamed to {target}: both names are taken")


def stage(client: webhdfs.Client, paths: Paths, batch: Batch, format_: str) -> None:
    """Write the rows of a batch to a hidden file, or to one for each day, and note its name in the batch.

    Raises:
        webhdfs.ERRORS: call again; the rows then get another name.
    """
    name = new_batch()
    position = Position(batch.end, batch.start, batch.day, name, format_)
    several = {"files": len(batch.files)} if batch.day == DAYS else {}
    try:
        for day, body in batch.files.items():
            path = paths.staged(f"{name}/{day}.{format_}" if several else position.staged)
            client.write(path, data=body)
            rows = body.count(b"\n")
            client.describe(path, {"start": batch.start, "end": batch.end, "rows": rows, "batch": name, **several})
    except webhdfs.ERRORS:
        # No position can get this name, since the batch does not have it. A full HDFS would get more files each time.
        with contextlib.suppress(*webhdfs.ERRORS):
            client.remove(paths.staged(position.staged), whole=True)
        raise
    batch.attempt = name


def commit(client: webhdfs.Client, paths: Paths, position: Position, batch: Batch, format_: str) -> Position:
    """Commit a staged batch.

    Args:
        client: of HDFS.
        paths: of the partition.
        position: as the writer knows it; the batch was staged after that.
        batch: with its staged files.
        format_: of the files, such as csv.
    Returns:
        the position after the batch.
    Raises:
        Fenced: another writer has moved the position.
        webhdfs.ERRORS: it may be done or not; call again with the same arguments.
    """
    if position.next != batch.start:
        raise Fenced(f"the batch begins at {batch.start} and HDFS wants {position.next}")
    assert batch.attempt, "only a staged batch may be committed"
    new = Position(batch.end, batch.start, batch.day, batch.attempt, format_ if batch.files else NO_FILE)
    before, after = paths.position(position), paths.position(new)
    if client.move(before, after):
        return new
    # Either an earlier request was done and its answer lost, or another writer was first. The old name is checked
    # first: once it is gone it stays gone, so the second answer cannot become wrong.
    if client.exists(before):
        raise webhdfs.HdfsError(f"{before} is there and cannot be renamed")
    if client.exists(after):
        return new
    if batch.files:
        client.remove(paths.staged(new.staged), whole=True)
    raise Fenced(f"another writer has moved {paths.topic} {paths.partition} on from offset {position.next}")


def sweep(client: webhdfs.Client, paths: Paths, position: Position, now: float | None = None) -> Position:
    """Delete staged files of dead writers.

    The position first gets a new name at the same offset. A writer that only hangs, and has staged one of these files,
    can then no longer commit it.

    Args:
        client: of HDFS.
        paths: of the partition.
        position: published.
        now: seconds since 1970.
    Returns:
        the position, with its new name if files were deleted.
    Raises:
        Fenced: another writer has moved the position.
        webhdfs.ERRORS: call again.
    """
    oldest = ((time.time() if now is None else now) - STALE) * 1000
    stale = [
        status["pathSuffix"]
        for status in client.statuses(f"{paths.home}/staged")
        if status["modificationTime"] < oldest and status["pathSuffix"] != position.staged
    ]
    if not stale:
        return position
    batch = Batch(position.next, position.next, {}, 0, [], [], attempt=new_batch())
    position = commit(client, paths, position, batch, NO_FILE)
    for name in stale:
        client.remove(paths.staged(name), whole=True)
    return position
