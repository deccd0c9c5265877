"""The place of a partition in HDFS: what is committed, by whom, and how a batch is committed without doubt.

The place is one empty file, `_sink/TOPIC/ID/PARTITION/at/NAME`; its name holds the next offset that HDFS wants and the
batch that brought it there. A batch takes three steps:

    1. its rows are written to `staged/BATCH.csv`, which no reader sees; rows of several days to
       `staged/BATCH/DAY.csv`;
    2. the place is renamed from the name that the writer knows to the one after the batch. HDFS does that once: for a
       second writer, a writer that was stopped for a day or a repeated request the old name is gone. This is the
       commit, a compare-and-set on the offset;
    3. `staged/BATCH.csv` is renamed to the name that readers see; of several files one after the other.

Who dies before 2 has left hidden files and nothing else. Who dies before 3 is done has committed: the place says so,
and whoever looks at it next does the rest of step 3 first. The place is never deleted and its offset never goes back,
so no writer of an offset that is committed can commit it again, be its file merged, moved or read away. When the answer
to 2 is lost, looking at the place tells which of both names is there.
"""

from __future__ import annotations

import contextlib
import shlex
import time
from collections import defaultdict
from collections.abc import Callable

from hdfs_sink import webhdfs
from hdfs_sink.batch import Batch
from hdfs_sink.names import DAYS, FILE, HIDDEN, NO_FILE, Paths, Place, new_batch, shown_topic

STALE = 900
"""Seconds after which a staged file that no place names is taken for a dead writer's."""


class Fenced(Exception):  # noqa: N818 - it is no error
    """Another writer has moved the place: whatever was gathered since is its, and has to be forgotten."""


class PlaceError(Exception):
    """What lies in the hidden folder is not what this program leaves there.

    Its text can end with a command to paste, so it is never cut (see backoff.brief).
    """

    whole = True


def find(client: webhdfs.Client, paths: Paths, first: Callable[[], int]) -> Place:
    """Find a partition's place, make it where there is none, and publish what it says is committed.

    Parameters:
        client: of WebHDFS.
        paths: of the partition.
        first: says where to begin when HDFS has nothing of the partition.
    Returns:
        the place; another writer may have moved it meanwhile.
    Raises:
        webhdfs.ERRORS: HDFS did not do it; call again.
        PlaceError: there are two, or something else, or none and a file does not say how far it reaches.
    """
    for _ in range(10):
        names = client.names(f"{paths.home}/at")
        if len(names) > 1:
            raise PlaceError(f"{paths.home}/at holds {len(names)} files instead of one: {', '.join(sorted(names))}")
        if names:
            try:
                place = Place.read(names[0])
            except ValueError as error:
                raise PlaceError(f"{paths.home}/at: {error}") from None
            publish(client, paths, place)
            return place
        _make(client, paths, first)
    raise PlaceError(f"{paths.home}/at stays empty")


def _make(client: webhdfs.Client, paths: Paths, first: Callable[[], int]) -> None:
    """Make the place of a partition; of two who do, one wins, since `move` never renames onto or into what is there.

    It is `at` that is renamed: a writer that lives on when the hidden folder is deleted makes `home` again, by staging.
    """
    offset = _reached(client, paths)
    begin = first() if offset is None else offset
    place = Place(begin, begin, "-", new_batch(), NO_FILE)
    new = f"{paths.home}.{place.batch}"
    client.write(f"{new}/at/{place}", data=b"")
    client.parent(f"{paths.home}/at")
    client.move(f"{new}/at", f"{paths.home}/at")
    client._delete(new, recursive="true")


def _reached(client: webhdfs.Client, paths: Paths) -> int | None:
    """How far published files reach, by what was attached to them: for a hidden folder that somebody deleted.

    A topic that was deleted and made again is another one, with a place of its own: its files begin anew.

    Raises:
        webhdfs.ERRORS: call again; a file may have been merged since it was listed.
        PlaceError: a file does not tell its end, such as a copy; to begin at 0 would double all rows. Or some
            files of a batch were still hidden: whatever is guessed loses or doubles rows.
    """
    if set(client.names(f"{paths.folder}/{HIDDEN}/{paths.topic}")) - {paths.topic_id}:
        return None
    ends, batches = [], defaultdict[tuple[int, int], list[str]](list)
    for folder in folders(client, paths.folder):
        for name in client.names(folder):
            found = FILE.fullmatch(name)
            if found and (found["topic"], int(found["partition"])) == (shown_topic(paths.topic), paths.partition):
                path = f"{folder}/{name}"
                about = client.description(path)
                ends.append(about.get("end"))
                if isinstance(about.get("files"), int):
                    batches[ends[-1], about["files"]].append(path)
                if not isinstance(ends[-1], int):
                    raise PlaceError(
                        f"{path} does not say which offset comes after it; say it: "
                        f"""hdfs dfs -setfattr -n {webhdfs.ATTRIBUTE} -v '{{"end":OFFSET}}' FILE"""
                    )
    end = max(ends, default=None)
    for (last, files), shown in batches.items():
        if last == end and len(shown) < files:
            raise PlaceError(
                f"{paths.folder} holds {len(shown)} of {files} files with rows up to offset {last - 1} of "
                f"partition {paths.partition}, and the others were in {HIDDEN}, which is gone; delete what is left "
                f"of them, the sink reads these rows again: hdfs dfs -rm {shlex.join(shown)}"
            )
    return end


