"""Files of the student, accessed with the student's own rights.

Whoever may write in a folder can replace anything in it by a link. With the student's rights, such a link leads nowhere
that the student could not go.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def owner_of(home: Path) -> Iterator[None]:
    """Act with the rights of a home's owner for a while, if this process is root's."""
    if os.geteuid() != 0:
        yield
        return
    user = pwd.getpwuid(home.stat().st_uid)
    groups = os.getgroups()
    os.initgroups(user.pw_name, user.pw_gid)
    os.setegid(user.pw_gid)
    os.seteuid(user.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def existing(home: Path, names: list[str]) -> list[str]:
    """Return the names that exist, as the owner of a home sees them."""
    with owner_of(home):
        return [name for name in names if os.path.lexists(name)]


def remove(home: Path, names: list[str]) -> None:
    """Remove files and folders with the rights of a home's owner; a link is removed, not followed."""
    with owner_of(home):
        for name in names:
            if Path(name).is_dir() and not Path(name).is_symlink():
                shutil.rmtree(name)
            else:
                Path(name).unlink(missing_ok=True)
