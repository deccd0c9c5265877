"""What was changed in somebody's Hadoop configuration file, kept beside it, so that it can be undone."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.streaming.lab.plugins.module_utils.hadoop.site import edit, text_of, values_of
from ansible_collections.streaming.lab.plugins.module_utils.hadoop.xml import SiteError


@dataclass
class Record:
    """Changes that were made in a file.

    Args:
        values: what was set, by property name.
        before: what was there before; None where the property was not there.
        written: SHA-256 of the file after the last change, in hexadecimal.
        whole: nobody else has edited the file between the first change and the last one.
    """

    values: dict[str, str] = field(default_factory=dict)
    before: dict[str, str | None] = field(default_factory=dict)
    written: str = ""
    whole: bool = True


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def record_path(path: Path) -> Path:
    """The file that keeps the record of a configuration file."""
    return path.with_name(f"{path.name}.streaming-lab.json")


def original_path(path: Path) -> Path:
    """The copy of a configuration file as it was before the first change."""
    return path.with_name(f"{path.name}.before-streaming-lab")


def noted(record: Record | None, before: bytes, after: bytes, wanted: Mapping[str, Any], folder: Path | None) -> Record:
    """The record after one more change.

    Args:
        record: of earlier changes, or None.
        before: the file's bytes before the change.
        after: the file's bytes after it.
        wanted: values that were asked for, by property name.
        folder: where includes are looked for.
    """
    found = record or Record()
    then, now = values_of(before, folder), values_of(after, folder)
    for name, value in wanted.items():
        if then.get(name) != now.get(name):
            found.before.setdefault(name, then.get(name))
            found.values[name] = text_of(value)
    found.whole = found.whole and record_fits(record, before)
    found.written = digest(after)
    return found


def record_fits(record: Record | None, data: bytes) -> bool:
    """Whether a file is as the last recorded change left it."""
    return record is None or record.written == digest(data)


def undone(data: bytes, record: Record, original: bytes | None, folder: Path | None) -> tuple[bytes, list[str]]:
    """The file without the changes.

    Args:
        data: its bytes now.
        record: of the changes.
        original: its bytes before them; None where they are lost.
        folder: where includes are looked for.
    Returns the new bytes (the original ones where nobody else edited the file since), and the names of properties that
    somebody else has changed since, which stay.
    Raises SiteError when the file cannot be edited.
    """
    if original is not None and record.whole and record_fits(record, data):
        values_of(original, folder)
        return original, []
    left = []
    for name, value in reversed(record.values.items()):
        if values_of(data, folder).get(name) == value:
            data = edit(data, {name: record.before.get(name)}, folder)
        else:
            left.append(name)
    return data, sorted(left)


def read(path: Path) -> bytes | None:
    """A file's bytes; None where it is missing. A link is not followed: the folder may be another user's.

    Raises SiteError where it is no regular file.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SiteError(f"cannot read {path}: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise SiteError(f"{path} is no file")
        return file.read()


def read_record(path: Path) -> Record | None:
    """The record of a configuration file, or None. Raises SiteError where it cannot be read."""
    data = read(record_path(path))
    if data is None:
        return None
    try:
        return Record(**json.loads(data))
    except (ValueError, TypeError) as error:
        raise SiteError(f"{record_path(path)} is no record of changes: {error}; move it away") from error


def write(path: Path, data: bytes, like: Path) -> None:
    """Replace a file by a rename, with owner, mode and extended attributes (access lists, labels) of another one.

    Raises SiteError where that is not possible; the file is then as it was.
    """
    about = like.stat()
    new = None
    try:
        handle, new = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchown(handle, about.st_uid, about.st_gid)
            os.fchmod(handle, stat.S_IMODE(about.st_mode))
            for name in os.listxattr(like):
                with contextlib.suppress(OSError):
                    os.setxattr(handle, name, os.getxattr(like, name))
        Path(new).replace(path)
    except OSError as error:
        if new:
            Path(new).unlink(missing_ok=True)
        raise SiteError(f"cannot write {path}: {error.strerror}") from error


def keep(path: Path, record: Record, original: bytes) -> None:
    """Write a record, and the file as it was where no copy is kept yet. Raises SiteError."""
    if read(original_path(path)) is None:
        write(original_path(path), original, path)
    write(record_path(path), json.dumps(vars(record), indent=1, sort_keys=True).encode() + b"\n", path)


def forget(path: Path) -> None:
    """Remove the record and the copy. Raises SiteError."""
    for kept in (record_path(path), original_path(path)):
        try:
            kept.unlink(missing_ok=True)
        except OSError as error:
            raise SiteError(f"cannot remove {kept}: {error.strerror}") from error
