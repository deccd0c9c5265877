"""Says which records of a batch have no row, and which offsets have no record."""

from __future__ import annotations

import time

from kafka.errors import KafkaError

from hdfs_sink.batch import Batch
from hdfs_sink.dead_letters import DeadLetters
from hdfs_sink.say import Say
from hdfs_sink.source import Source
from hdfs_sink.tally import Tally


def report(source: Source, letters_to: DeadLetters, say: Say, tally: Tally, number: int, batch: Batch) -> None:
    """Say what a batch has no row of: to the topic of dead letters first, then to the log.

    Parameters:
        source: asked where the log begins, if that was not seen when offsets lacked.
        letters_to: the topic of dead letters.
        say: the log.
        tally: counts it.
        number: of the partition.
        batch: marked as reported.
    Raises:
        KafkaError: the brokers did not take it; call again.
    """
    letters = [letters_to.letter(record, reason) for record, reason in batch.poison]
    lost = batch.lost
    if lost is None:
        first = source.first(number)
        lost = [(begin, min(end, first)) for begin, end in batch.gaps if begin < first]
    try:
        letters_to.send(letters + [letters_to.lost(number, *range_) for range_ in lost])
    except KafkaError:
        letters_to.close()
        raise
    batch.reported = True
    for begin, end in lost:
        text = f"partition {number}: Kafka deleted offsets {begin} to {end - 1} before they were read"
        say.event("lost", text, "error", partition=number, first=begin, last=end - 1)
    if batch.poison:
        record, reason = batch.poison[0]
        text = f"{len(letters)} records have no row: see {letters_to.topic}; the first: {record.offset}, {reason}"
        say.event("dead_letters", text, "warning", partition=number, records=len(letters), offset=record.offset)
    gone = sum(end - begin for begin, end in lost)
    skipped = sum(end - begin for begin, end in batch.gaps) - gone
    if skipped:
        text = f"partition {number}: {skipped} offsets have no record (transaction markers, compaction)"
        say.event("skipped", text, partition=number, offsets=skipped)
    tally.add("offsets_lost", number, gone)
    tally.add("offsets_skipped", number, skipped)


def written(say: Say, tally: Tally, number: int, batch: Batch, paths: list[str], folder: str) -> None:
    """Count a batch that HDFS has, and say so.

    Parameters:
        say: the log.
        tally: counts it.
        number: of the partition.
        batch: with or without rows.
        paths: of its files; of several days only those that got their names now.
        folder: the sink's.
    """
    tally.add("dead_letters", number, len(batch.poison))
    if not batch.files:
        return
    tally.add("rows", number, batch.rows)
    tally.add("files", number, len(batch.files))
    tally.add("bytes", number, batch.bytes)
    tally.last = paths[-1].removeprefix(f"{folder}/") if paths else tally.last
    path = paths[0] if len(paths) == 1 else f"{len(batch.files)} files of days {min(batch.files)} to {max(batch.files)}"
    if not say.terminal:
        say.event(
            "wrote",
            f"{batch.rows} rows to {path}",
            partition=number,
            rows=batch.rows,
            bytes=batch.bytes,
            start=batch.start,
            end=batch.end,
            seconds=f"{time.monotonic() - batch.began:.3f}",
            files=len(batch.files),
            file=paths[-1] if paths else tally.last,
        )
