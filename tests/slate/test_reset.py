"""`slate reset`: the student's files, and services that write by themselves."""

from __future__ import annotations

import argparse

from slate import reset


def test_reset_brings_files_back_and_keeps_what_was_changed(tmp_path):
    home, pristine = tmp_path / "home", tmp_path / "pristine"
    programs = home / "kafka-python"
    programs.mkdir(parents=True)
    for name in ("same.py", "edited.py", "deleted.py", "linked.py"):
        original = pristine / str(programs / name).lstrip("/")
        original.parent.mkdir(parents=True, exist_ok=True)
        original.write_text(name, encoding="utf-8")
    (programs / "same.py").write_text("same.py", encoding="utf-8")
    (programs / "edited.py").write_text("mine", encoding="utf-8")
    (programs / "added.py").write_text("new", encoding="utf-8")
    precious = tmp_path / "precious"
    precious.write_text("not to be written to", encoding="utf-8")
    (programs / "linked.py").symlink_to(precious)
    settings = {"home": str(home), "programs": str(programs)}

    moved = reset.restore_files(settings, pristine, now=0)

    assert sorted(path.name for path in moved) == ["added.py", "edited.py", "linked.py"]
    assert {path.name: path.read_text(encoding="utf-8") for path in programs.iterdir()} == {
        name: name for name in ("same.py", "edited.py", "deleted.py", "linked.py")
    }
    [aside] = home.glob("abans-del-reset-1970*")
    kept = aside / programs.relative_to("/")
    assert (kept / "edited.py").read_text(encoding="utf-8") == "mine"
    assert (kept / "added.py").read_text(encoding="utf-8") == "new"
    assert precious.read_text(encoding="utf-8") == "not to be written to"
    assert reset.restore_files(settings, pristine) == []


def test_reset_starts_again_only_what_starts_at_boot(monkeypatch):
    calls = []

    def run(command, **_):
        calls.append(command)
        listed = "bluesky-search.service loaded active running x\nhdfs-sink@a.service loaded active running y\n"
        enabled = command[1:] != ["is-enabled", "bluesky-search.service"]
        return argparse.Namespace(stdout=listed if command[1] == "list-units" else "", returncode=0 if enabled else 1)

    monkeypatch.setattr(reset.subprocess, "run", run)
    reset.start_services(reset.stop_services())
    assert ["systemctl", "stop", "bluesky-search.service", "hdfs-sink@a.service"] in calls
    assert [call[-1] for call in calls if call[1] == "start"] == ["hdfs-sink@a.service"]


def test_reset_moves_what_was_added_beside_the_java_programs_and_removes_states(tmp_path):
    home = tmp_path / "home"
    for folder in ("kafka-streams", ".kafka-streams/word-count-streams_text/0_0", "kafka-python"):
        (home / folder).mkdir(parents=True)
    (home / "kafka-streams" / "Mine.java").write_text("mine", encoding="utf-8")
    settings = {"home": str(home), "programs": str(home / "kafka-python")}
    assert [path.name for path in reset.restore_files(settings, tmp_path / "pristine")] == ["Mine.java"]
    assert reset.remove_states(settings) == [home / ".kafka-streams"]
    assert not (home / ".kafka-streams").exists()
    assert reset.remove_states(settings) == []


def test_a_link_in_place_of_the_states_is_left_alone(tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / ".kafka-streams").symlink_to(tmp_path / "precious")
    assert reset.remove_states({"home": str(tmp_path)}) == []
    assert (tmp_path / "precious").is_dir()


def test_a_service_of_the_inventory_pauses_and_one_started_by_hand_does_not(monkeypatch):
    calls = []

    def run(command, **_):
        calls.append(command)
        return argparse.Namespace(stdout="", returncode=0 if command[-1] == "faust-mean" else 1)

    monkeypatch.setattr(reset.subprocess, "run", run)
    reset.pause_services(["faust-mean", "bluesky-search"])
    assert [call[-1] for call in calls if call[1] == "stop"] == ["faust-mean"]
