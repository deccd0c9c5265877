"""A topic in memory, as the sink sees it: its log, a source of records, dead letters."""

from __future__ import annotations

import json
import random
from typing import Any, NamedTuple

from hdfs_sink.kafka.source import Topic


class Record(NamedTuple):
    """A record, as far as the sink looks."""

    offset: int
    value: bytes | None
    timestamp: int = 1_740_132_000_000
    partition: int = 0
    key: bytes | None = None


def event(number: int, **more: Any) -> bytes:
    """A record's value with an id, as Kafka Connect writes it."""
    return json.dumps({"schema": None, "payload": {"id": number, "datahora": 0, "valor": 1.5, **more}}).encode()


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
        self.positions: dict[int, int] = {}
        self.committed: dict[int, int] = {}

    def describe(self) -> Topic | None:
        return Topic(self.log.id, tuple(self.log.records))

    def follow(self, partitions: tuple[int, ...]) -> None:
        mine = {number for number in partitions if self.numbers is None or number in self.numbers}
        if mine != self.owned:
            self.owned, self.fresh = mine, set(mine)

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
