"""Small files are merged: which, how many, and no row more or less."""

from __future__ import annotations

from hdfs_sink.hdfs import compact
from tests.hdfs_sink.hdfs_store import FOLDER, Client, Store
from tests.hdfs_sink.kit import make_sink, said, settings, turn_until
from tests.hdfs_sink.topic_log import Log


def file(name: str, length: int, block: int = 1, copies: int = 1) -> dict:
    return {"pathSuffix": name, "length": length, "blockSize": block, "replication": copies}


def test_files_are_divided_by_size_block_and_copies():
    files = [file("a", 4), file("b", 4), file("c", 4), file("d", 1, block=2), file("e", 1), file("f", 1, copies=2)]
    made = compact.groups(files, max_bytes=8)
    assert [[entry["pathSuffix"] for entry in group] for group in made] == [["a", "b"], ["c"], ["d", "e"], ["f"]]


def test_only_files_of_the_topic_and_format_are_merged():
    statuses = [
        file(name, 1) for name in ("other+0+00000000000000000000.csv", "temperatures+0+00000000000000000000.jsonl")
    ]
    assert compact.by_partition(statuses, settings()) == {}


def test_merging_keeps_days_and_partitions_apart_and_every_row():
    store, log = Store(), Log(2)
    for day in range(3):
        for partition in range(2):
            log.fill(6, partition=partition, timestamp=day * 86_400_000)
    made = make_sink(store, log, "--rows", "2", "--by-day")
    turn_until(made, lambda: len(store.visible()) == 36)
    before = sorted(store.visible())
    assert sum(compact.compact(made.state.client, made.settings, min_files=2).values()) == 12
    assert sorted(store.visible()) == before
    assert store.names() == [
        f"dt=1970-01-0{day + 1}/temperatures+{partition}+{day * 6:020d}.csv"
        for day in range(3)
        for partition in range(2)
    ]


def test_the_description_of_a_merged_file_reaches_to_its_end():
    store, log = Store(), Log()
    log.fill(12)
    made = make_sink(store, log, "--rows", "2")
    turn_until(made, lambda: len(store.visible()) == 12)
    compact.compact(Client(store), made.settings, min_files=2)
    (path,) = [path for path in store.files if "/_" not in path]
    assert store.about[path] == {"start": 0, "end": 12, "pieces": 6}
    assert path.startswith(FOLDER)


def test_a_compaction_that_merges_nothing_is_not_told():
    store, log = Store(), Log()
    log.fill(2)
    made = make_sink(store, log, "--compact-every", "0.001")
    turn_until(made, lambda: len(store.visible()) == 2)
    for _ in range(20):
        made._turn()
    assert "event=compacted" not in said(made)
