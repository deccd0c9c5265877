"""Work in a folder that others may write in, without being led elsewhere by a link or a rename of theirs."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

# User and group number.
Owner = tuple[int, int]


class FolderError(Exception):
    """Why a folder cannot be worked in, in one line."""


@contextlib.contextmanager
def inside(root: Path, folder: str, make_for: Owner | None = None) -> Iterator[Path]:
    """A folder below another as a path that stays the same folder whatever others rename meanwhile.

    Parameters:
        root: the outer folder.
        folder: path of the folder in it; `.` is the outer one.
        make_for: owner of folders that are missing; those that exist keep owner, mode and access lists.
    Raises:
        FolderError: a link or a file stands where a folder belongs.
    """
    if make_for and not root.is_dir():
        root.mkdir(parents=True)
        root.chmod(0o755)
        os.chown(root, *make_for)
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for depth, name in enumerate(Path(folder).parts, start=1):
            if make_for:
                make_folder(here, name, make_for)
            try:
                below_it = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            except OSError as error:
                # Depending on the system a link is one or the other.
                if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                    raise
                seen = root.joinpath(*Path(folder).parts[:depth])
                raise FolderError(f"{seen} is not a folder (a link or a file): move it away and run again") from error
            os.close(here)
            here = below_it
        yield Path(f"/proc/self/fd/{here}")
    finally:
        os.close(here)


def make_folder(parent: int, name: str, owner: Owner) -> None:
    """Make a folder where there is none.

    Parameters:
        parent: descriptor of the folder that it is made in.
        name: its name.
        owner: user and group number.
    """
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        return
    made = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    try:
        os.fchown(made, *owner)
        os.fchmod(made, 0o755)
    finally:
        os.close(made)
