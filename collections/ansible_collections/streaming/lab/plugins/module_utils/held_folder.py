"""Work in a folder that others may write in, without being led elsewhere by a link or a rename of theirs.

A path is opened one name at a time. A link is followed only where nobody but root (or the process's own user) can put
one: in a folder that is theirs and that neither a group nor others may write in. Each folder is reached from the
descriptor of the one above, so what others rename or replace meanwhile changes nothing.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import pwd
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# User and group number.
Owner = tuple[int, int]
# Depending on the system a link is one or the other.
_NO_FOLDER = (errno.ELOOP, errno.ENOTDIR)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_LINKS = 40


class FolderError(Exception):
    """Why a folder cannot be worked in, in one line."""


@dataclass(frozen=True)
class Held:
    """A folder that stays the same one whatever others rename.

    ``path`` is its name, for messages. ``at`` is its descriptor as a path, for calls that take no descriptor.
    """

    descriptor: int
    path: Path

    @property
    def at(self) -> Path:
        """A path that leads to the folder by its descriptor."""
        return Path(f"/proc/self/fd/{self.descriptor}")


@contextlib.contextmanager
def hold(path: Path, make_for: Owner | None = None) -> Iterator[Held]:
    """Open a folder by its absolute path.

    Args:
        path: the folder.
        make_for: owner of folders that are missing; those that exist keep owner, mode and access lists.
    Raises:
        FileNotFoundError: it is missing and `make_for` is not given.
        FolderError: a link that others can change, or a file, stands where a folder belongs.
    """
    here, names, walked, links = os.open("/", _FOLDER), list(path.parts[1:]), Path("/"), 0
    try:
        while names:
            name = names.pop(0)
            try:
                below = _open(here, name, make_for)
            except OSError as error:
                target = _link(here, name) if error.errno in _NO_FOLDER and is_private(here) else None
                links += 1
                if target is None or links > _MOST_LINKS:
                    raise _refusal(error, walked / name) from error
                names = [part for part in Path(target).parts if part != "/"] + names
                if target.startswith("/"):
                    os.close(here)
                    here, walked = os.open("/", _FOLDER), Path("/")
                continue
            os.close(here)
            here, walked = below, walked / name
        yield Held(here, path)
    finally:
        os.close(here)


@contextlib.contextmanager
def inside(root: Held, folder: str, make_for: Owner | None = None) -> Iterator[Held]:
    """Open a folder below a held one; no link is followed.

    Args:
        root: the outer folder.
        folder: path of the folder in it; `.` is the outer one.
        make_for: owner of folders that are missing; those that exist keep owner, mode and access lists.
    Raises:
        FileNotFoundError: it is missing and `make_for` is not given.
        FolderError: a link or a file stands where a folder belongs, or the path leads upwards.
    """
    names = Path(folder).parts
    if Path(folder).is_absolute() or ".." in names:
        raise FolderError(f"'{folder}' leaves {root.path}")
    here = os.dup(root.descriptor)
    try:
        for depth, name in enumerate(names, start=1):
            try:
                below = _open(here, name, make_for)
            except OSError as error:
                raise _refusal(error, root.path.joinpath(*names[:depth])) from error
            os.close(here)
            here = below
        yield Held(here, root.path / folder)
    finally:
        os.close(here)


def is_private(folder: int) -> bool:
    """Whether only root, or this process's user, can put something into a folder (given by its descriptor)."""
    info = os.fstat(folder)
    # Write access by an access list shows in the group's bits, too.
    return info.st_uid in (0, os.geteuid()) and not info.st_mode & 0o022


def open_file(folder: Held, name: str) -> io.BufferedReader | None:
    """Open a regular file in a held folder for reading; None where it is something else (a link, a FIFO) or missing."""
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder.descriptor)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            return None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    return os.fdopen(handle, "rb")


