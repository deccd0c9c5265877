"""Where hdfs-sink cuts batches: rows, bytes, seconds, days; every record in exactly one."""

from __future__ import annotations

import random

from hdfs_sink.hdfs.names import DAYS, NO_DAY
from hdfs_sink.records.batch import Batch, Limits
from hdfs_sink.records.columns import Column
from hdfs_sink.records.gatherer import Gatherer
from hdfs_sink.records.rows import Maker
from tests.hdfs_sink.kit import DAY
from tests.hdfs_sink.topic_log import Record, event

MAKE = Maker("csv", [Column("id", "int")])


def records(*offsets: int, **more: int) -> list[Record]:
    return [Record(offset, event(offset), **more) for offset in offsets]


def gather(limits: Limits, by_day: bool = False, start: int = 0) -> Gatherer:
    return Gatherer(start, MAKE, limits, by_day)


def all_of(gatherer: Gatherer, now: float = 0.0, finish: bool = False) -> list[Batch]:
    found = []
    while batch := gatherer.cut(now, finish):
        found.append(batch)
    return found


def test_a_batch_is_full_at_its_rows_also_within_one_poll():
    gatherer = gather(Limits(3, 10_000, 60))
    gatherer.take(records(*range(8)), 0)
    assert [(b.start, b.end, b.rows) for b in all_of(gatherer)] == [(0, 3, 3), (3, 6, 3)]
    assert gatherer.waiting == 2


def test_a_batch_is_full_at_its_bytes():
    gatherer = gather(Limits(1000, 5, 60))
    gatherer.take(records(*range(6)), 0)
    assert [b.files for b in all_of(gatherer)] == [{"-": b"0\n1\n2\n"}, {"-": b"3\n4\n5\n"}]


def test_a_batch_is_due_by_the_age_of_its_first_record_also_when_no_more_come():
    gatherer = gather(Limits(1000, 10_000, 2))
    gatherer.take(records(0), 10)
    assert all_of(gatherer, 11) == []
    gatherer.take(records(1), 11.5)
    assert gatherer.due(11.5) == 0.5
    assert [(b.start, b.end) for b in all_of(gatherer, 12)] == [(0, 2)]
    assert all_of(gatherer, 99) == []


def test_days_that_alternate_are_one_batch_with_a_file_of_each():
    gatherer = gather(Limits(1000, 10_000, 60), by_day=True)
    gatherer.take([*records(0, timestamp=DAY - 1), *records(1, timestamp=DAY), *records(2, 3, timestamp=0)], 0)
    assert gatherer.waiting == 4
    (batch,) = all_of(gatherer, finish=True)
    assert (batch.day, batch.start, batch.end, batch.rows, batch.bytes) == (DAYS, 0, 4, 4, 8)
    assert batch.files == {"1970-01-01": b"0\n2\n3\n", "1970-01-02": b"1\n"}


def test_a_batch_of_one_day_is_of_that_day():
    gatherer = gather(Limits(2, 10_000, 60), by_day=True)
    gatherer.take(records(0, 1, timestamp=DAY - 1) + records(2, timestamp=DAY), 0)
    first, second = all_of(gatherer, finish=True)
    assert (first.day, first.start, first.end) == ("1970-01-01", 0, 2)
    assert (second.day, second.start, second.end) == ("1970-01-02", 2, 3)


def test_rows_whose_time_is_null_have_a_day_of_their_own():
    gatherer = Gatherer(0, lambda record: (b"x\n", None if record.offset else 0), Limits(1000, 10_000, 60), True)
    gatherer.take(records(0, 1, 2), 0)
    (batch,) = all_of(gatherer, finish=True)
    assert batch.files == {"1970-01-01": b"x\n", NO_DAY: b"x\nx\n"}


def test_a_batch_has_a_bounded_number_of_days(monkeypatch):
    monkeypatch.setattr("hdfs_sink.records.gatherer.MAX_DAYS", 3)
    gatherer = gather(Limits(1000, 10_000, 60), by_day=True)
    gatherer.take([record for day in range(7) for record in records(day, timestamp=day * DAY)], 0)
    assert [len(batch.files) for batch in all_of(gatherer, finish=True)] == [3, 3, 1]


def test_rows_that_are_taken_back_are_taken_back_of_each_day():
    gatherer = gather(Limits(1000, 10_000, 60), by_day=True)
    gatherer.take([*records(0, timestamp=0), *records(1, timestamp=DAY)], 0)
    gatherer.look()
    gatherer.be_sure()
    gatherer.take([*records(2, timestamp=0), *records(3, timestamp=2 * DAY)], 0)
    gatherer.look()
    assert gatherer.forget() == 2
    (batch,) = all_of(gatherer, finish=True)
    assert batch.files == {"1970-01-01": b"0\n", "1970-01-02": b"1\n"}


