"""A real sink on HDFS and a topic in memory."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from hdfs_sink import arguments, partition, sink
from hdfs_sink.event_log import EventLog
from hdfs_sink.metrics import Metrics
from tests.hdfs_sink.hdfs_store import FOLDER, Client, Store
from tests.hdfs_sink.topic_log import Letters, Log, Source

TOPIC = "temperatures"
DAY = 86_400_000


def settings(*more: str) -> arguments.Settings:
    """Settings of a sink that writes ids."""
    base = ["--topic", TOPIC, "--folder", FOLDER, "--columns", "id:int", "--compact-every", "0", "--seconds", "0.001"]
    return arguments.read([*base, *more])


def make_sink(store: Store, log: Log, *more: str, step: Any = None, chance: Any = None, **source: Any) -> sink.Sink:
    """A real sink on the store and the log in memory; what it says is in `said`."""
    given = settings(*more)
    made = sink.Sink(given, EventLog(io.StringIO()), Metrics(given.topic))
    made.state.client = Client(store, step) if step else Client(store)
    made.state.uploads = partition.Uploads(lambda: made.state.client)
    made.state.source = Source(log, chance, **source)
    made.state.letters = Letters()
    return made


def said(made: sink.Sink) -> str:
    """What a sink said."""
    return made.log._stream.getvalue()


def turn_until(made: sink.Sink, holds: Callable[[], bool], turns: int = 400) -> None:
    """Let a sink work until something holds."""
    for _ in range(turns):
        made._turn()
        if holds():
            return
    raise AssertionError(f"did not come to that in {turns} turns; it said\n{said(made)}")
