"""Batches with rows of several days: committed whole, and found again."""

from __future__ import annotations

import itertools

import pytest

from hdfs_sink import backoff
from hdfs_sink.hdfs import compact, position
from hdfs_sink.hdfs.names import Paths
from tests.hdfs_sink.hdfs_store import FOLDER, Client, Store
from tests.hdfs_sink.kit import DAY, make_sink, turn_until
from tests.hdfs_sink.scheduler import Killed
from tests.hdfs_sink.topic_log import Log

PATHS = Paths(FOLDER, "temperatures", "id-1", 0)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(backoff, "DELAYS", (0.0,))
    monkeypatch.setattr("hdfs_sink.following.LOOK_EVERY", 0.0)


def rows(store: Store) -> list[int]:
    return [int(line) for line in store.visible()]


def days_by_turns(count: int) -> Log:
    """A log with rows of three days by turns."""
    log = Log()
    for number in range(count):
        log.fill(1, timestamp=number % 3 * DAY)
    return log


def rows_of_days(store: Store) -> dict[str, list[int]]:
    """Rows by the folder that a reader finds them in, in the order of the files' names."""
    found: dict[str, list[int]] = {}
    for name in store.names():
        folder, _, _ = name.rpartition("/")
        found.setdefault(folder, []).extend(int(line) for line in store.files[f"{FOLDER}/{name}"].split())
    return found


THREE_DAYS = {f"dt=1970-01-0{day + 1}": list(range(day, 12, 3)) for day in range(3)}


@pytest.mark.parametrize("merge", [False, True])
def test_a_batch_of_several_days_is_committed_whole_wherever_its_writer_dies(merge):
    """Kill -9 before and after each request; what is left is finished by the next writer, or by one that hung."""
    for fatal in itertools.count():
        store, log, left = Store(), days_by_turns(12), [fatal]

        def step(name: str, done: bool, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Killed

        made = make_sink(store, log, "--by-day", "--rows", "6", step=step)
        try:
            turn_until(made, lambda s=store: len(rows(s)) == 12)
        except Killed:
            pass
        else:
            break
        assert len(set(rows(store))) == len(rows(store)), f"doubled at request {fatal}"
        if merge:
            compact.compact(Client(store), made.settings, min_files=2)
        turn_until(make_sink(store, log, "--by-day", "--rows", "6"), lambda s=store: len(rows(s)) >= 12)
        assert rows_of_days(store) == THREE_DAYS, f"killed at request {fatal}"
        # The one that was killed had only hung.
        made.state.client.step = lambda name, done: None
        for _ in range(5):
            made._turn()
        assert rows_of_days(store) == THREE_DAYS, f"hung at request {fatal}"
    assert fatal > 40


def test_days_by_turns_do_not_make_a_file_of_each_row():
    store, log = Store(), Log()
    for number in range(1000):
        log.fill(1, timestamp=number % 2 * DAY)
    made = make_sink(store, log, "--by-day", "--rows", "500", "--seconds", "3600")
    turn_until(made, lambda: len(rows(store)) == 1000, turns=2000)
    assert len(store.names()) == 4
    assert made.metrics.sum("files") == 4
    about = store.about[f"{FOLDER}/{store.names()[0]}"]
    assert (about["start"], about["end"], about["rows"], about["files"]) == (0, 500, 250, 2)


def test_a_batch_that_is_half_shown_when_its_hidden_folder_is_deleted_is_neither_lost_nor_doubled():
    store, log = Store(), days_by_turns(12)

    def step(name: str, done: bool) -> None:
        if len(store.names()) == 2 and done:
            raise Killed

    with pytest.raises(Killed):
        turn_until(make_sink(store, log, "--by-day", "--rows", "12", step=step), lambda: False)
    Client(store).remove(f"{FOLDER}/_sink", whole=True)
    made = make_sink(store, log, "--by-day")
    turn_until(made, lambda: made.metrics.retries >= 3)
    assert "holds 2 of 3 files with rows up to offset 11 of partition 0" in made.metrics.trouble
    left = " ".join(f"{FOLDER}/{name}" for name in store.names())
    assert f": hdfs dfs -rm {left} (try " in made.metrics.trouble
    for name in store.names():
        del store.files[f"{FOLDER}/{name}"]
    turn_until(made, lambda: len(rows(store)) == 12)
    assert rows_of_days(store) == THREE_DAYS


def test_all_files_of_the_last_batch_are_known_after_they_were_merged():
    store, log = Store(), days_by_turns(24)
    turn_until(make_sink(store, log, "--by-day", "--rows", "6"), lambda: len(rows(store)) == 24)
    compact.compact(Client(store), make_sink(store, log).settings, min_files=2)
    Client(store).remove(f"{FOLDER}/_sink", whole=True)
    assert position.find(Client(store), PATHS, lambda: 0).next == 24
