"""A partition: where it stands in HDFS, what is on its way there, and the upload of it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from hdfs_sink import place, webhdfs
from hdfs_sink.batch import Batch, Gatherer
from hdfs_sink.names import Paths, Place

LARGE = 64 << 10
"""Bytes of a batch from which on it is uploaded beside the reading: a smaller one is written in some milliseconds."""


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
        return self.gatherer.size + len((self.batch and self.batch.body) or b"")

    @property
    def uploading(self) -> bool:
        """Whether a thread is at it."""
        return bool(self.batch and self.batch.upload)

    @property
    def takes(self) -> bool:
        """Whether more records may be taken: all are looked at that came, and no batch waits for HDFS."""
        return not ((self.batch and not self.uploading) or self.gatherer.busy)

    def stage(
        self, client: webhdfs.Client, uploader: webhdfs.Client, uploads: ThreadPoolExecutor, format_: str, wait: bool
    ) -> bool:
        """Write the batch's rows to a hidden file; many of them in a thread, while the next records are read.

        Parameters:
            client: of this thread.
            uploader: of the other one, for a session of requests is not made for two.
            uploads: the other thread.
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
            if len(batch.body or b"") < LARGE:
                place.stage(client, self.paths, batch, format_)
                return True
            batch.upload = uploads.submit(place.stage, uploader, self.paths, batch, format_)
        if not wait and not batch.upload.done():
            return False
        upload, batch.upload = batch.upload, None
        upload.result()
        return True
