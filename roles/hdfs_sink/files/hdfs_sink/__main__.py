"""hdfs-sink: see `hdfs-sink --help`."""

from __future__ import annotations

import logging
import signal
import sys

from hdfs_sink import arguments, tally, webhdfs
from hdfs_sink.backoff import brief
from hdfs_sink.compact import compact
from hdfs_sink.say import Say
from hdfs_sink.sink import Sink


def main() -> int:
    """Run what the command line says; returns an exit status: 0 done, 1 HDFS refused (compact), 2 bad usage."""
    settings = arguments.read()
    say = Say()
    # The clients log each try at a lost connection; the sink says itself what it waits for.
    logging.basicConfig(level=logging.CRITICAL)
    if settings.command == "compact":
        return compact_once(settings, say)
    counts = tally.Tally(settings.topic)
    if settings.metrics_port:
        try:
            tally.serve(counts, settings.metrics_address, settings.metrics_port)
        except OSError as error:
            say.event("no_metrics", f"port {settings.metrics_port} for metrics: {error}; choose another one", "error")
            return 2
    sink = Sink(settings, say, counts)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sink.stop())
    sink.run()
    return 0


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
