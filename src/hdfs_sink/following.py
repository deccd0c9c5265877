"""Follows the topic: new partitions, lost offsets, a topic that was deleted and created again."""

from __future__ import annotations

import time

from hdfs_sink.hdfs import position as positions
from hdfs_sink.hdfs.names import Paths
from hdfs_sink.kafka.source import Source
from hdfs_sink.partition import Partition
from hdfs_sink.records.gatherer import Gatherer
from hdfs_sink.records.rows import Maker
from hdfs_sink.state import State
from hdfs_sink.writing import write_due

LOOK_EVERY = 3.0
"""Seconds between two looks at the topic."""


def follow(state: State) -> None:
    """Connect, look at the topic if it is time, and find the positions of new partitions.

    A call after a failure continues.
    """
    now = time.monotonic()
    if state.source is None:
        state.source = Source(state.settings)
    if now >= state.look_at:
        look(state)
        state.look_at = time.monotonic() + LOOK_EVERY
    for number in sorted(state.source.fresh & state.source.owned):
        _start(state, number)
    for number in set(state.partitions) - state.source.owned:
        del state.partitions[number]


def look(state: State) -> None:
    """Look at the topic, and follow its changes."""
    topic, settings, log = state.connected.describe(), state.settings, state.log
    if topic is None:
        if not state.topic_missing:
            state.topic_missing = True
            text = f"topic {settings.topic} does not exist (yet); the next check is in {LOOK_EVERY:.0f} s"
            log.event("no_topic", text, "warning", topic=settings.topic)
        if state.partitions:
            state.be_sure()
            _leave(state)
        return
    state.topic_missing = False
    if state.topic and state.topic.id != topic.id:
        if dropped := _drop_unsure(state):
            text = f"{dropped} records may be of the old topic or of the new one: they are not written as the old one's"
            log.event("given_up", text, "warning", topic=settings.topic, records=dropped)
        _leave(state)
        text = f"topic {settings.topic} was deleted and created again: it is read from its beginning"
        log.event("new_topic", text, "warning", topic=settings.topic, topic_id=topic.id)
        state.topic = None
    else:
        state.be_sure()
        _find_lost(state)
    if state.topic and state.topic.partitions != topic.partitions:
        text = f"topic {settings.topic} has {len(topic.partitions)} partitions now"
        log.event("new_partitions", text, topic=settings.topic, partitions=len(topic.partitions))
    state.topic = topic
    state.connected.follow(topic.partitions)


def _drop_unsure(state: State) -> int:
    """Drop the records that may be another topic's; returns their number."""
    dropped = 0
    for number, partition in list(state.partitions.items()):
        batch = partition.batch
        if batch and not batch.sure:
            dropped += batch.rows + len(batch.poison) + partition.gatherer.waiting
            del state.partitions[number]
        else:
            dropped += partition.gatherer.forget()
    return dropped


def _leave(state: State) -> None:
    """Write all rows of a topic that no longer exists, and start again."""
    write_due(state, finish=True, wait=True, seconds=float("inf"))
    _reconnect(state)


def _reconnect(state: State) -> None:
    """Connect again, and drop all records; after a failure `follow` connects."""
    source, state.source, state.partitions = state.connected, None, {}
    source.close()
    state.source = Source(state.settings)


def _find_lost(state: State) -> None:
    """Find offsets that the log deleted in partitions without new records."""
    source, now = state.connected, time.monotonic()
    for number, partition in state.partitions.items():
        gatherer = partition.gatherer
        expected = gatherer.expected
        quiet = not (partition.batch or gatherer.waiting)
        behind = quiet and partition.idle_at == expected and source.lag({number: expected}).get(number)
        if behind and (first := source.first(number)) > expected:
            gatherer.miss(first, now)
        partition.idle_at = gatherer.expected if quiet else -1


def _start(state: State, number: int) -> None:
    """Find the position of a partition, and read on from there."""
    source, topic, settings = state.connected, state.topic, state.settings
    if topic is None:
        return
    paths = Paths(settings.folder, settings.topic, topic.id, number)
    known = state.partitions.get(number)
    if known and known.paths == paths:
        # A new assignment lost the offset; the gathered records are still right.
        source.seek(number, known.gatherer.expected)
        return
    position = positions.find(state.client, paths, lambda: source.first(number))
    try:
        position = positions.sweep(state.client, paths, position)
    except positions.Fenced:
        return
    make = Maker(
        settings.format,
        settings.columns,
        bare=settings.bare,
        offset_columns=settings.offset_columns,
        time=settings.time,
    )
    gatherer = Gatherer(position.next, make, settings.limits, settings.by_day)
    state.partitions[number] = Partition(paths, position, gatherer)
    source.seek(number, position.next)
    text = f"partition {number} continues at offset {position.next}"
    state.log.event("place", text, topic=settings.topic, partition=number, offset=position.next)
