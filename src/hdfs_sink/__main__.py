"""hdfs-sink: see `hdfs-sink --help`."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading

from hdfs_sink import arguments, metrics
from hdfs_sink.backoff import brief
from hdfs_sink.event_log import EventLog
from hdfs_sink.hdfs import client as webhdfs
from hdfs_sink.hdfs.compact import compact
from hdfs_sink.sink import Sink

LONGEST_END = 15.0
"""It ends this many seconds after SIGTERM, whatever HDFS and Kafka do; rows that are not committed are in Kafka."""


def main() -> int:
    """Run the command line.

    Returns:
        an exit status: 0 done, 1 HDFS refused (compact), 2 another start would fail too: bad usage, a missing codec.
    """
    settings = arguments.read()
    log = EventLog()
    # The clients log each attempt to connect; the sink itself logs what it waits for.
    logging.basicConfig(level=logging.CRITICAL)
    if settings.command == "compact":
        return compact_once(settings, log)
    counted = metrics.Metrics(settings.topic)
    sink = Sink(settings, log, counted)
    end_by_signal(sink, log)
    if settings.metrics_port:
        try:
            metrics.serve(counted, settings.metrics_address, settings.metrics_port)
        except (OSError, OverflowError) as error:
            log.event("no_metrics", f"port {settings.metrics_port} for metrics: {error}; choose another one", "error")
            return 2
    sink.run()
    return 0


def end_by_signal(sink: Sink, log: EventLog) -> None:
    """Let the first SIGTERM or SIGINT end the sink within LONGEST_END, and the second one at once.

    A thread waits for them, so a library that blocks the main thread does not delay them. Ending at any moment is safe:
    a batch is either complete in HDFS or still in Kafka.
    """
    ending = {signal.SIGTERM, signal.SIGINT}

    def wait() -> None:
        signal.sigwait(ending)
        sink.stop()
        again = signal.sigtimedwait(ending, LONGEST_END)
        why = "by a second signal" if again else f"before all rows were written, after {LONGEST_END:.0f} s"
        log.event("ended", f"ended {why}; rows that are not in HDFS are still in Kafka", "warning")
        os._exit(0)

    # Before the first thread: threads inherit the mask.
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    threading.Thread(target=wait, daemon=True).start()


def compact_once(settings: arguments.Settings, log: EventLog) -> int:
    """Merge all small files; returns an exit status."""
    try:
        merged = compact(webhdfs.Client(settings.webhdfs, settings.user), settings, min_files=2)
    except webhdfs.ERRORS as error:
        log.event("refused", f"HDFS refuses to merge files of {settings.folder}: {brief(error)}; try again", "error")
        return 1
    files = sum(merged.values())
    log.event("compacted", f"merged {files} files of {settings.folder} into others", files=files)
    return 0


if __name__ == "__main__":
    sys.exit(main())
