"""The slate: verification never destroys a person's work, and always cleans up after itself."""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import pytest

import connect_rest
from slate import __main__ as slate
from slate import connectors, hdfs_files, ledger, reset, stores
from slate.stores import Item, Names
from slate.topics import StoreError
from tests.connect.rest_worker import running_worker

SETTINGS = {
    "kafka_home": "/opt/kafka",
    "home": "/home/student",
    "programs": "/home/student/kafka-python",
    "declared": "/nonexistent",
    "hdfs_folder": "/user/hadoop/kafka",
}


class World:
    """Stores in memory: what exists, as (kind, name) with a detail."""

    def __init__(self) -> None:
        self.details: dict[tuple[str, str], str] = {}
        self.services: list[tuple[str, list[str]]] = []

    def existing(self, settings: dict, names: Names) -> list[Item]:
        keys = [(kind, name) for kind, listed in names.items() for name in listed]
        return [Item(*key, self.details[key]) for key in keys if key in self.details]

    def remove(self, settings: dict, items: list[Item]) -> None:
        for item in items:
            self.details.pop(item.key, None)


@pytest.fixture
def world(monkeypatch, tmp_path) -> World:
    world = World()
    monkeypatch.setattr(stores, "existing", world.existing)
    monkeypatch.setattr(stores, "remove", world.remove)
    monkeypatch.setattr(ledger, "LEDGER", tmp_path / "ledger")
    monkeypatch.setattr(slate, "stop_units", lambda: None)
    for name in ("pause_services", "start_services"):
        monkeypatch.setattr(slate.reset, name, lambda units, name=name: world.services.append((name, units)))
    return world


def call(command: str, case: str = "", discard: bool = False) -> tuple[int, dict]:
    cases = [case] if case else []
    return slate.run(argparse.Namespace(command=command, case=case, cases=cases, discard=discard), SETTINGS)


def test_a_clean_slate_begins_and_is_noted_before_anything_is_made(world):
    assert call("begin", "first-steps") == (0, {"ok": True, "removed": []})
    assert ledger.read() == [{"case": "first-steps", "kind": "topic", "name": "tema-prova"}]


def test_work_of_a_person_is_refused_and_left_alone(world):
    world.details["topic", "tema-prova"] = ""
    status, answer = call("begin", "first-steps")
    assert (status, answer["ok"]) == (3, False)
    assert answer["foreign"] == [{"kind": "topic", "name": "tema-prova", "detail": ""}]
    assert world.details
    assert ledger.read() == []


def test_discard_throws_it_away(world):
    world.details["topic", "tema-prova"] = ""
    assert call("begin", "first-steps", discard=True)[0] == 0
    assert not world.details


def test_leftovers_of_a_killed_run_are_cleaned_also_by_another_case(world):
    call("begin", "first-steps")
    world.details["topic", "tema-prova"] = ""
    assert call("begin", "python-text")[0] == 0, "python-text uses the same topic, which verification made"
    assert not world.details


def test_recover_wipes_all_that_the_ledger_names_and_nothing_else(world):
    call("begin", "python-json")
    world.details["topic", "tema-json"] = ""
    world.details["topic", "tema-prova"] = ""
    assert call("recover")[1]["removed"] == [{"kind": "topic", "name": "tema-json", "detail": ""}]
    assert list(world.details) == [("topic", "tema-prova")]
    assert ledger.read() == []


def test_end_wipes_what_the_case_made_and_strikes_it_out(world):
    call("begin", "python-json")
    call("begin", "first-steps")
    world.details["topic", "tema-json"] = ""
    call("end", "python-json")
    assert not world.details
    assert [entry["case"] for entry in ledger.read()] == ["first-steps"]


def test_an_empty_group_is_a_trace_but_one_with_members_is_work(world):
    world.details["group", "grup-consumidors"] = ""
    assert call("begin", "groups")[0] == 0
    call("end", "groups")
    world.details["group", "grup-consumidors"] = "1 live members"
    assert call("begin", "groups")[0] == 3


