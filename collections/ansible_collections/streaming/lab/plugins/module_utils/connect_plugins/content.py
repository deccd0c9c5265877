"""What a connector plugin consists of, whatever it comes as: a zip, a tar.gz, a bare jar or a folder."""

from __future__ import annotations

import fnmatch
import re
import tarfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import hash_file
from ansible_collections.streaming.lab.plugins.module_utils.products.names import check_names
from ansible_collections.streaming.lab.plugins.module_utils.products.plan import (
    ProductFile,
    archive_members,
    folder_parts,
)

KINDS = {".zip": "zip", ".jar": "jar", ".tgz": "tar.gz", ".tar.gz": "tar.gz"}
# Beside a jar in a build's output, and no plugin.
_NO_PLUGIN = ("-sources.jar", "-javadoc.jar", "-tests.jar")


@dataclass(frozen=True)
class Dropped:
    """A file or folder of ``files/plugins/`` and the names of the files in it."""

    path: str
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its own name."""
        return Path(self.path).name


def kind_of(path: str) -> str:
    """``zip``, ``jar``, ``tar.gz`` or ``folder``; empty for anything else."""
    if Path(path).is_dir():
        return "folder"
    return next((kind for suffix, kind in KINDS.items() if path.endswith(suffix)), "")


def matches(names: Iterable[str], pattern: str) -> bool:
    """Whether one of the files has a name that matches a shell pattern; jars of sources and the like do not count."""
    found = (name.rsplit("/", 1)[-1] for name in names)
    return any(fnmatch.fnmatchcase(name, pattern) and not name.endswith(_NO_PLUGIN) for name in found)


def holds(parts: Iterable[ProductFile], pattern: str) -> bool:
    """The same for the parts of a plugin."""
    return matches((part.path for part in parts), pattern)


def names_in(path: str) -> tuple[str, ...]:
    """Names of the files in an archive or folder.

    Raises:
        ArtifactError: it is not what its name says.
    """
    kind = kind_of(path)
    try:
        if kind == "folder":
            return tuple(part.path for part in folder_parts(path))
        if kind == "tar.gz":
            with tarfile.open(path, "r:*") as tar:
                return tuple(member.name for member in tar if not member.isdir())
        with zipfile.ZipFile(path) as archive:
            if kind == "jar":
                return (Path(path).name,)
            return tuple(name for name in archive.namelist() if not name.endswith("/"))
    except (zipfile.BadZipFile, tarfile.TarError, EOFError):
        raise ArtifactError(
            f"{path} is not a {kind} file: download it again (a saved error page has this name too)"
        ) from None


def scan(folder: str) -> list[Dropped]:
    """What lies in the user's folder; every archive is looked at, so a broken one is never passed over.

    Raises:
        ArtifactError: an archive is broken, or holds no jar.
    """
    found = []
    for entry in sorted(Path(folder).iterdir()) if Path(folder).is_dir() else []:
        path = str(entry)
        if entry.name.startswith(".") or not kind_of(path):
            continue
        names = names_in(path)
        if not any(name.endswith(".jar") for name in names):
            if entry.is_dir():
                continue
            raise ArtifactError(f"{path} holds no connector: there is no jar in it")
        found.append(Dropped(path, names))
    return found


def read(path: str) -> list[ProductFile]:
    """The files of a plugin that a worker needs.

    Args:
        path: zip, tar.gz, jar or folder. Of Confluent Hub's layout ``lib`` and ``manifest.json`` are taken; folders
            that hold everything else are taken off.
    Raises:
        ArtifactError: it is not what its name says, holds no jar, or a name in it leads out of it.
    """
    kind = kind_of(path)
    if not kind:
        raise ArtifactError(f"{path} is no plugin: it must be a folder, a .zip, .tar.gz, .tgz or .jar")
    names = names_in(path)
    if kind == "jar":
        return [ProductFile(Path(path).name, hash_file(path), Path(path).stat().st_size, "0644", "file", path)]
    if not any(name.endswith(".jar") for name in names):
        raise ArtifactError(f"{path} holds no connector: there is no jar in it")
    parts = _needed(folder_parts(path) if kind == "folder" else archive_members(path, 0, []))
    # Once more: a link may have led into a folder that was taken off.
    check_names(((part.path, part.link) for part in parts), path)
    return parts


def version_of(names: Iterable[str], pattern: str) -> str:
    """Version in the name of the jar that a pattern tells (``kafka-connect-jdbc-*.jar``), or an empty string."""
    expression = re.escape(pattern).replace(r"\*", r"(\d[\w.]*)(?:-[a-z-]+)?", 1).replace(r"\*", ".*")
    for name in names:
        match = re.fullmatch(expression, name.rsplit("/", 1)[-1])
        if match:
            return match[1]
    return ""


def version_key(version: str) -> list[tuple[int, str]]:
    """A version as something that can be compared: 10.10 is after 10.9."""
    return [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in re.split(r"[.-]", version)]


def _needed(parts: list[ProductFile]) -> list[ProductFile]:
    tops = {part.path.split("/", 1)[0] for part in parts}
    if "lib" in tops:
        return [part for part in parts if part.path == "manifest.json" or part.path.startswith("lib/")]
    if len(tops) == 1 and not any("/" not in part.path for part in parts):
        return _needed([replace(part, path=part.path.partition("/")[2]) for part in parts])
    return parts
