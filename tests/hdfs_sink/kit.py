"""What the sink's tests share: a HDFS and a topic in memory, and a scheduler that lets writers take steps in any order.

It stands for HDFS only where logic is tested; verify/ runs the sink against the real one.
"""

from __future__ import annotations

import io
import json
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from hdfs import HdfsError

from hdfs_sink import arguments, partition, sink
from hdfs_sink.event_log import EventLog
from hdfs_sink.kafka.source import Topic
from hdfs_sink.metrics import Metrics

TOPIC = "temperatures"
FOLDER = "/sink"
DAY = 86_400_000


class Record(NamedTuple):
    """A record as kafka-python gives it, as far as the sink looks."""

    offset: int
    value: bytes | None
    timestamp: int = 1_740_132_000_000
    partition: int = 0
    key: bytes | None = None


def event(number: int, **more: Any) -> bytes:
    """A record's value with an id, as Kafka Connect writes it."""
    return json.dumps({"schema": None, "payload": {"id": number, "datahora": 0, "valor": 1.5, **more}}).encode()


def settings(*more: str) -> arguments.Settings:
    """Settings of a sink that writes ids."""
    base = ["--topic", TOPIC, "--folder", FOLDER, "--columns", "id:int", "--compact-every", "0", "--seconds", "0.001"]
    return arguments.read([*base, *more])


class Store:
    """Files by path, each with its bytes and its description; folders are what paths lie in, and those made."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.about: dict[str, dict] = {}
        self.folders: set[str] = {"/"}
        self.clock = 0.0

    def make_parents(self, path: str) -> None:
        for parent in Path(path).parents:
            self.folders.add(str(parent))

    def visible(self) -> list[str]:
        """Lines that a reader sees, file by file in the order of names."""
        shown = [path for path in sorted(self.files) if "/_" not in path]
        return [line for path in shown for line in self.files[path].decode().splitlines()]

    def names(self) -> list[str]:
        """Paths that a reader sees, below the sink's folder."""
        return [path.removeprefix(f"{FOLDER}/") for path in sorted(self.files) if "/_" not in path]


