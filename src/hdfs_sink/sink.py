"""The sink's loop: take records, cut batches, write them, say so; wait where something does not do its part."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable

from kafka.errors import KafkaError, UnsupportedCodecError

from hdfs_sink import compact, place, webhdfs
from hdfs_sink.arguments import Settings
from hdfs_sink.backoff import Backoff, brief
from hdfs_sink.batch import Gatherer
from hdfs_sink.dead_letters import DeadLetters, NoTopicError
from hdfs_sink.names import Paths
from hdfs_sink.part import Part, Uploads
from hdfs_sink.report import report, written
from hdfs_sink.rows import Maker
from hdfs_sink.say import Say
from hdfs_sink.source import Source, Topic, open_source
from hdfs_sink.tally import Tally

LOOK_EVERY = 3.0
"""Seconds between two looks at the topic: new partitions, another topic of the same name."""
SAY_EVERY = 10.0
"""Seconds between two progress lines of a log; a terminal gets one each half second."""
PASS = 2.0
"""Seconds that writing goes on before records are polled again and signals are looked at."""
LAST_TRIES = 10.0
"""Seconds that the end waits for HDFS; what is not written then is still in Kafka."""
STEADY = 5.0
"""Seconds without an error after which reading counts as recovered though no record came."""
FAILURES = (*webhdfs.ERRORS, KafkaError, place.PlaceError)


class Sink:
    """Copies one topic. `run` ends when `stop` was called, which a signal may do at any moment."""

    def __init__(self, settings: Settings, say: Say, tally: Tally) -> None:
        self.settings, self.say, self.tally = settings, say, tally
        self.client = webhdfs.Client(settings.webhdfs, settings.user)
        self.uploads = Uploads(lambda: webhdfs.Client(settings.webhdfs, settings.user))
        self.letters = DeadLetters(settings.bootstrap, settings.dead_letters, settings.topic)
        self.parts: dict[int, Part] = {}
        self.topic: Topic | None = None
        self._missing = False
        self._source: Source | None = None
        self._backoff, self._reading = Backoff(), Backoff()
        self._stopping = False
        self._look_at = 0.0
        self._say_at = time.monotonic() + (0.5 if say.terminal else SAY_EVERY)
        self._commit_at = 0.0
        self._compact_at = time.monotonic() + settings.compact_every
        self._said = ""

    def stop(self) -> None:
        """Ask it to write what is gathered and to end."""
        self._stopping = True

    def run(self) -> int:
        """Copy until stopped.

        Returns:
            an exit status: 0 stopped, 2 the records cannot be read by this client.
        """
        status = 0
        try:
            while not self._stopping:
                self._turn()
        except UnsupportedCodecError as error:
            status = 2
            text = (
                f"topic {self.settings.topic} is compressed with a codec that {self.settings.client} cannot read here"
            )
            text += f" ({error}): install python-snappy and lz4 for {sys.executable}, or use --client librdkafka"
            self.say.event("no_codec", text, "error", topic=self.settings.topic)
        self._finish()
        return status

    # One turn

    def _turn(self) -> None:
        now = time.monotonic()
        if not self._backoff.waiting(now):
            self._try(self._work, self._backoff)
        self._tell(now)
        if self._source is None:
            time.sleep(min(0.2, max(0.0, self._backoff.until - now)))
            return
        # While something is being waited for, polling goes on (Kafka's group wants it) and no more is taken.
        full = sum(part.bytes for part in self.parts.values()) > self.settings.memory
        hold = bool(self._backoff.tries) or full or not all(part.takes for part in self.parts.values())
        if self._reading.waiting(now):
            time.sleep(0.05)
        else:
            self._try(lambda: self._poll(hold), self._reading, STEADY)

    def _try(self, act: Callable[[], bool | None], backoff: Backoff, steady: float = 0.0) -> bool:
        """Do something that HDFS or Kafka may refuse; then it is done again after a while.

        Parameters:
            act: returns True if it is sure to have worked.
            backoff: of this kind of work.
            steady: seconds without an error after which it counts as recovered if `act` is not sure.
        Returns:
            whether it was not refused.
        Raises:
            UnsupportedCodecError: it will never work.
        """
        try:
            sure = act()
        except UnsupportedCodecError:
            raise
        except FAILURES as error:
            why = brief(error)
            self.tally.retries += 1
            self.tally.missing_topic = error.topic if isinstance(error, NoTopicError) else ""
            if backoff.failed(why, time.monotonic()):
                self.say.event("waiting", f"waiting, and trying again: {why}", "warning", why=why)
            self.tally.trouble = str(backoff)
            return False
        if backoff.tries and (sure or time.monotonic() >= backoff.until + steady):
            lasted = backoff.worked()
            self.tally.trouble, self.tally.missing_topic = str(self._backoff) or str(self._reading), ""
            self.say.event("resumed", f"goes on after {lasted:.1f} s", seconds=f"{lasted:.1f}")
        return True

    def _work(self) -> None:
        """All that needs HDFS or the topic's description. Called again after a failure, it goes on where it was."""
        now = time.monotonic()
        if self._source is None:
            self._source = open_source(self.settings)
        if now >= self._look_at:
            self._look()
            self._look_at = time.monotonic() + LOOK_EVERY
        for number in sorted(self._source.fresh & self._source.owned):
            self._settle(number)
        for number in set(self.parts) - self._source.owned:
            del self.parts[number]
        self._write_due(finish=False)
        if self.settings.compact_every and time.monotonic() >= self._compact_at:
            self._compact_at = time.monotonic() + self.settings.compact_every
            merged = compact.compact(self.client, self.settings, set(self.parts))
            for number, files in merged.items():
                self.tally.add("files_merged", number, files)
            if merged:
                self.say.event("compacted", f"merged {sum(merged.values())} files", files=sum(merged.values()))

    def _poll(self, hold: bool) -> bool:
        """Take records; returns whether some came."""
        source, now = self._source, time.monotonic()
        assert source is not None
        source.hold(hold)
        parts = [part for part in self.parts.values() if not part.batch]
        wait = min([0.2, *(0.0 if part.gatherer.busy else part.gatherer.due(now) for part in parts)])
        if any(part.uploading for part in self.parts.values()):
            wait = 0.01
        batches = source.poll(0.1 if self._backoff.tries else max(0.0, wait))
        now = time.monotonic()
        for number, records in batches.items():
            if number in self.parts:
                gatherer, log_start = self.parts[number].gatherer, None
                if gatherer.has_gap(records):
                    # Asked at once: later the log may have deleted offsets that never had a record.
                    with contextlib.suppress(KafkaError):
                        log_start = source.first(number)
                gatherer.take(records, now, log_start)
        return bool(batches)

    # The topic and its partitions

    def _look(self) -> None:
        assert self._source is not None
        topic = self._source.describe()
        if topic is None:
            if not self._missing:
                self._missing = True
                text = f"there is no topic {self.settings.topic} (yet); it is looked for every {LOOK_EVERY:.0f} s"
                self.say.event("no_topic", text, "warning", topic=self.settings.topic)
            if self.parts:
                self._be_sure()
                self._leave()
            return
        self._missing = False
        if self.topic and self.topic.id != topic.id:
            if given_up := self._forget():
                text = f"{given_up} records may be of the topic before or of the new one: they are not taken"
                self.say.event("given_up", text, "warning", topic=self.settings.topic, records=given_up)
            self._leave()
            text = f"topic {self.settings.topic} was deleted and made again: it is read from its beginning"
            self.say.event("new_topic", text, "warning", topic=self.settings.topic, topic_id=topic.id)
            self.topic = None
        else:
            self._be_sure()
            self._look_for_lost()
        if self.topic and self.topic.partitions != topic.partitions:
            text = f"topic {self.settings.topic} has {len(topic.partitions)} partitions now"
            self.say.event("new_partitions", text, topic=self.settings.topic, partitions=len(topic.partitions))
        self.topic = topic
        if self._source.left_out(time.monotonic()):
            text = f"Kafka's group {self.settings.group} goes on without this instance: it joins anew"
            self.say.event("left_out", text, "warning", group=self.settings.group)
            # What is gathered is another one's by now.
            self._reopen()
        self._source.follow(topic.partitions)

    def _be_sure(self) -> None:
        """Note that all that was read until now is of the topic that was just seen."""
        for part in self.parts.values():
            part.gatherer.be_sure()
            if part.batch:
                part.batch.sure = True

    def _forget(self) -> int:
        """Take back what may be another topic's already.

        Returns:
            how many records.
        """
        given_up = 0
        for number, part in list(self.parts.items()):
            if part.batch and not part.batch.sure:
                given_up += part.batch.rows + len(part.batch.poison) + part.gatherer.waiting
                del self.parts[number]
            else:
                given_up += part.gatherer.forget()
        return given_up

    def _leave(self) -> None:
        """Write what was read of a topic that is no longer there, and forget where it was read."""
        self._write_due(finish=True, seconds=float("inf"))
        self._reopen()

    def _reopen(self) -> None:
        """Connect anew, and forget what was read; where that fails `_work` does it."""
        source, self._source, self.parts = self._source, None, {}
        assert source is not None
        source.close()
        self._source = open_source(self.settings)

    def _look_for_lost(self) -> None:
        """See whether the log deleted offsets of a partition of which nothing comes any more."""
        source, now = self._source, time.monotonic()
        assert source is not None
        for number, part in self.parts.items():
            gatherer = part.gatherer
            quiet = not (part.batch or gatherer.waiting)
            behind = quiet and part.idle_at == gatherer.expected and source.lag({number: gatherer.expected}).get(number)
            if behind and (first := source.first(number)) > gatherer.expected:
                gatherer.miss(first, now)
            part.idle_at = gatherer.expected if quiet else -1

    def _settle(self, number: int) -> None:
        """Find where HDFS stands with a partition, and read on from there."""
        source, topic, settings = self._source, self.topic, self.settings
        if topic is None:
            return
        assert source is not None
        paths = Paths(settings.folder, settings.topic, topic.id, number)
        known = self.parts.get(number)
        if known and known.paths == paths:
            # A new assignment forgot where this one stood; what is gathered is still right.
            source.seek(number, known.gatherer.expected)
            return
        found = place.find(self.client, paths, lambda: source.first(number))
        try:
            found = place.sweep(self.client, paths, found)
        except place.Fenced:
            return
        make = Maker(settings.format, settings.columns, bare=settings.bare, places=settings.places, time=settings.time)
        self.parts[number] = Part(paths, found, Gatherer(found.next, make, settings.limits, settings.by_day))
        source.seek(number, found.next)
        self.say.event(
            "place",
            f"partition {number} goes on at offset {found.next}",
            topic=settings.topic,
            partition=number,
            offset=found.next,
        )

    def _check_order(self, number: int, part: Part) -> None:
        """Where Kafka gives offsets that HDFS has already: has the log been cut, or the topic been made again?"""
        assert self._source is not None and part.gatherer.backwards is not None
        (first, last), part.gatherer.backwards = part.gatherer.backwards, None
        self._look_at = 0.0
        end, expected = self._source.end(number), part.gatherer.expected
        if end < expected:
            text = f"partition {number} ends at {end} and HDFS has {expected}: Kafka lost records"
        else:
            text = f"partition {number} was cut and goes on: what Kafka has anew at {first} to {last} is not in HDFS"
        if end >= expected or time.monotonic() >= part.quiet_until:
            self.say.event("log_cut", text, "error", partition=number, end=end, expected=expected)
            part.quiet_until = time.monotonic() + 10 * LOOK_EVERY
        # Offsets that HDFS has already are waited for at the log's end.
        self._source.seek(number, min(end, expected))

    # Writing

    def _write_due(self, finish: bool, seconds: float | None = None) -> None:
        """Write what is due, or all with `finish`, for so long (PASS).

        Before the first batch is written the topic is looked at, since one that was made again may have given the last
        records under the offsets that are expected of the one before.
        """
        now, seconds = time.monotonic(), PASS if seconds is None else seconds
        for number, part in list(self.parts.items()):
            while part.batch or (batch := part.gatherer.cut(now, finish)):
                part.batch = part.batch or batch
                if not part.batch.sure and not self._is_sure():
                    return
                # After a failure it is waited for, so that only what is done counts as recovered.
                if not self._write(number, part, wait=finish or bool(self._backoff.tries)):
                    part.gatherer.look()
                    break
                if time.monotonic() - now >= seconds or (self._stopping and not finish):
                    # The next pass begins with the next partition.
                    order = list(self.parts)
                    at = order.index(number) + 1
                    self.parts = {other: self.parts[other] for other in order[at:] + order[:at]}
                    return
            else:
                if part.gatherer.backwards:
                    self._check_order(number, part)
        parts = self.parts.values()
        if sum(part.bytes for part in parts) > self.settings.memory and not any(part.batch for part in parts):
            largest = max(parts, key=lambda part: part.bytes)
            largest.batch = largest.gatherer.cut(now, finish=True)

    def _is_sure(self) -> bool:
        """Whether the topic is still the one that HDFS's place is about; if not, it is looked at in the next turn."""
        assert self._source is not None
        topic = self._source.describe()
        if topic is None or self.topic is None or topic.id != self.topic.id:
            self._look_at = 0.0
            return False
        self._be_sure()
        return True

    def _write(self, number: int, part: Part, wait: bool) -> bool:
        """Bring a batch to HDFS; after a failure it goes on where it was.

        Returns:
            whether it is there. False: it is being uploaded, and not to be waited for; or another writer was first,
            and the partition's place is looked for anew.
        """
        batch = part.batch
        assert batch is not None
        if not batch.reported:
            assert self._source is not None
            report(self._source, self.letters, self.say, self.tally, number, batch)
        try:
            if not part.stage(self.client, self.uploads, self.settings.format, wait):
                return False
            if not batch.committed:
                part.place = place.commit(self.client, part.paths, part.place, batch, self.settings.format)
                batch.committed = True
        except place.Fenced as fenced:
            self.tally.add("fenced", number)
            self.say.event("fenced", str(fenced), "warning", partition=number, offset=batch.start)
            del self.parts[number]
            assert self._source is not None
            self._source.fresh.add(number)
            return False
        paths = place.publish(self.client, part.paths, part.place)
        part.batch = None
        written(self.say, self.tally, number, batch, paths, self.settings.folder)
        return True

    # What people and other programs see

    def _tell(self, now: float) -> None:
        if self._source is None or now < self._say_at:
            return
        self._say_at = now + (0.5 if self.say.terminal else SAY_EVERY)
        places = {number: part.place.next for number, part in self.parts.items()}
        self.tally.lag = self._source.lag(places, ask=bool(self._backoff.tries or self._reading.tries))
        rate = self.tally.rate()
        line = self.tally.line(rate)
        self.say.live(line)
        # A silent topic makes one line, not one each ten seconds.
        if not self.say.terminal and line != self._said:
            self.say.event("progress", line, **self.tally.fields(rate))
            self._said = line
        if now >= self._commit_at:
            self._commit_at = now + 5
            self._source.commit(places)

    def _finish(self) -> None:
        """Write what is gathered, if HDFS lets it within LAST_TRIES, and leave."""
        deadline = time.monotonic() + LAST_TRIES
        done = self._source is None
        while not done and time.monotonic() < deadline:
            if not self._try(lambda: self._write_due(finish=True), self._backoff):
                time.sleep(0.3)
            elif not any(part.batch or part.gatherer.waiting for part in self.parts.values()):
                done = True
            elif self._look_at == 0.0:
                self._try(self._look, self._backoff)
        waiting = sum(part.gatherer.waiting + (part.batch.rows if part.batch else 0) for part in self.parts.values())
        if self._source is not None:
            self._source.close({number: part.place.next for number, part in self.parts.items()})
        self.letters.close()
        text = f"ended: {self.tally.sum('rows')} rows in {self.tally.sum('files')} files"
        if waiting:
            text += f"; {waiting} records that could not be written are still in Kafka ({self._backoff.why})"
        self.say.event("ended", text, "warning" if waiting else "info", **self.tally.fields(0.0))
