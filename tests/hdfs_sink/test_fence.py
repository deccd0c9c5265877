"""No row lost, none doubled: writers that die, hang, race, and HDFS that loses requests and answers."""

from __future__ import annotations

import itertools
import random
import threading

import pytest
from hdfs import HdfsError

from hdfs_sink import backoff
from hdfs_sink.hdfs import compact, position
from hdfs_sink.hdfs.names import Paths, Position
from hdfs_sink.records.batch import Batch
from tests.hdfs_sink.kit import DAY, FOLDER, Client, Killed, Log, Scheduler, Store, make_sink, said, turn_until

PATHS = Paths(FOLDER, "temperatures", "id-1", 0)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(backoff, "DELAYS", (0.0,))
    monkeypatch.setattr("hdfs_sink.following.LOOK_EVERY", 0.0)


def rows(store: Store) -> list[int]:
    return [int(line) for line in store.visible()]


def batch(start: int, end: int) -> Batch:
    body = "".join(f"{number}\n" for number in range(start, end)).encode()
    return Batch(start, end, {"-": body}, end - start, [], [])


def test_of_two_writers_of_one_offset_one_commits():
    store = Store()
    client = Client(store)
    known = position.find(client, PATHS, lambda: 0)
    first, second = batch(0, 3), batch(0, 2)
    position.stage(client, PATHS, first, "csv")
    position.stage(client, PATHS, second, "csv")
    after = position.commit(client, PATHS, known, first, "csv")
    with pytest.raises(position.Fenced):
        position.commit(client, PATHS, known, second, "csv")
    position.publish(client, PATHS, after)
    assert rows(store) == [0, 1, 2]
    assert store.names() == ["temperatures+0+00000000000000000000.csv"]


def test_a_commit_whose_answer_was_lost_is_found_to_be_done():
    store = Store()
    client = Client(store)
    known, one = position.find(client, PATHS, lambda: 0), batch(0, 3)
    position.stage(client, PATHS, one, "csv")
    done = position.commit(client, PATHS, known, one, "csv")
    assert position.commit(client, PATHS, known, one, "csv") == done
    assert position.find(client, PATHS, lambda: 99) == done
    assert rows(store) == [0, 1, 2]


def test_who_finds_a_place_publishes_what_it_says_is_committed():
    store = Store()
    client = Client(store)
    known, one = position.find(client, PATHS, lambda: 0), batch(0, 3)
    position.stage(client, PATHS, one, "csv")
    position.commit(client, PATHS, known, one, "csv")
    assert rows(store) == []
    assert position.find(Client(store), PATHS, lambda: 0).next == 3
    assert rows(store) == [0, 1, 2]


def test_a_stopped_writer_cannot_commit_a_file_that_was_swept():
    store = Store()
    client = Client(store)
    known, late = position.find(client, PATHS, lambda: 0), batch(0, 3)
    position.stage(client, PATHS, late, "csv")
    swept = position.sweep(client, PATHS, position.find(client, PATHS, lambda: 0), now=10_000)
    assert (swept.next, client.names(f"{PATHS.home}/staged")) == (0, [])
    with pytest.raises(position.Fenced):
        position.commit(client, PATHS, known, late, "csv")


def test_files_of_merged_offsets_are_fenced_as_before():
    store, log = Store(), Log()
    log.fill(40)
    made = make_sink(store, log, "--rows", "4")
    turn_until(made, lambda: len(rows(store)) == 40)
    stale = Position(8, 4, "-", "0" * 12, "csv")
    assert compact.compact(made.state.client, made.settings) == {0: 9}
    assert len(store.names()) == 1
    again = batch(8, 12)
    position.stage(made.state.client, PATHS, again, "csv")
    with pytest.raises(position.Fenced):
        position.commit(made.state.client, PATHS, stale, again, "csv")
    assert rows(store) == list(range(40))


def test_a_deleted_hidden_folder_is_made_anew_from_what_is_attached_to_the_files():
    store, log = Store(), Log(2)
    log.fill(10)
    log.fill(5, partition=1)
    turn_until(make_sink(store, log, "--rows", "4"), lambda: len(rows(store)) == 15)
    Client(store).remove(f"{FOLDER}/_sink", whole=True)
    log.fill(5)
    turn_until(make_sink(store, log, "--rows", "4"), lambda: len(rows(store)) >= 20)
    assert sorted(rows(store)) == [*range(15), *range(10_000, 10_005)]