class Client:
    """One writer's view of the store; `step` is called around each request, and may raise what it likes.

    It is called with the request's name and whether the request is done; raising before or after stands for a writer
    that is killed there, or for a request or an answer that is lost.
    """

    def __init__(self, store: Store, step: Callable[[str, bool], None] = lambda name, done: None) -> None:
        self.store, self.step = store, step

    def _do(self, name: str, act: Callable[[], Any]) -> Any:
        self.step(name, False)
        result = act()
        self.step(name, True)
        return result

    def statuses(self, folder: str) -> list[dict[str, Any]]:
        def act() -> list[dict[str, Any]]:
            store, depth = self.store, len(Path(folder).parts)
            found = {}
            for path in [*store.files, *store.folders]:
                parts = Path(path).parts
                if path.startswith(f"{folder}/") and len(parts) > depth:
                    whole = str(Path(*parts[: depth + 1]))
                    is_file = whole in store.files
                    found[parts[depth]] = {
                        "pathSuffix": parts[depth],
                        "type": "FILE" if is_file else "DIRECTORY",
                        "length": len(store.files.get(whole, b"")),
                        "modificationTime": 0,
                        "blockSize": 1,
                        "replication": 1,
                    }
            return list(found.values())

        return self._do("list", act)

    def names(self, folder: str) -> list[str]:
        return [status["pathSuffix"] for status in self.statuses(folder)]

    def exists(self, path: str) -> bool:
        return self._do("exists", lambda: path in self.store.files or path in self.store.folders)

    def write(self, path: str, data: bytes) -> None:
        def act() -> None:
            if path in self.store.files:
                raise HdfsError(f"{path} exists")
            self.store.make_parents(path)
            self.store.files[path] = data

        self._do("write", act)

    def move(self, source: str, target: str) -> bool:
        def act() -> bool:
            store = self.store
            there = target in store.files or target in store.folders
            if there or str(Path(target).parent) not in store.folders:
                return False
            if source in store.files:
                store.files[target] = store.files.pop(source)
                store.about[target] = store.about.pop(source, {})
                return True
            if source not in store.folders:
                return False
            for table in (store.files, store.about):
                for path in [path for path in table if path.startswith(f"{source}/")]:
                    table[target + path.removeprefix(source)] = table.pop(path)
            moved = {path for path in store.folders if path == source or path.startswith(f"{source}/")}
            store.folders = store.folders - moved | {target + path.removeprefix(source) for path in moved}
            return True

        return self._do("move", act)

    def describe(self, path: str, what: dict) -> None:
        def act() -> None:
            if path not in self.store.files:
                raise HdfsError(f"{path} is not there")
            self.store.about[path] = what

        self._do("describe", act)

    def description(self, path: str) -> dict:
        def act() -> dict:
            if path not in self.store.files:
                raise HdfsError(f"{path} is not there")
            return self.store.about.get(path, {})

        return self._do("description", act)

    def join(self, target: str, sources: list[str]) -> None:
        def act() -> None:
            if any(path not in self.store.files for path in [target, *sources]):
                raise HdfsError("a source is not there")
            for path in sources:
                self.store.files[target] += self.store.files.pop(path)
                self.store.about.pop(path, None)

        self._do("join", act)

    def remove(self, path: str, whole: bool = False) -> None:
        def act() -> None:
            self.store.files.pop(path, None)
            below = [name for name in self.store.files if name.startswith(f"{path}/")]
            if below and not whole:
                raise HdfsError(f"{path} is not empty")
            for name in below:
                del self.store.files[name]
            self.store.folders -= {name for name in self.store.folders if f"{name}/".startswith(f"{path}/")}

        self._do("remove", act)

    def parent(self, path: str) -> None:
        self._do("mkdirs", lambda: self.store.make_parents(path))


class Log:
    """A topic: records by partition, the first offset that is left, the topic's id."""

    def __init__(self, partitions: int = 1) -> None:
        self.records: dict[int, list[Record]] = {number: [] for number in range(partitions)}
        self.first: dict[int, int] = dict.fromkeys(range(partitions), 0)
        self.id = "id-1"

    def fill(self, count: int, partition: int = 0, skip: int = 0, **more: Any) -> None:
        """Add records with ids that go on from those before; `skip` offsets are left out before them."""
        there = self.records[partition]
        begin = (there[-1].offset + 1 if there else 0) + skip
        there += [
            Record(begin + number, event(10_000 * partition + begin + number), partition=partition, **more)
            for number in range(count)
        ]

    def end(self, partition: int) -> int:
        there = self.records[partition]
        return there[-1].offset + 1 if there else 0


class Source:
    """The sink's view of a log."""

    def __init__(self, log: Log, chance: random.Random | None = None, numbers: set[int] | None = None) -> None:
        self.log, self.chance, self.numbers = log, chance or random.Random(0), numbers
        self.fresh: set[int] = set()
        self.owned: set[int] = set()
        self.held: set[int] = set()
        self.out = False
        self.positions: dict[int, int] = {}
        self.committed: dict[int, int] = {}

    def describe(self) -> Topic | None:
        return Topic(self.log.id, tuple(self.log.records))

    def follow(self, partitions: tuple[int, ...]) -> None:
        mine = {number for number in partitions if self.numbers is None or number in self.numbers}
        if mine != self.owned:
            self.owned, self.fresh = mine, set(mine)

    def left_out(self, now: float) -> bool:
        return self.out

    def seek(self, partition: int, offset: int) -> None:
        self.positions[partition] = offset
        self.fresh.discard(partition)

    def hold(self, hold: bool) -> None:
        self.held = set(self.owned) if hold else set()

    def poll(self, seconds: float) -> dict[int, list[Record]]:
        found = {}
        for number in self.owned - self.fresh - self.held:
            at = self.positions[number]
            if at > self.log.end(number):
                at = 0  # out of range: the log's beginning, as auto_offset_reset has it
            records = [r for r in self.log.records[number] if r.offset >= max(at, self.log.first[number])]
            records = records[: self.chance.randint(1, 9)]
            if records:
                found[number] = records
                self.positions[number] = records[-1].offset + 1
        return found

    def first(self, partition: int) -> int:
        return self.log.first[partition]

    def end(self, partition: int) -> int:
        return self.log.end(partition)

    def lag(self, positions: dict[int, int], ask: bool = False) -> dict[int, int]:
        return {number: self.log.end(number) - offset for number, offset in positions.items()}

    def commit(self, positions: dict[int, int]) -> None:
        self.committed.update(positions)

    def close(self, positions: dict[int, int] | None = None) -> None:
        self.committed.update(positions or {})


