"""The state that the parts of the sink share."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from hdfs_sink.arguments import Settings
from hdfs_sink.event_log import EventLog
from hdfs_sink.hdfs import client as webhdfs
from hdfs_sink.kafka.dead_letters import DeadLetters
from hdfs_sink.kafka.source import Source, Topic
from hdfs_sink.metrics import Metrics
from hdfs_sink.partition import Partition, Uploads


@dataclass
class State:
    """The state of a sink.

    Args:
        settings: the command line.
        log, metrics: for people and programs.
        topic: as it was seen last.
        source: None: not connected.
        partitions: by number; only those with a known position.
        look_at: when to look at the topic again (time.monotonic).
        stopping: whether the sink was told to end.
    """

    settings: Settings
    log: EventLog
    metrics: Metrics
    topic: Topic | None = None
    source: Source | None = None
    partitions: dict[int, Partition] = field(default_factory=dict)
    look_at: float = 0.0
    stopping: bool = False
    topic_missing: bool = False

    def __post_init__(self) -> None:
        settings = self.settings
        self.client = webhdfs.Client(settings.webhdfs, settings.user)
        self.uploads = Uploads(lambda: webhdfs.Client(settings.webhdfs, settings.user))
        self.letters = DeadLetters(settings.bootstrap, settings.dead_letters, settings.topic)
        self.compact_at = time.monotonic() + settings.compact_every

    @property
    def connected(self) -> Source:
        """The source; only while there is one."""
        assert self.source is not None
        return self.source

    @property
    def positions(self) -> dict[int, int]:
        """Next offset for HDFS, by partition."""
        return {number: partition.position.next for number, partition in self.partitions.items()}

    @property
    def bytes(self) -> int:
        """Size of all rows in memory."""
        return sum(partition.bytes for partition in self.partitions.values())

    def be_sure(self) -> None:
        """Note that all records until now are of the topic that was just seen."""
        for partition in self.partitions.values():
            partition.gatherer.be_sure()
            if partition.batch:
                partition.batch.sure = True
