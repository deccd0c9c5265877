"""Progress of apt, from lines that apt printed on Debian 13."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.containers import apt_progress
from ansible_collections.streaming.lab.plugins.module_utils.containers.apt_progress import AptProgress
from ansible_collections.streaming.lab.plugins.module_utils.containers.engine import Podman, run_and_follow
from ansible_collections.streaming.lab.plugins.module_utils.containers.image import PROGRESS
from cli.engine import fetching

LISTS = "Get:4 http://mirror.example trixie/main amd64 Packages [9679 kB]"
SUMS = ["0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.", "Need to get 25.4 MB of archives."]
FIRST = "Get:1 http://mirror.example trixie/main amd64 libc6 amd64 2.41-12+deb13u5 [2850 kB]"
SECOND = "Get:2 http://mirror.example trixie/main amd64 openjdk-21-jdk amd64 21.0.9 [22.55 MB]"


@pytest.fixture
def progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AptProgress:
    """One that writes after each line."""
    monkeypatch.setattr(apt_progress, "INTERVAL", -1)
    return AptProgress(tmp_path / "progress")


def take(progress: AptProgress, *lines: str) -> str:
    """The text after some lines."""
    for line in lines:
        progress.read_line(f"{line}\n")
    return progress.text


def test_downloads_are_counted_in_bytes_and_lists_are_not(progress: AptProgress) -> None:
    assert take(progress, LISTS) == ""
    assert take(progress, *SUMS).startswith("0 of 25 MB")
    assert take(progress, FIRST).startswith("3 of 25 MB, ")
    assert take(progress, SECOND).startswith("25 of 25 MB, ")


def test_installed_packages_are_counted(progress: AptProgress) -> None:
    assert take(progress, *SUMS, "Setting up libc6:amd64 (2.41-12) ...") == "1 of 2 packages installed"
    assert take(progress, "Setting up a (1) ...", "Setting up base (1) ...") == "2 of 2 packages installed"


def test_the_rest_of_an_interrupted_download_is_counted(progress: AptProgress) -> None:
    assert take(progress, "Need to get 1,212 kB/40.2 MB of archives.", FIRST).startswith("3 of 1 MB")


def test_a_second_installation_begins_anew(progress: AptProgress) -> None:
    take(progress, *SUMS, FIRST, "Setting up libc6:amd64 (2.41-12) ...")
    assert take(progress, *SUMS).startswith("0 of 25 MB")


def test_the_screen_shows_the_file_until_the_end(progress: AptProgress, tmp_path: Path) -> None:
    beside = fetching.Fetching(tmp_path / "cache", image=tmp_path / "progress")
    take(progress, *SUMS, "Setting up libc6:amd64 (2.41-12) ...")
    assert beside.running() == ["  Image: 1 of 2 packages installed"]
    progress.write("testing the image")
    assert beside.running() == ["  Image: testing the image"]
    progress.end()
    assert beside.running() == []
    (tmp_path / "progress").write_text("4999999 testing the image\n")
    assert beside.running() == [], "a killed process has left it"


def test_a_file_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    progress = AptProgress(tmp_path / "missing" / "progress")
    progress.write("x")
    progress.end()


def test_module_and_screen_name_the_same_file() -> None:
    assert fetching.IMAGE == PROGRESS


def test_lines_are_handed_on_as_they_come_and_errors_are_kept() -> None:
    lines: list[str] = []
    done = run_and_follow(["sh", "-c", "echo one; echo two; echo 'E: broken' >&2; exit 3"], lines.append)
    assert (lines, done.returncode) == (["one\n", "two\n"], 3)
    assert (done.stdout, done.stderr) == ("one\ntwo\n", "E: broken\n")
    assert Podman(sys.executable).run("-c", "print(5)", follow=lines.append).stdout == "5\n"
    assert lines[-1] == "5\n"