class Letters:
    """Dead letters in memory."""

    topic = "dead"

    def __init__(self, sent: list[tuple[str, str]] | None = None) -> None:
        self.sent = [] if sent is None else sent

    def send(self, letters: list[tuple[str, str]]) -> None:
        self.sent += letters

    def letter(self, record: Record, reason: str) -> tuple[str, str]:
        return f"{record.partition}/{record.offset}", reason

    def lost(self, partition: int, first: int, after: int) -> tuple[str, str]:
        return f"{partition}/{first}-{after - 1}", "lost"

    def close(self) -> None:
        pass


def make_sink(store: Store, log: Log, *more: str, step: Any = None, chance: Any = None, **source: Any) -> sink.Sink:
    """A real sink on the store and the log in memory; what it says is in `said`."""
    given = settings(*more)
    made = sink.Sink(given, EventLog(io.StringIO()), Metrics(given.topic))
    made.state.client = Client(store, step) if step else Client(store)
    made.state.uploads = partition.Uploads(lambda: made.state.client)
    made.state.source = Source(log, chance, **source)
    made.state.letters = Letters()
    return made


def said(made: sink.Sink) -> str:
    """What a sink said."""
    return made.log._stream.getvalue()


def turn_until(made: sink.Sink, holds: Callable[[], bool], turns: int = 400) -> None:
    """Let a sink work until something holds."""
    for _ in range(turns):
        made._turn()
        if holds():
            return
    raise AssertionError(f"did not come to that in {turns} turns; it said\n{said(made)}")


class Killed(BaseException):
    """kill -9."""


class Scheduler:
    """Lets threads take one step after the other, in an order that chance decides."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self._turn = threading.Condition()
        self._current: int | None = None
        self._waiting: set[int] = set()
        self._alive: set[int] = set()

    def add(self, number: int, act: Callable[[], None]) -> threading.Thread:
        """Start a thread; it waits for its first step."""

        def body() -> None:
            try:
                self.step(number)
                act()
            except Killed:
                pass
            finally:
                with self._turn:
                    self._alive.discard(number)
                    self._current = None
                    self._turn.notify_all()

        with self._turn:
            self._alive.add(number)
        thread = threading.Thread(target=body, daemon=True)
        thread.start()
        return thread

    def step(self, number: int) -> None:
        """Wait for this thread's next step."""
        with self._turn:
            self._waiting.add(number)
            if self._current == number:
                self._current = None
            self._turn.notify_all()
            if not self._turn.wait_for(lambda: self._current == number, timeout=30):
                raise Killed
            self._waiting.discard(number)

    def run(self, pick: Callable[[list[int]], int]) -> None:
        """Give one thread one step; returns when it waits for the next."""
        with self._turn:
            self._turn.wait_for(lambda: self._current is None and self._alive <= self._waiting, timeout=30)
            if not self._alive:
                return
            self._current = pick(sorted(self._alive))
            self._turn.notify_all()
            self._turn.wait_for(lambda: self._current is None, timeout=30)

    @property
    def alive(self) -> set[int]:
        """Threads that have not ended."""
        return set(self._alive)
