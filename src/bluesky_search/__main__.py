"""Search Bluesky for a term, and write every post once to a Kafka topic.

Usage: python3 -m bluesky_search SETTINGS.json   (a unit of systemd; see roles/bluesky)
Exit status: 0 ended by SIGTERM, 2 invalid settings, 3 another copy has taken over, 4 Bluesky refuses the account. After
2 to 4 systemd does not try again: another start would fail too.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from kafka.errors import KafkaError

from bluesky_search.api import Bluesky, RefusedError, pause_after
from bluesky_search.notify import notify
from bluesky_search.records import BadPostError, Record, record_of
from bluesky_search.settings import Settings, SettingsError, load
from bluesky_search.sweep import go_back, key_of
from bluesky_search.topic import FencedError, Topic


class StopError(BaseException):
    """SIGTERM: end now. No cleanup is needed: records without a commit do not exist for readers."""


class Service:
    """The service's loop and its status."""

    def __init__(self, settings: Settings) -> None:
        """Makes no request yet."""
        self._settings = settings
        self._written = 0
        self._skipped: set[str] = set()
        self._last_kind = ""
        self._bluesky = Bluesky(settings, self.report, time.sleep)

    def report(self, line: str) -> None:
        """Report the status to systemd, and to the journal if the text before the first semicolon is new."""
        notify(READY="1", STATUS=line)
        kind = line.split(";")[0]
        if kind != self._last_kind:
            print(line, flush=True)
        self._last_kind = kind

    def run(self) -> None:
        """Search and write until SIGTERM.

        Raises:
            RefusedError: if Bluesky refuses the account.
            FencedError: if another copy has taken over.
        """
        failures = 0
        while True:
            topic = None
            try:
                topic = Topic(self._settings.bootstrap, self._settings.topic)
                while True:
                    self._search(topic)
                    failures = 0
                    time.sleep(self._settings.poll_ms / 1000)
            except KafkaError as error:
                failures += 1
                seconds = pause_after(error, failures, time.time())
                self.report(
                    f"waiting: Kafka at {self._settings.bootstrap}: {type(error).__name__}; next try in {seconds:.0f} s"
                )
                time.sleep(seconds)
            finally:
                if topic:
                    topic.close()

    def _search(self, topic: Topic) -> None:
        seen = topic.seen | self._skipped
        sweep = go_back(self._bluesky.search, seen, len(seen), topic.since_ms)
        records = [record for post in sweep.posts if (record := self._record(post))]
        topic.write(records)
        self._written += len(records)
        if not sweep.complete:
            print(f"more new posts than {sweep.pages} pages hold: the oldest of them are not taken", flush=True)
        if records:
            print(f"{len(records)} new posts, {sweep.pages} pages read", flush=True)
        term, url = self._settings.search_term, self._settings.service_url
        self.report(
            f"searching {term!r} at {url}; {self._written} posts written to {self._settings.topic} since the start, "
            f"{len(self._skipped)} passed over, last search {time.strftime('%H:%M:%S', time.gmtime())} UTC"
        )

    def _record(self, post: Any) -> Record | None:
        try:
            return record_of(post)
        except BadPostError as error:
            key = key_of(post)
            self._skipped.add(key)
            print(f"post passed over: {error} ({key[:200]})", flush=True)
            return None


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise StopError


def main(arguments: list[str]) -> int:
    """Run the service; see above."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        Service(load(Path(arguments[0]))).run()
    except StopError:
        notify(STOPPING="1", STATUS="stopped")
        return 0
    except (SettingsError, FencedError, RefusedError) as error:
        notify(STATUS=f"ended: {error}")
        print(error, file=sys.stderr, flush=True)
        return {SettingsError: 2, FencedError: 3, RefusedError: 4}[type(error)]
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
