"""hdfs-sink: see `hdfs-sink --help`."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading

from hdfs_sink import arguments, tally, webhdfs
from hdfs_sink.backoff import brief
from hdfs_sink.compact import compact
from hdfs_sink.say import Say
from hdfs_sink.sink import Sink

LONGEST_END = 15.0
"""Seconds after SIGTERM in which it ends, whatever HDFS and Kafka do: what is not committed then is still in Kafka."""


def main() -> int:
    """Run what the command line says.

    Returns:
        an exit status: 0 done, 1 HDFS refused (compact), 2 it cannot work so: bad usage, a missing codec.
    """
    settings = arguments.read()
    say = Say()
    # The clients log each try at a lost connection; the sink says itself what it waits for.
    logging.basicConfig(level=logging.CRITICAL)
    if settings.command == "compact":
        return compact_once(settings, say)
    counts = tally.Tally(settings.topic)
    sink = Sink(settings, say, counts)
    end_by_signal(sink, say)
    if settings.metrics_port:
        try:
            tally.serve(counts, settings.metrics_address, settings.metrics_port)
        except (OSError, OverflowError) as error:
            say.event("no_metrics", f"port {settings.metrics_port} for metrics: {error}; choose another one", "error")
            return 2
    return sink.run()


def end_by_signal(sink: Sink, say: Say) -> None:
    """Let the first SIGTERM or SIGINT end the sink within LONGEST_END, and the second one at once.

    A thread waits for them, so a library that blocks the main thread does not keep them off. To leave at any moment is
    safe: a batch is in HDFS whole, or still in Kafka.
    """
    ending = {signal.SIGTERM, signal.SIGINT}

    def wait() -> None:
        signal.sigwait(ending)
        sink.stop()
        again = signal.sigtimedwait(ending, LONGEST_END)
        why = "by a second signal" if again else f"though not all was done in {LONGEST_END:.0f} s"
        say.event("ended", f"ended {why}; what is not in HDFS is still in Kafka", "warning")
        os._exit(0)

    # Before there are threads: they inherit it.
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    threading.Thread(target=wait, daemon=True).start()


def compact_once(settings: arguments.Settings, say: Say) -> int:
    """Merge all small files there are; returns an exit status."""
    try:
        merged = compact(webhdfs.Client(settings.webhdfs, settings.user), settings, few=2)
    except webhdfs.ERRORS as error:
        say.event("refused", f"HDFS does not merge files of {settings.folder}: {brief(error)}; try again", "error")
        return 1
    files = sum(merged.values())
    say.event("compacted", f"merged {files} files of {settings.folder} into others", files=files)
    return 0


if __name__ == "__main__":
    sys.exit(main())
