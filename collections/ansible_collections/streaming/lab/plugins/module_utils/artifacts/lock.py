"""Lock files: the exact bytes a product is made of, one line a file.

A line is ``sha256  size  coordinate  path``. A coordinate is Maven's
``group:artifact:version[:classifier]:type``. What is unpacked out of an artifact is locked file by file too:
the artifact itself has the path ``-`` (fetched, not installed), each member has ``coordinate!/member``.
So the whole content of a product is known without fetching anything.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from pathlib import Path

NOT_INSTALLED = "-"
_LINE = re.compile(r"^([0-9a-f]{64})\s+(\d+)\s+(\S+)\s+(\S+)$")


class ArtifactError(Exception):
    """What went wrong, in one line a person can act on."""


class TransferError(ArtifactError):
    """A transfer broke off or went wrong on its way; a second try may do."""


@dataclass(frozen=True, order=True)
class LockEntry:
    """One line of a lock file."""

    coordinate: str
    path: str
    sha256: str
    size: int

    @property
    def artifact(self) -> str:
        """Coordinate of the artifact the bytes come from, without the member."""
        return self.coordinate.split("!/", 1)[0]

    @property
    def member(self) -> str:
        """Name inside the artifact, or an empty string when it is the artifact itself."""
        return self.coordinate.partition("!/")[2]


@dataclass(frozen=True)
class Coordinate:
    """A Maven coordinate in its parts."""

    group: str
    artifact: str
    version: str
    classifier: str
    type: str

    @property
    def file_name(self) -> str:
        """File name of the artifact, as Maven and the official tarballs write it."""
        classifier = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{classifier}.{self.type}"

    def __str__(self) -> str:
        parts = [self.group, self.artifact, self.version, self.classifier, self.type]
        return ":".join(part for part in parts if part)


def parse_coordinate(text: str) -> Coordinate:
    """Split ``group:artifact:version[:classifier]:type``.

    Raises:
        ArtifactError: the text does not have four or five parts.
    """
    parts = text.split(":")
    if len(parts) == 4:
        parts.insert(3, "")
    if len(parts) != 5 or not all(parts[:3]) or not parts[4]:
        raise ArtifactError(f"'{text}' is no coordinate: write group:artifact:version[:classifier]:type")
    return Coordinate(*parts)


def safe_path(path: str) -> bool:
    """Whether a path stays inside the folder it is joined to."""
    return bool(path) and not path.startswith("/") and ".." not in path.split("/") and "\0" not in path


def parse_lock(text: str, name: str) -> list[LockEntry]:
    """Read a lock file's text.

    Args:
        text: content of the lock file; blank lines and lines with ``#`` are skipped.
        name: file name for messages.
    Raises:
        ArtifactError: a line is malformed, a path leaves the product, or two lines claim one path.
    """
    entries: list[LockEntry] = []
    paths: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.match(line)
        if not match:
            raise ArtifactError(f"{name}, line {number}: expected 'sha256  size  coordinate  path'")
        sha256, size, coordinate, path = match.groups()
        entry = LockEntry(coordinate, path, sha256, int(size))
        parse_coordinate(entry.artifact)
        if path != NOT_INSTALLED:
            if not safe_path(path):
                raise ArtifactError(f"{name}, line {number}: path '{path}' leaves the product")
            if path in paths:
                raise ArtifactError(f"{name}, line {number}: a second file for '{path}'")
            paths.add(path)
        entries.append(entry)
    return entries


def read_lock(locks: str, product: str) -> list[LockEntry]:
    """Read ``<locks>/<product>.lock``.

    Raises:
        ArtifactError: there is no such file, or it is malformed.
    """
    path = str(Path(locks, f"{product}.lock"))
    try:
        with Path(path).open(encoding="utf-8") as handle:
            return parse_lock(handle.read(), f"{product}.lock")
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing: run './lab lock {product}'") from None


def format_lock(entries: list[LockEntry]) -> str:
    """Text of a lock file, sorted by coordinate."""
    return "".join(f"{e.sha256}  {e.size:>9}  {e.coordinate}  {e.path}\n" for e in sorted(entries))


def named_artifacts(maven: dict) -> list[str]:
    """Coordinates that a product's catalog entry names itself."""
    return [
        *maven.get("roots", []),
        *maven.get("alone", []),
        *(u["artifact"] for u in maven.get("unpack", [])),
    ]


def check_lock(product: str, maven: dict, entries: list[LockEntry]) -> None:
    """See that a lock belongs to the catalog as it is now.

    Raises:
        ArtifactError: the catalog names an artifact that is not locked (a version was changed, say).
    """
    locked = {entry.artifact for entry in entries}
    for coordinate in named_artifacts(maven):
        if coordinate not in locked:
            raise ArtifactError(f"{product}.lock does not hold {coordinate} of the catalog: run './lab lock {product}'")


def excluded(coordinate: str, patterns: list[str]) -> bool:
    """Whether a coordinate matches one of the catalog's shell patterns."""
    return any(fnmatch.fnmatchcase(coordinate, pattern) for pattern in patterns)
