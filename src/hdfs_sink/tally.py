"""What a sink has done, counted by partition, and how it is shown: a progress line, metrics for Prometheus."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

COUNTED = {
    "rows": "Rows in HDFS, written by this process",
    "files": "Files written",
    "bytes": "Bytes of these files",
    "dead_letters": "Records without a row, in the topic of dead letters",
    "offsets_lost": "Offsets that Kafka deleted before they were read",
    "offsets_skipped": "Offsets without a record: transaction markers, compaction",
    "fenced": "Batches given up because another writer was first",
    "files_merged": "Files that compaction merged into others",
}


@dataclass
class Tally:
    """Counts by (what, partition); see COUNTED.

    Parameters:
        topic: for labels.
        lag: records that Kafka has and HDFS has not, by partition.
        last: the file that was published last.
        trouble: what is being waited for, empty if nothing.
        retries: requests that HDFS or Kafka refused or left unanswered, and that were made again.
        missing_topic: a topic of dead letters that is missing and cannot be created, empty if none is.
    """

    topic: str
    counts: Counter = field(default_factory=Counter)
    lag: dict[int, int] = field(default_factory=dict)
    last: str = ""
    trouble: str = ""
    retries: int = 0
    missing_topic: str = ""
    _seen: tuple[float, int] = field(default_factory=lambda: (time.monotonic(), 0))

    def add(self, what: str, partition: int, number: int = 1) -> None:
        """Count."""
        if number:
            self.counts[what, partition] += number

    def sum(self, what: str) -> int:
        """A count over all partitions."""
        return sum(number for (name, _), number in list(self.counts.items()) if name == what)

    def rate(self) -> float:
        """Rows per second since this was last asked for."""
        now, rows = time.monotonic(), self.sum("rows")
        then, before = self._seen
        self._seen = (now, rows)
        return (rows - before) / max(now - then, 1e-9)

    def line(self, rate: float) -> str:
        """The progress as a line for people."""
        parts = [f"{self.topic}: {self.sum('rows')} rows", f"{rate:.0f} rows/s", f"lag {sum(self.lag.values())}"]
        parts += [
            f"{self.sum(what)} {what.replace('_', ' ')}" for what in ("dead_letters", "offsets_lost") if self.sum(what)
        ]
        parts.append(self.trouble or (f"last {self.last}" if self.last else "nothing written yet"))
        return ", ".join(parts)

    def fields(self, rate: float) -> dict[str, Any]:
        """The progress as fields for programs."""
        return {
            "topic": self.topic,
            "rows": self.sum("rows"),
            "rows_per_second": f"{rate:.0f}",
            "lag": sum(self.lag.values()),
            "files": self.sum("files"),
            "dead_letters": self.sum("dead_letters"),
            "offsets_lost": self.sum("offsets_lost"),
            "last_file": self.last or "-",
        }


class Collector:
    """Shows a tally to Prometheus's client, which calls `collect` when somebody asks."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def collect(self) -> Iterator[Any]:
        """Give every count, the lag, and whether something is being waited for."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        tally = self._tally
        for what, text in COUNTED.items():
            family = CounterMetricFamily(f"hdfs_sink_{what}", text, labels=("topic", "partition"))
            for (name, partition), number in list(tally.counts.items()):
                if name == what:
                    family.add_metric((tally.topic, str(partition)), number)
            yield family
        retries = CounterMetricFamily(
            "hdfs_sink_retries", "Requests that were refused and made again", labels=("topic",)
        )
        retries.add_metric((tally.topic,), tally.retries)
        yield retries
        lag = GaugeMetricFamily(
            "hdfs_sink_lag", "Records that Kafka has and HDFS has not", labels=("topic", "partition")
        )
        for partition, number in list(tally.lag.items()):
            lag.add_metric((tally.topic, str(partition)), number)
        yield lag
        waiting = GaugeMetricFamily(
            "hdfs_sink_waiting", "1 while HDFS or Kafka does not do its part", labels=("topic",)
        )
        waiting.add_metric((tally.topic,), float(bool(tally.trouble)))
        yield waiting
        missing = GaugeMetricFamily(
            "hdfs_sink_dead_letters_topic_missing",
            "1 while this topic is missing and cannot be created",
            labels=("topic", "dead_letters"),
        )
        if tally.missing_topic:
            missing.add_metric((tally.topic, tally.missing_topic), 1.0)
        yield missing


def serve(tally: Tally, address: str, port: int) -> None:
    """Answer Prometheus.

    Parameters:
        tally: what is shown.
        address, port: where.
    Raises:
        OSError: the port is taken.
    """
    from prometheus_client import CollectorRegistry, start_http_server

    registry = CollectorRegistry()
    registry.register(Collector(tally))
    start_http_server(port, address, registry)
