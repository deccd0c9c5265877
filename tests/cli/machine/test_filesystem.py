"""A clone on a shared folder is told from one that can hold keys and a Python environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.commands.doctor import BAD, OKAY, clone_folder
from cli.lab import Lab
from cli.machine.filesystem import WITHOUT_MODES, file_system

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
shared /media/sf_shared vboxsf rw 0 0
C: /mnt/c 9p rw 0 0
/dev/sdb1 /mnt/my\\040disk ext4 rw 0 0
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    """A table of mounts."""
    path = tmp_path / "mounts"
    path.write_text(MOUNTS, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("folder", "kind", "fine"),
    [
        ("/home/toni/lab", "ext4", True),
        ("/media/sf_shared/lab", "vboxsf", False),
        ("/mnt/c/Users/toni/lab", "9p", False),
        ("/mnt/my disk/lab", "ext4", True),
        ("/media/sf_shared_not/lab", "ext4", True),
    ],
)
def test_the_deepest_mount_decides(mounts: Path, folder: str, kind: str, fine: bool) -> None:
    assert file_system(Path(folder), mounts) == kind
    assert (kind not in WITHOUT_MODES) is fine


def test_doctor_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [finding.level for finding in clone_folder(Lab("lab", Path()))] == [OKAY]
    monkeypatch.setattr("cli.commands.doctor.file_system", lambda folder: "vboxsf")
    [finding] = clone_folder(Lab("lab", Path()))
    assert finding.level == BAD and "move the clone into your home" in finding.text