def test_members_that_a_case_killed_are_waited_for(world, monkeypatch):
    call("begin", "groups")
    world.details["group", "grup-manual"] = "1 live members"
    monkeypatch.setattr(stores, "remove", lambda *_: None)
    assert call("end", "groups")[0] == 0
    assert ledger.read() == [{"case": "groups", "kind": "group", "name": "grup-manual"}]
    monkeypatch.setattr(slate.time, "sleep", lambda _: world.details.clear())
    assert call("begin", "groups") == (0, {"ok": True, "removed": []})


def test_a_group_of_a_person_with_a_name_in_the_ledger_is_refused(world, monkeypatch):
    call("begin", "groups")
    world.details["group", "grup-manual"] = "1 live members"
    monkeypatch.setattr(slate, "DEAD_MEMBER_SECONDS", 0.0)
    assert call("begin", "groups")[0] == 3


def test_a_folder_that_was_there_before_is_there_after(world):
    world.details["folder", "/user/hadoop/kafka"] = "0 entries"
    assert call("begin", "hdfs-csv")[0] == 0
    world.details["hdfs", "/user/hadoop/kafka/temperatures.txt"] = "10 bytes"
    call("end", "hdfs-csv")
    assert list(world.details) == [("folder", "/user/hadoop/kafka")]


def test_a_folder_that_the_case_made_goes(world):
    call("begin", "hdfs-csv")
    world.details["folder", "/user/hadoop/kafka"] = "0 entries"
    call("end", "hdfs-csv")
    assert not world.details


def test_clear_wipes_whoever_made_it(world):
    world.details["topic", "tema-prova"] = ""
    world.details["table", "temperatures"] = "3 rows"
    assert call("clear", "first-steps")[0] == 0
    assert call("clear", "mysql-source")[0] == 0
    assert not world.details


@pytest.fixture
def inventory_declares(tmp_path, monkeypatch):
    """The inventory declares a topic of the notes, one of its own, and a connector."""
    path = tmp_path / "declared.json"
    path.write_text(json.dumps({"topics": {"tema-prova": {}, "own": {}}, "connectors": {"c": {}}}), encoding="utf-8")
    monkeypatch.setitem(SETTINGS, "declared", str(path))


def test_what_is_in_the_way_is_said_to_be_declared(world, inventory_declares):
    world.details["topic", "tema-prova"] = ""
    assert call("begin", "first-steps")[1]["declared"] == ["tema-prova"]
    world.details["topic", "tema-json"] = ""
    assert call("begin", "python-json")[1]["declared"] == []


def test_a_ledger_cut_short_by_a_crash_is_read_as_far_as_it_goes(world):
    good = {"case": "groups", "kind": "topic", "name": "tema-grups"}
    ledger.LEDGER.write_text(json.dumps(good) + '\n{"case": "gro', encoding="utf-8")
    assert ledger.read() == [good]


def test_an_unknown_case_is_named():
    with pytest.raises(SystemExit, match="there is no case nonsense"):
        slate.names_of({"groups": {}}, ["nonsense"])


def test_every_case_with_data_has_a_slate():
    paths = [*Path("verify/cases").glob("test_*.py"), *Path("verify/faults").glob("test_*.py")]
    cases = {path.stem.removeprefix("test_").removesuffix("_faults").replace("_", "-") for path in paths}
    # The last one is what students make with hdfs-sink on the notes' topics.
    assert cases == set(slate.load_cases(SETTINGS)) - {"hdfs-sink-of-the-notes"}


def test_what_an_old_verification_left_may_be_a_persons_by_now(world, monkeypatch):
    call("begin", "first-steps")
    world.details["topic", "tema-prova"] = ""
    os.utime(ledger.LEDGER, (0, time.time() - ledger.FRESH_SECONDS - 1))
    assert call("recover")[1]["removed"] == []
    status, answer = call("begin", "first-steps")
    assert (status, answer["foreign"]) == (3, [{"kind": "topic", "name": "tema-prova", "detail": ""}])
    assert world.details


def test_what_could_not_be_wiped_stays_in_the_ledger(world, monkeypatch):
    call("begin", "first-steps")
    world.details["topic", "tema-prova"] = ""
    monkeypatch.setattr(stores, "remove", lambda *_: None)
    monkeypatch.setattr(slate, "LATE_SECONDS", 0.0)
    assert call("end", "first-steps")[0] == 2
    assert [entry["case"] for entry in ledger.read()] == ["first-steps"]