def test_a_topic_made_again_is_read_from_its_beginning_and_said(monkeypatch):
    store, log = Store(), Log()
    log.fill(5)
    made = make_sink(store, log)
    source = made.state.source
    monkeypatch.setattr("hdfs_sink.following.open_source", lambda settings: type(source)(log))
    turn_until(made, lambda: len(rows(store)) == 5)
    log.id, log.records = "id-2", {0: []}
    log.fill(7)
    turn_until(made, lambda: len(rows(store)) == 12)
    assert sorted(rows(store)) == sorted([*range(5), *range(7)])
    assert "event=new_topic" in said(made)


def test_new_partitions_are_found_while_it_runs():
    store, log = Store(), Log()
    log.fill(5)
    made = make_sink(store, log)
    turn_until(made, lambda: len(rows(store)) == 5)
    log.records[1], log.first[1] = [], 0
    log.fill(5)
    log.fill(5, partition=1)
    turn_until(made, lambda: len(rows(store)) == 15)
    assert sorted(rows(store)) == [*range(10), *range(10_000, 10_005)]
    assert "event=new_partitions" in said(made)


def test_what_retention_ate_is_reported_and_not_silently_passed_over():
    store, log = Store(), Log()
    log.fill(5)
    made = make_sink(store, log)
    turn_until(made, lambda: len(rows(store)) == 5)
    log.fill(10)
    log.first[0] = 9
    turn_until(made, lambda: len(rows(store)) == 11)
    assert rows(store) == [*range(5), *range(9, 15)]
    assert made.state.letters.sent == [("0/5-8", "lost")]
    assert (made.metrics.sum("offsets_lost"), made.metrics.sum("offsets_skipped")) == (4, 0)
    assert "level=error event=lost" in said(made)
    assert position.find(made.state.client, PATHS, lambda: 0).next == 15


def test_markers_and_compaction_are_counted():
    store, log = Store(), Log()
    log.fill(5)
    log.fill(5, skip=3)
    made = make_sink(store, log)
    turn_until(made, lambda: len(rows(store)) == 10)
    assert made.metrics.sum("offsets_skipped") == 3
    assert made.state.letters.sent == []


def test_a_log_that_was_cut_is_an_error_and_doubles_nothing():
    store, log = Store(), Log()
    log.fill(10)
    made = make_sink(store, log)
    turn_until(made, lambda: len(rows(store)) == 10)
    log.records[0] = log.records[0][:4]
    made.state.source.positions[0] = 0
    turn_until(made, lambda: "event=log_cut" in said(made))
    assert rows(store) == list(range(10))


def test_poison_alone_moves_the_place_and_is_sent_once():
    store, log = Store(), Log()
    log.records[0] = [record._replace(value=None) for record in _filled(3)]
    made = make_sink(store, log)
    turn_until(made, lambda: len(made.state.letters.sent) == 3)
    made._turn()
    assert rows(store) == []
    other = make_sink(store, log)
    for _ in range(5):
        other._turn()
    assert other.state.letters.sent == []
    assert made.state.letters.sent[2] == ("0/2", "tombstone: the value is null")


def _filled(count: int) -> list:
    log = Log()
    log.fill(count)
    return log.records[0]


def test_hdfs_that_refuses_for_a_while_stops_the_reading_and_nothing_else():
    store, log = Store(), Log()
    log.fill(500)
    down = [True]

    def step(name: str, done: bool) -> None:
        if down[0] and not done:
            raise HdfsError("Name node is in safe mode.", exception="SafeModeException")

    made = make_sink(store, log, "--rows", "4", step=step)
    down[0] = False
    turn_until(made, lambda: len(rows(store)) >= 20)
    down[0] = True
    for _ in range(50):
        made._turn()
    assert sum(part.gatherer.waiting for part in made.state.partitions.values()) <= 13
    assert made.metrics.trouble.startswith("waiting: Name node is in safe mode")
    down[0] = False
    turn_until(made, lambda: len(rows(store)) == 500, turns=2000)
    assert rows(store) == list(range(500))
    assert "event=waiting" in said(made) and "event=resumed" in said(made)


def test_ending_writes_what_is_gathered_and_commits_the_groups_offset():
    store, log = Store(), Log()
    log.fill(3)
    made = make_sink(store, log, "--seconds", "3600")
    turn_until(made, lambda: bool(made.state.partitions) and made.state.partitions[0].gatherer.waiting == 3)
    made.stop()
    made.run()
    assert rows(store) == [0, 1, 2]
    assert made.state.source.committed == {0: 3}
    assert "event=ended" in said(made)


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
    """kill -9 before and after each request; what is left is finished by the next writer, or by one that hung."""
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


