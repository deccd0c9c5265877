"""A server's file that a test changes: kept where nobody else writes, put back without following a link."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from verify.onhost import kept_file

ADD = ["sed", "$a b=2"]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config" / "server.properties"
    path.parent.mkdir()
    path.write_text("a=1\n", encoding="utf-8")
    path.chmod(0o640)
    return path


def test_a_file_is_changed_and_put_back_with_its_mode(file: Path, kept: Path) -> None:
    kept_file.keep(file, kept)
    kept_file.change(file, ADD, kept)
    assert file.read_text(encoding="utf-8") == "a=1\nb=2\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    kept_file.restore(file, kept)
    assert file.read_text(encoding="utf-8") == "a=1\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert list(kept.iterdir()) == []
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_what_is_kept_is_in_a_folder_of_its_owner_alone(file: Path, kept: Path) -> None:
    kept_file.keep(file, kept)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700


def test_a_text_that_is_kept_already_is_not_overwritten(file: Path, kept: Path) -> None:
    kept_file.keep(file, kept)
    kept_file.change(file, ADD, kept)
    with pytest.raises(FileExistsError):
        kept_file.keep(file, kept)
    kept_file.restore(file, kept)
    assert file.read_text(encoding="utf-8") == "a=1\n"


def test_nothing_is_written_through_a_link_that_takes_the_files_place(file: Path, kept: Path, tmp_path: Path) -> None:
    victim = tmp_path / "shadow"
    victim.write_text("root\n", encoding="utf-8")
    kept_file.keep(file, kept)
    for act in (lambda: kept_file.change(file, ADD, kept), lambda: kept_file.restore(file, kept)):
        file.unlink()
        file.symlink_to(victim)
        act()
        assert victim.read_text(encoding="utf-8") == "root\n"
        assert not file.is_symlink()


def test_a_link_is_not_kept(file: Path, kept: Path, tmp_path: Path) -> None:
    link = file.with_name("link")
    link.symlink_to(file)
    with pytest.raises(OSError, match="symbolic links"):
        kept_file.keep(link, kept)
    assert list(kept.iterdir()) == []


def test_a_folder_that_others_can_read_is_refused(file: Path, kept: Path) -> None:
    kept.mkdir(mode=0o755)
    with pytest.raises(PermissionError, match="0700"):
        kept_file.keep(file, kept)


def test_a_change_that_fails_leaves_the_file_as_it_was(file: Path, kept: Path) -> None:
    kept_file.keep(file, kept)
    with pytest.raises(subprocess.CalledProcessError):
        kept_file.change(file, ["false"], kept)
    assert file.read_text(encoding="utf-8") == "a=1\n"