def test_what_a_task_that_ends_late_stores_is_wiped_too(world, monkeypatch):
    call("begin", "first-steps")
    world.details["topic", "tema-prova"] = ""
    late = iter([("topic", "tema-prova")])

    def remove(*given):
        world.remove(*given)
        world.details.update(dict.fromkeys(late, ""))

    monkeypatch.setattr(stores, "remove", remove)
    monkeypatch.setattr(slate.time, "sleep", lambda _: None)
    assert call("end", "first-steps")[0] == 0
    assert ("topic", "tema-prova") not in world.details


def test_a_service_that_somebody_started_is_work_and_is_stopped_when_discarded(monkeypatch):
    running, stopped = {"bluesky-search"}, []

    def systemctl(argv: list[str], **_options: object) -> argparse.Namespace:
        if argv[1] == "stop":
            stopped.extend(argv[2:])
            running.difference_update(argv[2:])
        return argparse.Namespace(returncode=0 if argv[-1] in running else 3)

    monkeypatch.setattr(stores.subprocess, "run", systemctl)
    names = {"unit": ["bluesky-search", "other"]}
    items = stores.existing({}, names)
    assert items == [Item("unit", "bluesky-search", "it runs")]
    assert items[0].is_work
    stores.remove({}, items)
    assert stopped == ["bluesky-search"]
    assert stores.existing({}, names) == []


def test_services_of_the_inventory_pause_while_a_case_runs(world):
    call("begin", "transformations")
    assert world.services == [("pause_services", ["faust-mean"])]
    call("end", "transformations")
    assert world.services[1:] == [("start_services", ["faust-mean"])]


def test_they_start_again_when_a_case_is_refused(world):
    world.details["topic", "mysql_temperatures2"] = "3 records"
    assert call("begin", "transformations")[0] == 3
    assert world.services[-1] == ("start_services", ["faust-mean"])


def test_offsets_of_a_connector_whose_plugin_is_gone_are_wiped_in_kafka(monkeypatch):
    wiped = []
    monkeypatch.setattr(connectors, "delete_offsets", lambda _settings, names: wiped.append(("offsets", names)))
    monkeypatch.setattr(connectors.topics, "delete", lambda _settings, *names: wiped.append(("kafka", *names)))
    prefix = "schema.history.internal.kafka."
    config = {"connector.class": "io.debezium.Gone", f"{prefix}topic": "h", f"{prefix}bootstrap.servers": "kafka:9092"}
    with running_worker() as worker:
        worker.says("GET", "/connectors/a/config", (200, config))
        worker.says("PUT", "/connectors/a/stop", (204, None))
        worker.says("DELETE", "/connectors/a/offsets", (500, {"message": f"{connect_rest.NO_PLUGIN} and ..."}))
        worker.says("DELETE", "/connectors/a", (204, None))
        worker.says("GET", "/connectors", (200, []))
        assert connectors.delete({"connect": worker.url}, ["a"]) == ["h"]
    assert wiped == [("offsets", ["a"]), ("kafka", [], ["connect-a"])]


def test_a_reset_that_fails_starts_again_what_it_stopped(monkeypatch):
    started = []
    monkeypatch.setattr(slate, "stop_units", lambda: None)
    monkeypatch.setattr(reset, "stop_services", lambda: ["bluesky-search.service"])
    monkeypatch.setattr(reset, "start_services", started.extend)

    def fail(_settings: dict) -> None:
        raise StoreError("Kafka does not answer")

    monkeypatch.setattr(reset, "everything", fail)
    with pytest.raises(StoreError):
        call("reset")
    assert started == ["bluesky-search.service"]


@pytest.mark.usefixtures("dead_proxy")
def test_hdfs_is_asked_without_a_proxy():
    with running_worker() as namenode:
        query = "/webhdfs/v1/a?user.name=hadoop&op="
        namenode.says("GET", f"{query}GETFILESTATUS", (200, {"FileStatus": {"type": "DIRECTORY"}}))
        namenode.says("GET", f"{query}GETCONTENTSUMMARY", (200, {"ContentSummary": {"fileCount": 2}}))
        assert hdfs_files.existing_trees({"webhdfs": namenode.url}, ["/a"]) == [("tree", "/a", "2 files")]
