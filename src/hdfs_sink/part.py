"""A partition: where it stands in HDFS, what is on its way there, and the upload of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from hdfs_sink import place, webhdfs
from hdfs_sink.batch import Batch, Gatherer
from hdfs_sink.names import Paths, Place

LARGE = 64 << 10
"""Bytes of a batch from which on it is uploaded beside the reading: a smaller one is written in some milliseconds."""
FEW = 4
"""Files of a batch, that of more days is uploaded beside the reading, too."""
UPLOADS = 4
"""Batches that are uploaded at once; each is of another partition."""


class Uploads:
    """Threads that write rows to HDFS while records are read; nothing is committed by them.

    Parameters:
        make: makes a client. Each thread has one of its own, for a session of requests is not made for two.
    """

    def __init__(self, make: Callable[[], webhdfs.Client]) -> None:
        self._own = threading.local()
        self._threads = ThreadPoolExecutor(UPLOADS, initializer=lambda: setattr(self._own, "client", make()))

    def begin(self, paths: Paths, batch: Batch, format_: str) -> Future[None]:
        """Begin an upload; its result raises what `place.stage` raises."""
        return self._threads.submit(lambda: place.stage(self._own.client, paths, batch, format_))


@dataclass
class Part:
    """What the sink knows of a partition.

    Parameters:
        paths: of its files.
        place: where it stands in HDFS.
        gatherer: of records that are in no batch yet.
        batch: on its way to HDFS.
        quiet_until: that the log was cut is not said again before (time.monotonic).
        idle_at: the offset that was expected at the last look at the topic, if nothing was waiting then; else -1.
    """

    paths: Paths
    place: Place
    gatherer: Gatherer
    batch: Batch | None = None
    quiet_until: float = 0.0
    idle_at: int = -1

    @property
    def bytes(self) -> int:
        """Rows that are held, in bytes."""
        return self.gatherer.size + (self.batch.bytes if self.batch else 0)

    @property
    def uploading(self) -> bool:
        """Whether a thread is at it."""
        return bool(self.batch and self.batch.upload)

    @property
    def takes(self) -> bool:
        """Whether more records may be taken: all are looked at that came, and no batch waits for HDFS."""
        return not ((self.batch and not self.uploading) or self.gatherer.busy)

    def stage(self, client: webhdfs.Client, uploads: Uploads, format_: str, wait: bool) -> bool:
        """Write the batch's rows to a hidden file; many of them in a thread, while the next records are read.

        Parameters:
            client: of this thread.
            uploads: the other threads.
            format_: of the file.
            wait: whether to wait for the upload.
        Returns:
            whether they are there.
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
                place.stage(client, self.paths, batch, format_)
                return True
            batch.upload = uploads.begin(self.paths, batch, format_)
        if not wait and not batch.upload.done():
            return False
        upload, batch.upload = batch.upload, None
        upload.result()
        return True