def test_places_that_older_versions_left_are_read():
    for name in (
        "00000000000000000012+00000000000000000000+-+0123456789ab.csv",
        "00000000000000000012+00000000000000000000+2025-02-21+0123456789ab.jsonl",
        "00000000000000000012+00000000000000000012+-+0123456789ab.none",
    ):
        assert str(Position.read(name)) == name and Position.read(name).staged.startswith("0123456789ab.")


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


def test_the_marked_name_of_a_file_is_told_when_the_answer_to_its_rename_was_lost():
    store = Store()
    client = Client(store)
    known, one = position.find(client, PATHS, lambda: 0), batch(0, 3)
    other = f"{FOLDER}/temperatures+0+00000000000000000000.csv"
    client.write(other, data=b"9\n")
    position.stage(client, PATHS, one, "csv")
    after = position.commit(client, PATHS, known, one, "csv")
    lost = [True]

    def step(name: str, done: bool) -> None:
        if name == "move" and done and lost[0] and not any("/staged/" in path for path in store.files):
            lost[0] = False
            raise ConnectionError("no answer")

    with pytest.raises(ConnectionError):
        position.publish(Client(store, step), PATHS, after)
    marked = f"{FOLDER}/temperatures+0+00000000000000000000+{after.batch}.csv"
    assert position.publish(client, PATHS, after) == [marked]
    assert (store.files[marked], store.files[other]) == (b"0\n1\n2\n", b"9\n")


@pytest.mark.parametrize("seed", range(40))
def test_writers_that_race_hang_and_die_lose_and_double_nothing(seed):
    """Two writers and a compactor, one request at a time in any order; kill -9 and lost answers between any two.

    Every second time rows of three days come by turns, with a file of each.
    """
    chance = random.Random(seed)
    store, log = Store(), Log(2)
    by_day = ["--by-day"] if seed % 2 else []
    for number in log.records:
        for part in range(20):
            log.fill(3, partition=number, skip=chance.choice([0, 2]) if not part else 0, timestamp=part % 3 * DAY)
    wanted = sorted(10_000 * number + record.offset for number, there in log.records.items() for record in there)
    order = Scheduler(chance)
    lock = threading.Lock()
    kills = [chance.randint(0, 12)]

    def step_of(number: int):
        def step(name: str, done: bool) -> None:
            order.step(number)
            with lock:
                if kills[0] and chance.random() < 0.02:
                    kills[0] -= 1
                    raise Killed
            if name in ("write", "move", "describe", "join") and chance.random() < 0.05:
                raise ConnectionError("no answer" if done else "not sent")

        return step

    def write(number: int):
        made = make_sink(store, log, "--rows", str(chance.randint(3, 9)), *by_day, step=step_of(number), chance=chance)

        def act() -> None:
            while sorted(rows(store)) != wanted and len(rows(store)) <= len(wanted):
                made._turn()

        return act

    def merge(number: int):
        client = Client(store, step_of(number))
        given = make_sink(store, log).settings

        def act() -> None:
            while True:
                try:
                    compact.compact(client, given, min_files=3)
                except (HdfsError, ConnectionError):
                    continue

        return act

    makers = {0: write, 1: write, 2: merge}
    for number, make in makers.items():
        order.add(number, make(number))
    next_number = 3
    for _ in range(6000):
        order.run(lambda alive: chance.choice(alive))
        if sorted(rows(store)) == wanted:
            break
        # systemd starts what died anew; a hanging one just is not chosen for long.
        while len(order.alive) < 3:
            make = merge if not {n for n in order.alive if makers[n] is merge} else write
            makers[next_number] = make
            order.add(next_number, make(next_number))
            next_number += 1
        assert len(set(rows(store))) == len(rows(store)), f"seed {seed}: doubled"
    assert sorted(rows(store)) == wanted, f"seed {seed}"
    for name in [name for name in store.names() if "+0+" in name]:
        ids = [int(line) for line in store.files[f"{FOLDER}/{name}"].split()]
        assert ids == sorted(ids), f"seed {seed}: {name} is out of order"


def test_what_an_older_version_committed_and_did_not_show_is_shown():
    store, day = Store(), "2025-02-21"
    client = Client(store)
    client.write(f"{PATHS.home}/at/{12:020d}+{0:020d}+{day}+0123456789ab.csv", data=b"")
    client.write(f"{PATHS.home}/staged/0123456789ab.csv", data=b"0\n1\n")
    assert position.find(client, PATHS, lambda: 0).next == 12
    assert store.names() == [f"dt={day}/temperatures+0+{0:020d}.csv"]