def folders(client: webhdfs.Client, folder: str) -> list[str]:
    """The folders that hold published files: the sink's, and one a day where there are some."""
    statuses = client.statuses(folder)
    days = [s["pathSuffix"] for s in statuses if s["type"] == "DIRECTORY" and s["pathSuffix"].startswith("dt=")]
    return [folder, *(f"{folder}/{day}" for day in sorted(days))]


def publish(client: webhdfs.Client, paths: Paths, place: Place) -> list[str]:
    """Give a committed batch's files the names that readers see; nothing is done if they have them.

    Returns:
        these names; of several days only of those that were still hidden.
    Raises:
        webhdfs.ERRORS: call again.
    """
    if place.format == NO_FILE:
        return []
    staged = paths.staged(place.staged)
    if place.day != DAYS:
        return [_show(client, paths, place, staged, place.day)]
    shown = [
        _show(client, paths, place, f"{staged}/{name}", name.removesuffix(f".{place.format}"))
        for name in sorted(client.names(staged))
    ]
    client.remove(staged)
    return shown


def _show(client: webhdfs.Client, paths: Paths, place: Place, staged: str, day: str) -> str:
    """Give a staged file the name that readers see, if it does not have it yet; returns that name."""
    target, marked = paths.published(place, day), paths.published(place, day, mark=place.batch)
    # The name is taken only by files of a topic of this name that was deleted, or of a hidden folder that was.
    for wanted in (target, marked):
        if client.move(staged, wanted):
            return wanted
        if client.exists(staged):
            client.parent(wanted)
            if client.move(staged, wanted):
                return wanted
        if not client.exists(staged):
            # An answer was lost, or somebody else has done it.
            return marked if client.exists(marked) else target
    raise PlaceError(f"{staged} cannot be renamed to {target}: both names are taken")


def stage(client: webhdfs.Client, paths: Paths, batch: Batch, format_: str) -> None:
    """Write a batch's rows to a hidden file, or one of each day; the batch then holds the name that they have.

    Raises:
        webhdfs.ERRORS: call again; they then get another name.
    """
    name = new_batch()
    place = Place(batch.end, batch.start, batch.day, name, format_)
    several = {"files": len(batch.files)} if batch.day == DAYS else {}
    try:
        for day, body in batch.files.items():
            path = paths.staged(f"{name}/{day}.{format_}" if several else place.staged)
            client.write(path, data=body)
            rows = body.count(b"\n")
            client.describe(path, {"start": batch.start, "end": batch.end, "rows": rows, "batch": name, **several})
    except webhdfs.ERRORS:
        # No place can come to name it, since no batch has its name: a full HDFS would get one more at each try.
        with contextlib.suppress(*webhdfs.ERRORS):
            client.remove(paths.staged(place.staged), whole=True)
        raise
    batch.attempt = name


def commit(client: webhdfs.Client, paths: Paths, place: Place, batch: Batch, format_: str) -> Place:
    """Commit a staged batch.

    Parameters:
        client: of WebHDFS.
        paths: of the partition.
        place: as the writer knows it; the batch was staged after that.
        batch: staged.
        format_: of its file.
    Returns:
        the place after it.
    Raises:
        Fenced: the place is another one by now.
        webhdfs.ERRORS: it may be done or not; call again with the same arguments.
    """
    if place.next != batch.start:
        raise Fenced(f"the batch begins at {batch.start} and HDFS wants {place.next}")
    assert batch.attempt, "only a staged batch may be committed"
    new = Place(batch.end, batch.start, batch.day, batch.attempt, format_ if batch.files else NO_FILE)
    before, after = paths.place(place), paths.place(new)
    if client.move(before, after):
        return new
    # Either an earlier request was done though its answer was lost, or another writer was first. In this order: once
    # the old name is gone it stays gone, so that what the second look says cannot change any more.
    if client.exists(before):
        raise webhdfs.HdfsError(f"{before} is there and cannot be renamed")
    if client.exists(after):
        return new
    if batch.files:
        client.remove(paths.staged(new.staged), whole=True)
    raise Fenced(f"another writer has moved {paths.topic} {paths.partition} on from offset {place.next}")


def sweep(client: webhdfs.Client, paths: Paths, place: Place, now: float | None = None) -> Place:
    """Delete what dead writers left staged.

    The place gets a new name first, at the same offset: a writer that is only stopped, and may have staged one of these
    files, can then no longer commit it.

    Parameters:
        client: of WebHDFS.
        paths: of the partition.
        place: published.
        now: seconds since 1970.
    Returns:
        the place, under its new name if something was swept.
    Raises:
        Fenced: the place is another one by now.
        webhdfs.ERRORS: call again.
    """
    oldest = ((time.time() if now is None else now) - STALE) * 1000
    left = [
        status["pathSuffix"]
        for status in client.statuses(f"{paths.home}/staged")
        if status["modificationTime"] < oldest and status["pathSuffix"] != place.staged
    ]
    if not left:
        return place
    batch = Batch(place.next, place.next, {}, 0, [], [], attempt=new_batch())
    place = commit(client, paths, place, batch, NO_FILE)
    for name in left:
        client.remove(paths.staged(name), whole=True)
    return place
