"""Writes batches to HDFS, and merges small files."""

from __future__ import annotations

import time

from hdfs_sink.hdfs import position as positions
from hdfs_sink.hdfs.compact import compact
from hdfs_sink.partition import Partition
from hdfs_sink.records.batch import Batch
from hdfs_sink.report import report, written
from hdfs_sink.state import State

PASS_SECONDS = 2.0
"""Longest time of writing before records are polled again and signals are noticed."""
CUT_SECONDS = 30.0
"""Time before the event `log_cut` of a partition is repeated."""


def write_due(state: State, finish: bool, wait: bool, seconds: float | None = None) -> None:
    """Write batches that are due.

    Before a batch is written the topic is looked at: if it was deleted and created again, the last records may be the
    new topic's, at the offsets that are expected of the old one.

    Args:
        state: of the sink.
        finish: write all rows.
        wait: wait for uploads: after a failure, only a finished upload counts as recovered.
        seconds: longest time, default PASS_SECONDS.
    """
    now, seconds = time.monotonic(), PASS_SECONDS if seconds is None else seconds
    for number, partition in list(state.partitions.items()):
        while batch := _next_batch(partition, now, finish):
            if not batch.sure and not _is_sure(state):
                return
            if not _write(state, number, partition, wait=finish or wait):
                partition.gatherer.look()
                break
            if time.monotonic() - now >= seconds or (state.stopping and not finish):
                # The next pass begins with the next partition.
                order = list(state.partitions)
                at = order.index(number) + 1
                state.partitions = {other: state.partitions[other] for other in order[at:] + order[:at]}
                return
        else:
            if partition.gatherer.backwards:
                _check_order(state, number, partition)
    partitions = state.partitions.values()
    if state.bytes > state.settings.memory and not any(partition.batch for partition in partitions):
        largest = max(partitions, key=lambda partition: partition.bytes)
        largest.batch = largest.gatherer.cut(now, finish=True)


def compact_when_due(state: State) -> None:
    """Merge small files if it is time."""
    every = state.settings.compact_every
    if not every or time.monotonic() < state.compact_at:
        return
    state.compact_at = time.monotonic() + every
    merged = compact(state.client, state.settings, set(state.partitions))
    for number, files in merged.items():
        state.metrics.add("files_merged", number, files)
    if merged:
        state.log.event("compacted", f"merged {sum(merged.values())} files", files=sum(merged.values()))


def _next_batch(partition: Partition, now: float, finish: bool) -> Batch | None:
    """The batch of a partition; a new one is cut if there is none."""
    partition.batch = partition.batch or partition.gatherer.cut(now, finish)
    return partition.batch


def _is_sure(state: State) -> bool:
    """Whether the topic is still the one that the positions belong to; if not, the next turn looks at it."""
    topic = state.connected.describe()
    if topic is None or state.topic is None or topic.id != state.topic.id:
        state.look_at = 0.0
        return False
    state.be_sure()
    return True


def _write(state: State, number: int, partition: Partition, wait: bool) -> bool:
    """Bring a batch to HDFS; a call after a failure continues.

    Returns:
        whether it is there. False: its upload runs; or another writer was first, and the position is read again.
    """
    batch, settings = partition.batch, state.settings
    assert batch is not None
    if not batch.reported:
        report(state, number, batch)
    try:
        if not partition.stage(state.client, state.uploads, settings.format, wait):
            return False
        if not batch.committed:
            partition.position = positions.commit(
                state.client, partition.paths, partition.position, batch, settings.format
            )
            batch.committed = True
    except positions.Fenced as fenced:
        state.metrics.add("fenced", number)
        state.log.event("fenced", str(fenced), "warning", partition=number, offset=batch.start)
        del state.partitions[number]
        state.connected.fresh.add(number)
        return False
    paths = positions.publish(state.client, partition.paths, partition.position)
    partition.batch = None
    written(state, number, batch, paths)
    return True


def _check_order(state: State, number: int, partition: Partition) -> None:
    """Handle records at offsets that HDFS already has: the log was cut, or the topic was created again."""
    assert partition.gatherer.backwards is not None
    (first, last), partition.gatherer.backwards = partition.gatherer.backwards, None
    state.look_at = 0.0
    end, expected = state.connected.end(number), partition.gatherer.expected
    if end < expected:
        text = f"partition {number} ends at {end} and HDFS has {expected}: Kafka lost records"
    else:
        text = f"partition {number} was cut and has grown: the new records at {first} to {last} are not in HDFS"
    if end >= expected or time.monotonic() >= partition.quiet_until:
        state.log.event("log_cut", text, "error", partition=number, end=end, expected=expected)
        partition.quiet_until = time.monotonic() + CUT_SECONDS
    # Offsets that HDFS already has are skipped at the end of the log.
    state.connected.seek(number, min(end, expected))
