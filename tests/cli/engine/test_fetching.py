"""How far a download is, and how it ended."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from cli.engine.fetching import Fetching, progress


def test_sizes_and_rate(tmp_path: Path) -> None:
    (tmp_path / "progress").write_text(f"84000000 199000000 {time.time() - 4:.0f}\n", encoding="ascii")
    said = progress(tmp_path)
    assert said.startswith("84 of 199 MB, ") and said.endswith(" MB/s")
    assert 15 < float(said.split()[4]) < 30


def test_a_file_that_a_killed_process_left_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    path.write_text("84000000 199000000 1\n", encoding="ascii")
    os.utime(path, (time.time() - 60, time.time() - 60))
    assert progress(tmp_path) == ""


@pytest.mark.parametrize("content", [None, "", "1 2", "a b c"])
def test_without_a_transfer_nothing_is_said(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "progress").write_text(content, encoding="ascii")
    assert progress(tmp_path) == ""
    assert Fetching(tmp_path).running() == []


def test_the_work_of_another_process_on_the_cache_is_shown(tmp_path: Path) -> None:
    (tmp_path / "progress").write_text(f"1000000 2000000 {time.time():.0f}\n", encoding="ascii")
    assert Fetching(tmp_path).running() == ["  Downloads: 1 of 2 MB, 1.0 MB/s"]
    assert Fetching(tmp_path).ended() == []


@pytest.mark.parametrize(("program", "note"), [("true", ""), ("false", "not finished; ")])
def test_the_end_is_told_once(tmp_path: Path, program: str, note: str) -> None:
    fetching = Fetching(tmp_path, subprocess.Popen([program], start_new_session=True), "fetch.log")
    assert fetching.running()[0].startswith("  Downloads ...")
    fetching._child.wait()
    [line] = fetching.ended()
    assert (note in line and "fetch.log" in line) if note else line.endswith(" s")
    assert fetching.ended() == fetching.running() == []


@pytest.mark.parametrize(("program", "recordings"), [("true", 1), ("false", 0)])
def test_archives_are_recorded_once_the_artifacts_are_there(tmp_path: Path, program: str, recordings: int) -> None:
    started = []

    def record() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(["sleep", "60"], start_new_session=True))
        return started[-1]

    fetching = Fetching(tmp_path, subprocess.Popen([program], start_new_session=True), "fetch.log", record)
    fetching._child.wait()
    fetching.ended()
    fetching.ended()
    fetching.stop()
    assert len(started) == recordings
    assert all(child.wait(timeout=20) for child in started), "it ends with ./lab"
