"""The sink's loop: read records, write batches, report; wait and try again when HDFS or Kafka does not answer."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from kafka.errors import KafkaError

from hdfs_sink import following, writing
from hdfs_sink.arguments import Settings
from hdfs_sink.backoff import Backoff, brief
from hdfs_sink.event_log import EventLog
from hdfs_sink.hdfs import client as webhdfs
from hdfs_sink.hdfs.position import PositionError
from hdfs_sink.kafka.dead_letters import NoTopicError
from hdfs_sink.metrics import Metrics
from hdfs_sink.state import State

PROGRESS_SECONDS = 10.0
"""Between two progress lines of a log; a terminal gets one each half second."""
COMMIT_SECONDS = 5.0
"""Between two commits of the group's offsets."""
LAST_SECONDS = 10.0
"""Longest wait for HDFS at the end; rows that are not written then are still in Kafka."""
STEADY_SECONDS = 5.0
"""Without an error, reading counts as recovered after this time even if no records come."""
FAILURES = (*webhdfs.ERRORS, KafkaError, PositionError)


class Sink:
    """Copies one topic. `run` ends after `stop`, which a signal handler may call at any moment."""

    def __init__(self, settings: Settings, log: EventLog, metrics: Metrics) -> None:
        self.settings, self.log, self.metrics = settings, log, metrics
        self.state = State(settings, log, metrics)
        self._backoff, self._reading = Backoff(), Backoff()
        self._progress_at = time.monotonic() + (0.5 if log.terminal else PROGRESS_SECONDS)
        self._commit_at = 0.0
        self._last_progress = ""

    def stop(self) -> None:
        """Write all gathered rows, and end."""
        self.state.stopping = True

    def run(self) -> None:
        """Copy until stopped."""
        while not self.state.stopping:
            self._turn()
        self._finish()

    def _turn(self) -> None:
        now, state = time.monotonic(), self.state
        if not self._backoff.waiting(now):
            self._try(self._work, self._backoff)
        self._show_progress(now)
        if state.source is None:
            time.sleep(min(0.2, max(0.0, self._backoff.until - now)))
            return
        # While the sink waits, polling goes on without records: Kafka's group needs the polls.
        hold = (
            bool(self._backoff.tries)
            or state.bytes > self.settings.memory
            or not all(partition.accepts for partition in state.partitions.values())
        )
        if self._reading.waiting(now):
            time.sleep(0.05)
        else:
            self._try(lambda: self._poll(hold), self._reading, STEADY_SECONDS)

    def _try(self, act: Callable[[], bool | None], backoff: Backoff, steady: float = 0.0) -> bool:
        """Do something that HDFS or Kafka may refuse; it is repeated later.

        Args:
            act: returns True if it is sure to have worked.
            backoff: of this kind of work.
            steady: seconds without an error until it counts as recovered if `act` is not sure.
        Returns:
            whether it was not refused.
        """
        metrics = self.metrics
        try:
            sure = act()
        except FAILURES as error:
            why = brief(error)
            metrics.retries += 1
            metrics.missing_topic = error.topic if isinstance(error, NoTopicError) else ""
            if backoff.failed(why, time.monotonic()):
                self.log.event("waiting", f"waiting, and trying again: {why}", "warning", why=why)
            metrics.trouble = str(backoff)
            return False
        if backoff.tries and (sure or time.monotonic() >= backoff.until + steady):
            seconds = backoff.worked()
            metrics.trouble, metrics.missing_topic = str(self._backoff) or str(self._reading), ""
            self.log.event("resumed", f"continues after {seconds:.1f} s", seconds=f"{seconds:.1f}")
        return True

    def _work(self) -> None:
        """Do everything that needs HDFS or the description of the topic. A call after a failure continues."""
        following.follow(self.state)
        writing.write_due(self.state, finish=False, wait=bool(self._backoff.tries))
        writing.compact_when_due(self.state)

    def _poll(self, hold: bool) -> bool:
        """Take records; tells whether some came."""
        source, now, partitions = self.state.connected, time.monotonic(), self.state.partitions
        source.hold(hold)
        gatherers = [partition.gatherer for partition in partitions.values() if not partition.batch]
        wait = min([0.2, *(0.0 if gatherer.busy else gatherer.due(now) for gatherer in gatherers)])
        if any(partition.uploading for partition in partitions.values()):
            wait = 0.01
        batches = source.poll(0.1 if self._backoff.tries else max(0.0, wait))
        now = time.monotonic()
        for number, records in batches.items():
            if number in partitions:
                gatherer, log_start = partitions[number].gatherer, None
                if gatherer.has_gap(records):
                    # Asked at once: later the log may have deleted offsets that never had a record.
                    with contextlib.suppress(KafkaError):
                        log_start = source.first(number)
                gatherer.take(records, now, log_start)
        return bool(batches)

    def _show_progress(self, now: float) -> None:
        state, metrics = self.state, self.metrics
        if state.source is None or now < self._progress_at:
            return
        self._progress_at = now + (0.5 if self.log.terminal else PROGRESS_SECONDS)
        lag = state.source.lag(state.positions, ask=bool(self._backoff.tries or self._reading.tries))
        metrics.lag = lag if lag or not state.positions else None
        rate = metrics.rate()
        line = metrics.line(rate)
        self.log.live(line)
        # A silent topic gives one line, not one every ten seconds.
        if not self.log.terminal and line != self._last_progress:
            self.log.event("progress", line, **metrics.fields(rate))
            self._last_progress = line
        if now >= self._commit_at:
            self._commit_at = now + COMMIT_SECONDS
            state.source.commit(state.positions)

    def _finish(self) -> None:
        """Write all gathered rows if HDFS allows it within LAST_SECONDS, and leave."""
        deadline, state = time.monotonic() + LAST_SECONDS, self.state
        done = state.source is None
        while not done and time.monotonic() < deadline:
            if not self._try(lambda: writing.write_due(state, finish=True, wait=True), self._backoff):
                time.sleep(0.3)
            elif not any(partition.batch or partition.gatherer.waiting for partition in state.partitions.values()):
                done = True
            elif state.look_at == 0.0:
                self._try(lambda: following.look(state), self._backoff)
        waiting = sum(
            partition.gatherer.waiting + (partition.batch.rows if partition.batch else 0)
            for partition in state.partitions.values()
        )
        if state.source is not None:
            state.source.close(state.positions)
        state.letters.close()
        text = f"ended: {self.metrics.sum('rows')} rows in {self.metrics.sum('files')} files"
        if waiting:
            text += f"; {waiting} records that could not be written are still in Kafka ({self._backoff.why})"
        self.log.event("ended", text, "warning" if waiting else "info", **self.metrics.fields(0.0))
