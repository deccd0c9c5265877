"""What sets a folder on a host apart from a product's manifest."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.streaming.lab.plugins.module_utils.held_folder import (
    FolderError,
    Held,
    files_below,
    inside,
    open_file,
)

SHOWN = 10
# User and group number.
Owner = tuple[int, int]
# By path: {sha256, size, mode} or {link}.
Manifest = dict[str, dict[str, Any]]


class TreeError(FolderError):
    """Why the product cannot be installed, in one line."""


@dataclass
class Difference:
    """What sets a folder apart from the product; paths are relative to the folder."""

    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    modes: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)

    @property
    def wanted(self) -> list[str]:
        """Files that have to be sent."""
        return sorted(self.missing + self.changed)

    def __bool__(self) -> bool:
        return bool(self.missing or self.changed or self.modes or self.extra or self.folders)


def hash_file(folder: Held, name: str) -> str:
    """SHA-256 of a file in a held folder, in hexadecimal; empty where it is no regular file any more."""
    handle = open_file(folder, name)
    if handle is None:
        return ""
    with handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def below(path: str, folders: list[str]) -> bool:
    """Whether a path is one of the folders (or files) or lies in one."""
    return any(path == f.strip("/") or path.startswith(f"{f.strip('/')}/") for f in folders)


def compare(root: Held | None, files: Manifest, exclusive: list[str], keep: list[str], owner: Owner) -> Difference:
    """Compare a folder with a manifest.

    Args:
        root: the folder; None where there is none.
        files: the manifest, by path: ``{sha256, size, mode}`` or ``{link}``.
        exclusive: folders in which nothing else may be.
        keep: files and folders of which only what is missing counts.
        owner: user and group number that files must have.
    Raises:
        FolderError: a folder or a link stands where a file or a folder belongs, or a path leaves the folder.
    """
    found = Difference()
    if root is None:
        found.missing = sorted(files)
        return found
    folders: dict[str, list[str]] = {".": []}
    for path in sorted(files):
        folders.setdefault(str(Path(path).parent), []).append(path)
    for parent, paths in sorted(folders.items()):
        try:
            with inside(root, parent) as folder:
                for path in paths:
                    compare_file(folder, path, files[path], below(path, keep), owner, found)
        except FileNotFoundError:
            found.missing += paths
    found.missing.sort()
    found.folders = foreign_folders(root, files, owner[0])
    extra = {path for folder in exclusive for path in files_below(root, folder.strip("/"))}
    found.extra = sorted(path for path in extra - files.keys() if bytecode_source(path) not in files)
    return found


def bytecode_source(path: str) -> str:
    """Path of the source that a file of Python's bytecode was compiled from (PEP 3147); empty for another file."""
    match = re.fullmatch(r"((?:.*/)?)__pycache__/([^/.]+)\.[^/]*pyc", path)
    return f"{match[1]}{match[2]}.py" if match else ""


def compare_file(folder: Held, path: str, wanted: dict[str, Any], keep: bool, owner: Owner, found: Difference) -> None:
    """Compare one file with its entry of the manifest, and note what sets it apart.

    Args:
        folder: the folder that it lies in.
        path: its path in the product.
        wanted: its entry.
        keep: whether it counts only when it is missing.
        owner: user and group number that it must have.
        found: where the difference is noted.
    Raises:
        TreeError: it is a folder.
    """
    name = Path(path).name
    try:
        info = os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False)
    except FileNotFoundError:
        found.missing.append(path)
        return
    if keep:
        return
    if stat.S_ISDIR(info.st_mode):
        raise TreeError(
            f"{folder.path / name} is a folder where a file of the product belongs: move it away and run again"
        )
    if "link" in wanted:
        if not stat.S_ISLNK(info.st_mode) or os.readlink(name, dir_fd=folder.descriptor) != wanted["link"]:
            found.changed.append(path)
    elif info.st_size != wanted["size"] or hash_file(folder, name) != wanted["sha256"]:
        found.changed.append(path)
    elif (info.st_uid, info.st_gid) != owner:
        # Replaced, not given back: whoever owned it may have it open for writing.
        found.changed.append(path)
    elif stat.S_IMODE(info.st_mode) != int(wanted["mode"], 8):
        found.modes.append(path)


def foreign_folders(root: Held, files: Manifest, user: int) -> list[str]:
    """Folders of the product, its own (`.`) too, that someone else owns.

    Who may write in the folder above can put one in the place of `bin`, and would go on owning what is repaired in it.
    """
    found = []
    for name in sorted({".", *(str(parent) for path in files for parent in Path(path).parents)}):
        with contextlib.suppress(FileNotFoundError), inside(root, name) as folder:
            if os.fstat(folder.descriptor).st_uid != user:
                found.append(name)
    return found


def shorten(verb: str, paths: list[str]) -> list[str]:
    """Lines for the diff: the first few paths and how many more there are."""
    lines = [f"{verb} {path}" for path in paths[:SHOWN]]
    return lines + ([f"{verb} ... and {len(paths) - SHOWN} more"] if len(paths) > SHOWN else [])


def describe(found: Difference, dest: str) -> dict[str, str]:
    """The difference as Ansible's diff output."""
    lines = (
        shorten("take back folder", found.folders)
        + shorten("install", found.missing)
        + shorten("repair", found.changed)
        + shorten("set mode of", found.modes)
        + shorten("remove", found.extra)
    )
    return {
        "before_header": dest,
        "after_header": dest,
        "before": "",
        "after": "".join(f"{line}\n" for line in lines),
    }