def files_below(root: Held, folder: str = ".") -> list[str]:
    """Paths, relative to `root`, of all files and links below a folder in it; links are not followed."""
    found = []
    with contextlib.suppress(FileNotFoundError), inside(root, folder) as top:
        for base, folders, names, here in os.fwalk(".", dir_fd=top.descriptor, follow_symlinks=False):
            linked = [n for n in folders if stat.S_ISLNK(os.stat(n, dir_fd=here, follow_symlinks=False).st_mode)]
            found += [os.path.normpath(str(Path(folder, base, name))) for name in [*names, *linked]]
    return sorted(found)


def place(
    folder: Held, name: str, stream: IO[bytes], sha256: str, mode: int, owner: Owner, mtime: float | None
) -> None:
    """Write one file beside its place, hash the bytes on the way, and rename it into place.

    Owner, mode and time are set by the descriptor that was written to, before the file gets its name.

    Args:
        folder: where it goes.
        name: its name there.
        stream: its bytes.
        sha256: what they must hash to.
        mode: its permissions.
        owner: user and group number; -1 leaves either as the folder gives it.
        mtime: time of change in epoch seconds; None for now.
    Raises:
        FolderError: the bytes are others, or somebody put another file in its place meanwhile.
    """
    handle, temporary = tempfile.mkstemp(dir=folder.at, prefix=f".{name}.")
    temporary = Path(temporary).name
    try:
        with os.fdopen(handle, "wb") as output:
            digest = hashlib.sha256()
            while block := stream.read(1 << 20):
                digest.update(block)
                output.write(block)
            output.flush()
            if digest.hexdigest() != sha256:
                raise FolderError(f"{name} in the archive is not what the manifest says: nothing was replaced by it")
            os.fchown(output.fileno(), *owner)
            # After the chown, and also where a default access list widened or narrowed the mode.
            os.fchmod(output.fileno(), mode)
            if mtime is not None:
                os.utime(output.fileno(), (mtime, mtime))
            written = os.fstat(output.fileno())
        os.replace(temporary, name, src_dir_fd=folder.descriptor, dst_dir_fd=folder.descriptor)
        there = os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False)
        if (there.st_dev, there.st_ino) != (written.st_dev, written.st_ino):
            raise FolderError(f"{folder.path / name} was replaced during its installation; run again")
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder.descriptor)


def own(folder: Held, owner: Owner, mode: int) -> None:
    """Make a folder the owner's, and drop access lists that someone else gave it."""
    for name in ("system.posix_acl_access", "system.posix_acl_default"):
        try:
            os.removexattr(folder.descriptor, name)
        except OSError as error:
            if error.errno not in (errno.ENODATA, errno.EOPNOTSUPP):
                raise
    os.fchown(folder.descriptor, *owner)
    os.fchmod(folder.descriptor, mode)


@contextlib.contextmanager
def rights_of(owner: int | None, group: int | None) -> Iterator[None]:
    """Act with a person's rights, their groups' too, where this process is root's; else with its own.

    Args:
        owner: number of the person; None for nobody in particular.
        group: number of the group that new files belong to.
    """
    if owner is None or group is None or os.geteuid() != 0:
        yield
        return
    groups = os.getgroups()
    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        name = ""
    os.setgroups(os.getgrouplist(name, group) if name else [group])
    os.setegid(group)
    os.seteuid(owner)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def _open(parent: int, name: str, make_for: Owner | None) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except FileNotFoundError:
        if not make_for:
            raise
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=parent)
    made = os.open(name, _FOLDER, dir_fd=parent)
    # One that someone made in this very moment stays theirs; whoever installs into it looks at its owner.
    if os.fstat(made).st_uid == os.geteuid():
        os.fchown(made, *make_for)
        os.fchmod(made, 0o755)
    return made


def _link(parent: int, name: str) -> str | None:
    try:
        return os.readlink(name, dir_fd=parent)
    except OSError:
        return None


def _refusal(error: OSError, path: Path) -> Exception:
    if error.errno not in _NO_FOLDER:
        error.filename = str(path)
        return error
    return FolderError(f"{path} is not a folder (a link or a file): move it away and run again")
