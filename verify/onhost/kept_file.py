"""Runs on a host as root: changes a server's file for one test, and puts it back.

    python3 kept_file.py keep FILE
    python3 kept_file.py change FILE COMMAND ...    what COMMAND makes of the kept text is written to the file
    python3 kept_file.py restore FILE

The student may write in the folder of some of these files, so a name there can become a link to any file at any time.
The kept text lies in a folder of root alone. A file is read without following a link, and replaced by a rename, which
replaces a link, too.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

KEPT = Path("/run/lab-verify-kept")
"""Folder of what was in the files; a restart of the host empties it, and `./lab up` writes the files again."""


def kept_path(path: Path, kept: Path) -> Path:
    """Where the text of a file is kept."""
    return kept / str(path).strip("/").replace("/", "+")


def keep(path: Path, kept: Path = KEPT) -> None:
    """Keep a file's text, owner and mode.

    Args:
        path: the file.
        kept: folder of root's alone; made where it is missing.
    Raises:
        FileExistsError: a text of the file is kept already, by a test that was killed or that still runs.
        OSError: the file is a link or no file.
        PermissionError: somebody else can write to the folder.
    """
    kept.mkdir(mode=0o700, exist_ok=True)
    info = kept.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.geteuid() or stat.S_IMODE(info.st_mode) != 0o700:
        raise PermissionError(f"{kept} is not a folder of mode 0700 of this user")
    source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(source, "rb") as stream:
        info = os.fstat(stream.fileno())
        if not stat.S_ISREG(info.st_mode):
            raise OSError(f"{path} is not a file")
        text = stream.read()
    target = os.open(kept_path(path, kept), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(target, "wb") as stream:
        stream.write(text)
        os.fchown(stream.fileno(), info.st_uid, info.st_gid)
        os.fchmod(stream.fileno(), stat.S_IMODE(info.st_mode))


def replace(path: Path, text: bytes, kept: Path = KEPT) -> None:
    """Give a file a text, and the owner and mode of the kept one; the name is replaced, whatever it leads to."""
    info = kept_path(path, kept).lstat()
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as stream:
        stream.write(text)
        os.fchown(stream.fileno(), info.st_uid, info.st_gid)
        os.fchmod(stream.fileno(), stat.S_IMODE(info.st_mode))
    Path(temporary).replace(path)


def change(path: Path, command: list[str], kept: Path = KEPT) -> None:
    """Write what a command makes of the kept text to the file.

    Args:
        path: the file.
        command: reads the text and prints the new one.
        kept: as for `keep`.
    Raises:
        subprocess.CalledProcessError: the command failed; the file is as it was.
    """
    text = kept_path(path, kept).read_bytes()
    replace(path, subprocess.run(command, input=text, stdout=subprocess.PIPE, check=True).stdout, kept)


def restore(path: Path, kept: Path = KEPT) -> None:
    """Put the kept text back, and forget it."""
    replace(path, kept_path(path, kept).read_bytes(), kept)
    kept_path(path, kept).unlink()


def main() -> None:
    """Do what the command line says."""
    action, path = sys.argv[1], Path(sys.argv[2])
    if action == "keep":
        try:
            keep(path)
        except FileExistsError:
            sys.exit(
                f"{kept_path(path, KEPT)} is there from an earlier test of {path}: if none runs, "
                f"compare both files, delete the first, and provision this host again"
            )
    elif action == "change":
        change(path, sys.argv[3:])
    else:
        restore(path)


if __name__ == "__main__":
    main()