def test_poison_moves_the_end_and_is_kept_with_its_reason():
    gatherer = gather(Limits(1000, 10_000, 60))
    gatherer.take([Record(0, event(0)), Record(1, None), Record(2, b"x")], 0)
    (batch,) = all_of(gatherer, finish=True)
    assert (batch.start, batch.end, batch.rows, batch.files) == (0, 3, 1, {"-": b"0\n"})
    assert [(r.offset, why) for r, why in batch.poison] == [(1, "tombstone: the value is null"), (2, "not JSON")]


def test_a_batch_of_nothing_but_poison_has_no_file_and_moves_on():
    gatherer = gather(Limits(1000, 10_000, 60), by_day=True)
    gatherer.take([Record(0, None)], 0)
    (batch,) = all_of(gatherer, finish=True)
    assert (batch.end, batch.files, batch.day) == (1, {}, "-")


def test_offsets_that_kafka_has_not_are_told_and_covered():
    gatherer = gather(Limits(1000, 10_000, 60))
    gatherer.take(records(5, 6, 9), 0)
    (batch,) = all_of(gatherer, finish=True)
    assert (batch.start, batch.end, batch.gaps) == (0, 10, [(0, 5), (7, 9)])


def test_offsets_that_hdfs_has_are_never_taken_again():
    gatherer = gather(Limits(1000, 10_000, 60), start=2)
    gatherer.take(records(0, 1, 2), 0)
    (batch,) = all_of(gatherer, finish=True)
    assert (batch.start, batch.files, gatherer.backwards) == (2, {"-": b"2\n"}, (0, 1))


def test_a_time_of_no_year_is_poison():
    gatherer = gather(Limits(1000, 10_000, 60), by_day=True)
    gatherer.take([Record(0, event(0), timestamp=10**17)], 0)
    (batch,) = all_of(gatherer, finish=True)
    assert batch.poison[0][1] == "its time is in no year of the calendar"


def test_rows_of_a_bad_day_never_land_in_the_file_of_another_day():
    make = Maker("jsonl", [], bare=True, time=Column("t", "datetime"))
    gatherer = Gatherer(0, make, Limits(1000, 10_000, 60), by_day=True)
    times = [1740132000000, 10**18, 10**18 + 1, 10**18 + 2, 1740132000001]
    gatherer.take([Record(offset, b'{"t":%d}' % time) for offset, time in enumerate(times)], 0)
    (batch,) = all_of(gatherer, finish=True)
    assert batch.files == {"2025-02-21": b'{"t":1740132000000}\n{"t":1740132000001}\n'}
    assert [record.offset for record, _ in batch.poison] == [1, 2, 3]
    assert {why for _, why in batch.poison} == {"its time is in no year of the calendar"}


def test_whatever_the_cuts_every_record_is_in_one_batch_and_batches_meet():
    for seed in range(200):
        chance = random.Random(seed)
        wanted, log, offset = [], [], 0
        for _ in range(chance.randint(1, 60)):
            offset += chance.choice([0, 0, 0, 2])
            value = chance.choice([event(offset)] * 5 + [None, b"x"])
            log.append(Record(offset, value, timestamp=chance.randint(0, 2) * DAY))
            wanted += [offset] if value and value != b"x" else []
            offset += 1
        gatherer = gather(
            Limits(chance.randint(1, 9), chance.randint(1, 40), chance.choice([0, 5])), chance.random() < 0.5
        )
        batches, at, now = [], 0, 0.0
        while at < len(log):
            count = chance.randint(1, 9)
            gatherer.take(log[at : at + count], now)
            at += count
            batches += all_of(gatherer, now)
            now += chance.random() * 3
        batches += all_of(gatherer, now, finish=True)
        rows = [row for batch in batches for row in sorted(map(int, b"".join(batch.files.values()).split()))]
        poison = [record.offset for batch in batches for record, _ in batch.poison]
        assert rows == wanted, seed
        assert sorted(rows + poison) == [record.offset for record in log], seed
        assert [b.start for b in batches] == [0, *[b.end for b in batches]][:-1], seed
        assert batches[-1].end == offset, seed
        gone = [number for batch in batches for begin, end in batch.gaps for number in range(begin, end)]
        assert sorted(rows + poison + gone) == list(range(offset)), seed
