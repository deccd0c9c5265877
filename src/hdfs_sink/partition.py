"""A partition as the sink knows it: its position in HDFS, its gathered rows, and the upload of a batch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from hdfs_sink.hdfs import client as webhdfs
from hdfs_sink.hdfs import position as positions
from hdfs_sink.hdfs.names import Paths, Position
from hdfs_sink.records.batch import Batch
from hdfs_sink.records.gatherer import Gatherer

LARGE = 64 << 10
"""Batches of at least this many bytes are uploaded in a thread; a smaller one is written in some milliseconds."""
FEW = 4
"""Batches of more files than this are uploaded in a thread, too."""
UPLOADS = 4
"""Threads; each uploads a batch of another partition."""


class Uploads:
    """Threads that write rows to HDFS while records are read; they do not commit.

    Args:
        make: makes a client for each thread, because a session of requests is not thread-safe.
    """

    def __init__(self, make: Callable[[], webhdfs.Client]) -> None:
        self._local = threading.local()
        self._threads = ThreadPoolExecutor(UPLOADS, initializer=lambda: setattr(self._local, "client", make()))

    def begin(self, paths: Paths, batch: Batch, format_: str) -> Future[None]:
        """Start an upload; its result raises the errors of `position.stage`."""
        return self._threads.submit(lambda: positions.stage(self._local.client, paths, batch, format_))


@dataclass
class Partition:
    """State of a partition.

    Args:
        paths: of its files.
        position: in HDFS.
        gatherer: of records that are not in a batch yet.
        batch: on its way to HDFS.
        quiet_until: until then the event `log_cut` is not repeated (time.monotonic).
        idle_at: the expected offset at the last look at the topic if there were no records then, otherwise -1.
    """

    paths: Paths
    position: Position
    gatherer: Gatherer
    batch: Batch | None = None
    quiet_until: float = 0.0
    idle_at: int = -1

    @property
    def bytes(self) -> int:
        """Size of all its rows in memory."""
        return self.gatherer.size + (self.batch.bytes if self.batch else 0)

    @property
    def uploading(self) -> bool:
        """Whether a thread uploads its batch."""
        return bool(self.batch and self.batch.upload)

    @property
    def accepts(self) -> bool:
        """Whether it takes more records: none are unread, and no batch waits for HDFS."""
        return not ((self.batch and not self.uploading) or self.gatherer.busy)

    def stage(self, client: webhdfs.Client, uploads: Uploads, format_: str, wait: bool) -> bool:
        """Write the batch's rows to a hidden file; large ones in a thread, while the next records are read.

        Args:
            client: of this thread.
            uploads: the threads that write large files.
            format_: of the files, such as csv.
            wait: whether to wait for the upload.
        Returns:
            whether the rows are written.
        Raises:
            webhdfs.ERRORS: call again.
        """
        batch = self.batch
        assert batch is not None
        batch.began = batch.began or time.monotonic()
        if batch.upload is None:
            if batch.attempt:
                return True
            if batch.bytes < LARGE and len(batch.files) <= FEW:
                positions.stage(client, self.paths, batch, format_)
                return True
            batch.upload = uploads.begin(self.paths, batch, format_)
        if not wait and not batch.upload.done():
            return False
        upload, batch.upload = batch.upload, None
        upload.result()
        return True
