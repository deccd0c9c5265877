"""Root works in folders that others may write in, and is led nowhere else."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.held_folder import (
    FolderError,
    Held,
    files_below,
    hold,
    inside,
    open_file,
    own,
    place,
    rights_of,
)
from tests.artifacts.kit import open_to_others, sha256

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to act as a second user")
# Nobody's number on this machine; `rights_of` needs no account.
STUDENT = 61500
OURS = (os.geteuid(), os.getegid())


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder that others may write in."""
    open_to_others(tmp_path)
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file of root's alone."""
    path = tmp_path / "victim"
    path.write_text("secret")
    path.chmod(0o600)
    return path


def test_links_are_followed_where_only_root_can_put_them(tmp_path: Path) -> None:
    (tmp_path / "kafka-3.8.1").mkdir()
    (tmp_path / "kafka").symlink_to("kafka-3.8.1")
    (tmp_path / "short").symlink_to(tmp_path / "kafka")
    with hold(tmp_path / "short") as held:
        assert held.at.resolve() == tmp_path / "kafka-3.8.1"


def test_links_are_not_followed_where_others_can_put_them(shared: Path, tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    (shared / "config").symlink_to(tmp_path / "away")
    with pytest.raises(FolderError, match=r"shared/config is not a folder"), hold(shared / "config"):
        pass
    with pytest.raises(FolderError, match=r"shared/config is not a folder"), hold(shared / "config/below", OURS):
        pass
    assert list((tmp_path / "away").iterdir()) == []


def test_links_that_lead_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(FolderError, match="is not a folder"), hold(tmp_path / "one"):
        pass


def test_a_held_folder_stays_the_same_when_its_name_is_given_to_another(shared: Path, tmp_path: Path) -> None:
    (shared / "config").mkdir()
    (tmp_path / "away").mkdir()
    with hold(shared / "config") as held:
        (shared / "config").rename(shared / "old")
        (shared / "config").symlink_to(tmp_path / "away")
        place(held, "a.txt", io.BytesIO(b"a"), sha256(b"a"), 0o644, OURS, None)
    assert (shared / "old/a.txt").read_text() == "a"
    assert list((tmp_path / "away").iterdir()) == []


def test_missing_folders_are_made_open_to_readers(tmp_path: Path) -> None:
    with hold(tmp_path / "a/b", make_for=OURS):
        pass
    assert (tmp_path / "a/b").stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize("path", ["..", "a/../..", "/etc"])
def test_a_path_that_leads_out_is_refused(shared: Path, path: str) -> None:
    (shared / "a").mkdir()
    with hold(shared) as held, pytest.raises(FolderError, match="leaves"), inside(held, path):
        pass


class Swapping(io.BytesIO):
    """Bytes; reading them gives somebody the time to act."""

    def __init__(self, content: bytes, act: Callable[[], None]) -> None:
        super().__init__(content)
        self.act = act

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(size)
        if not block:
            self.act()
        return block


@needs_root
@pytest.mark.parametrize("trap", ["fifo", "link", "hard link"])
def test_what_takes_the_temporary_files_place_is_neither_opened_nor_changed(
    shared: Path, victim: Path, trap: str
) -> None:
    """The file's owner and mode are set by its descriptor, so a file of root's alone stays closed."""

    def act() -> None:
        (temporary,) = shared.glob(".thing.jar.*")
        with rights_of(STUDENT, STUDENT):
            # The folder is not sticky: the student may remove what root makes in it.
            temporary.unlink()
            if trap == "fifo":
                os.mkfifo(temporary)
            elif trap == "link":
                temporary.symlink_to(victim)
        if trap == "hard link":
            # Where fs.protected_hardlinks is off the student may do this too.
            temporary.hardlink_to(victim)

    with hold(shared) as held, pytest.raises(FolderError, match="was replaced during its installation"):
        place(held, "thing.jar", Swapping(b"jar", act), sha256(b"jar"), 0o644, OURS, 1.0)
    assert victim.stat().st_mode & 0o7777 == 0o600
    assert victim.stat().st_mtime != 1.0
    assert victim.read_text() == "secret"


def test_bytes_that_are_not_the_expected_ones_get_no_name(shared: Path) -> None:
    with hold(shared) as held, pytest.raises(FolderError, match="is not what the manifest says"):
        place(held, "thing.jar", io.BytesIO(b"other"), sha256(b"jar"), 0o644, OURS, None)
    assert list(shared.iterdir()) == []


@pytest.mark.parametrize("kind", ["fifo", "link", "folder", "missing"])
def test_only_a_regular_file_is_opened(shared: Path, victim: Path, kind: str) -> None:
    place_ = shared / "thing"
    if kind == "fifo":
        os.mkfifo(place_)
    elif kind == "link":
        place_.symlink_to(victim)
    elif kind == "folder":
        place_.mkdir()
    with hold(shared) as held:
        assert open_file(held, "thing") is None


def test_files_below_are_listed_without_following_links(shared: Path, tmp_path: Path) -> None:
    (shared / "sub").mkdir()
    (shared / "sub/a.jar").write_text("a")
    (shared / "away").symlink_to(tmp_path)
    with hold(shared) as held:
        assert files_below(held) == ["away", "sub/a.jar"]
        assert files_below(held, "sub") == ["sub/a.jar"]
        assert files_below(held, "absent") == []


@needs_root
def test_a_folder_taken_over_is_closed_to_its_maker(shared: Path) -> None:
    with rights_of(STUDENT, STUDENT):
        (shared / "plugins").mkdir(mode=0o777)
    with hold(shared / "plugins") as held:
        own(held, (0, 0), 0o755)
    with rights_of(STUDENT, STUDENT), pytest.raises(PermissionError):
        (shared / "plugins/planted.jar").write_text("x")


def test_a_held_folder_is_named_as_people_name_it(shared: Path) -> None:
    with hold(shared) as held:
        assert isinstance(held, Held)
        assert held.path == shared
