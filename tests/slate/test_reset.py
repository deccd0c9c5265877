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
