"""The sink's metrics: counters by partition, shown as a progress line and to Prometheus."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

COUNTERS = {
    "rows": "Rows in HDFS, written by this process",
    "files": "Files written",
    "bytes": "Bytes of these files",
    "dead_letters": "Records without a row, in the topic of dead letters",
    "offsets_lost": "Offsets that Kafka deleted before they were read",
    "offsets_skipped": "Offsets without a record: transaction markers, compaction",
    "fenced": "Batches given up because another writer was first",
    "files_merged": "Files that compaction merged into others",
}


@dataclass(eq=False)
class Metrics:
    """Counters by (name, partition), with the names of COUNTERS, and the sink's state.

    Args:
        topic: for labels.
        lag: records that Kafka has and HDFS does not have, by partition; None as long as no partition's is known.
        last_file: the file that was published last.
        trouble: why the sink waits, empty if it does not.
        retries: repeated requests to HDFS or Kafka.
        missing_topic: a topic of dead letters that is missing and cannot be created, empty if there is none.
    """

    topic: str
    counters: Counter = field(default_factory=Counter)
    lag: dict[int, int] | None = None
    last_file: str = ""
    trouble: str = ""
    retries: int = 0
    missing_topic: str = ""
    _last_rate: tuple[float, int] = field(default_factory=lambda: (time.monotonic(), 0))

    def add(self, name: str, partition: int, number: int = 1) -> None:
        """Increase a counter."""
        if number:
            self.counters[name, partition] += number

    def sum(self, name: str) -> int:
        """The sum of a counter over all partitions."""
        return sum(number for (counter, _), number in list(self.counters.items()) if counter == name)

    def rate(self) -> float:
        """Rows per second since the last call."""
        now, rows = time.monotonic(), self.sum("rows")
        then, before = self._last_rate
        self._last_rate = (now, rows)
        return (rows - before) / max(now - then, 1e-9)

    def _lag(self) -> int | str:
        """The lag of all partitions together."""
        return "unknown" if self.lag is None else sum(self.lag.values())

    def line(self, rate: float) -> str:
        """The progress as a line for people."""
        parts = [f"{self.topic}: {self.sum('rows')} rows", f"{rate:.0f} rows/s", f"lag {self._lag()}"]
        parts += [
            f"{self.sum(name)} {name.replace('_', ' ')}" for name in ("dead_letters", "offsets_lost") if self.sum(name)
        ]
        parts.append(self.trouble or (f"last {self.last_file}" if self.last_file else "nothing written yet"))
        return ", ".join(parts)

    def fields(self, rate: float) -> dict[str, Any]:
        """The progress as fields for programs."""
        return {
            "topic": self.topic,
            "rows": self.sum("rows"),
            "rows_per_second": f"{rate:.0f}",
            "lag": self._lag(),
            "files": self.sum("files"),
            "dead_letters": self.sum("dead_letters"),
            "offsets_lost": self.sum("offsets_lost"),
            "last_file": self.last_file or "-",
        }

    def collect(self) -> Iterator[Any]:
        """Give everything to Prometheus's client, which calls this for each request."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        by_partition, by_topic = ("topic", "partition"), ("topic",)
        for name, text in COUNTERS.items():
            counter = CounterMetricFamily(f"hdfs_sink_{name}", text, labels=by_partition)
            for (counted, partition), number in list(self.counters.items()):
                if counted == name:
                    counter.add_metric((self.topic, str(partition)), number)
            yield counter
        retries = CounterMetricFamily("hdfs_sink_retries", "Requests that were refused and made again", labels=by_topic)
        retries.add_metric((self.topic,), self.retries)
        lag = GaugeMetricFamily("hdfs_sink_lag", "Records that Kafka has and HDFS has not", labels=by_partition)
        for partition, number in list((self.lag or {}).items()):
            lag.add_metric((self.topic, str(partition)), number)
        waiting = GaugeMetricFamily("hdfs_sink_waiting", "1 while HDFS or Kafka does not do its part", labels=by_topic)
        waiting.add_metric((self.topic,), float(bool(self.trouble)))
        text = "1 while this topic is missing and cannot be created"
        labels = ("topic", "dead_letters")
        missing = GaugeMetricFamily("hdfs_sink_dead_letters_topic_missing", text, labels=labels)
        if self.missing_topic:
            missing.add_metric((self.topic, self.missing_topic), 1.0)
        yield from (retries, lag, waiting, missing)


def serve(metrics: Metrics, address: str, port: int) -> None:
    """Serve metrics to Prometheus.

    Raises:
        OSError: the port is taken.
    """
    from prometheus_client import CollectorRegistry, start_http_server

    registry = CollectorRegistry()
    registry.register(metrics)
    start_http_server(port, address, registry)
