"""Reports on a batch: records without a row, offsets without a record, files."""

from __future__ import annotations

import time

from kafka.errors import KafkaError

from hdfs_sink.records.batch import Batch
from hdfs_sink.state import State


def report(state: State, number: int, batch: Batch) -> None:
    """Report the records and offsets of a batch that have no row: first as dead letters, then in the log.

    Args:
        state: of the sink.
        number: of the partition.
        batch: is marked as reported.
    Raises:
        KafkaError: the brokers refused a dead letter; call again.
    """
    letters = [state.letters.letter(record, reason) for record, reason in batch.poison]
    lost = batch.lost
    if lost is None:
        first = state.connected.first(number)
        lost = [(begin, min(end, first)) for begin, end in batch.gaps if begin < first]
    try:
        state.letters.send(letters + [state.letters.lost(number, begin, end) for begin, end in lost])
    except KafkaError:
        state.letters.close()
        raise
    batch.reported = True
    log = state.log
    for begin, end in lost:
        text = f"partition {number}: Kafka deleted offsets {begin} to {end - 1} before they were read"
        log.event("lost", text, "error", partition=number, first=begin, last=end - 1)
    if batch.poison:
        record, reason = batch.poison[0]
        text = f"{len(letters)} records have no row: see {state.letters.topic}; the first: {record.offset}, {reason}"
        log.event("dead_letters", text, "warning", partition=number, records=len(letters), offset=record.offset)
    lost_offsets = sum(end - begin for begin, end in lost)
    skipped = sum(end - begin for begin, end in batch.gaps) - lost_offsets
    if skipped:
        text = f"partition {number}: {skipped} offsets have no record (transaction markers, compaction)"
        log.event("skipped", text, partition=number, offsets=skipped)
    state.metrics.add("offsets_lost", number, lost_offsets)
    state.metrics.add("offsets_skipped", number, skipped)


def written(state: State, number: int, batch: Batch, paths: list[str]) -> None:
    """Count a batch that is in HDFS, and log it.

    Args:
        state: of the sink.
        number: of the partition.
        batch: that was written.
        paths: of its files; for several days only of those that were renamed now.
    """
    metrics = state.metrics
    metrics.add("dead_letters", number, len(batch.poison))
    if not batch.files:
        return
    metrics.add("rows", number, batch.rows)
    metrics.add("files", number, len(batch.files))
    metrics.add("bytes", number, batch.bytes)
    metrics.last_file = paths[-1].removeprefix(f"{state.settings.folder}/") if paths else metrics.last_file
    path = paths[0] if len(paths) == 1 else f"{len(batch.files)} files of days {min(batch.files)} to {max(batch.files)}"
    if not state.log.terminal:
        state.log.event(
            "wrote",
            f"{batch.rows} rows to {path}",
            partition=number,
            rows=batch.rows,
            bytes=batch.bytes,
            start=batch.start,
            end=batch.end,
            seconds=f"{time.monotonic() - batch.began:.3f}",
            files=len(batch.files),
            file=paths[-1] if paths else metrics.last_file,
        )
