"""Which folders verification judges when it looks for what every account may write to."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from verify.hosts import test_writable
from verify.support.inventory import DEFAULTS


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder below /tmp that every account may write to, as a person or systemd has it there."""
    folder = Path(tempfile.mkdtemp(prefix="lab-open-", dir="/tmp"))
    folder.chmod(0o1777)
    yield folder
    shutil.rmtree(folder)


def printed(**values: object) -> str:
    """What the search prints on this machine, as a user who cannot look into each folder."""
    command = test_writable.search(DEFAULTS | values)
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("containers", [True, False])
def test_folders_that_people_have_in_tmp_are_not_judged(open_folder: Path, containers: bool) -> None:
    assert str(open_folder) not in printed(lab_containers=containers)
    assert "/tmp 1777\n" in printed(lab_containers=containers)


def test_a_folder_that_the_lab_made_on_a_real_machine_is_judged(tmp_path: Path) -> None:
    release = tmp_path / "kafka_2.13"
    (release / "config").mkdir(parents=True)
    (release / "config").chmod(0o1777)
    (tmp_path / "kafka").symlink_to(release)
    home = tmp_path / "kafka"
    assert test_writable.unsafe(f"/tmp 1777\n{printed(kafka_home=home)}").get(f"{home}/config") == "1777"


def test_a_real_machines_own_folders_are_not_judged() -> None:
    command = test_writable.search(DEFAULTS)
    assert "find / " not in command
    assert "/run -xdev" in command
    assert "/dev -" not in command


def test_a_shared_folder_without_the_sticky_bit_is_unsafe() -> None:
    assert test_writable.unsafe("/tmp 777\n/run/lock 1777\n/a b 777\n") == {"/tmp": "777", "/a b": "777"}


def test_a_search_that_found_nothing_proves_nothing() -> None:
    with pytest.raises(AssertionError, match="could not be searched"):
        test_writable.unsafe("")
