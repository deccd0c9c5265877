"""What a product consists of, known before anything is fetched: paths, hashes, where bytes come from."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import (
    NOT_INSTALLED,
    ArtifactError,
    LockEntry,
    safe_path,
)
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import BLOCK, Cache, hash_file
from ansible_collections.streaming.lab.plugins.module_utils.products.names import check_names

FORMAT = 1
_IGNORED = ("__pycache__", ".gitkeep", ".DS_Store")


@dataclass(frozen=True)
class ProductFile:
    """One file of a product.

    ``source`` is where the bytes are: ``store`` (a whole file of the cache's store, by hash), ``member``
    (``inside`` the stored file ``origin``), or ``file`` (path ``origin`` on this machine). ``link`` makes it
    a symbolic link.
    """

    path: str
    sha256: str
    size: int
    mode: str
    source: str
    origin: str = ""
    inside: str = ""
    link: str = ""

    def manifest(self) -> dict:
        """The file as the manifest states it."""
        if self.link:
            return {"link": self.link}
        return {"sha256": self.sha256, "size": self.size, "mode": self.mode}


def locked_parts(entries: list[LockEntry]) -> list[ProductFile]:
    """Parts of a product that is locked file by file."""
    whole = {e.artifact: e.sha256 for e in entries if not e.member}
    parts = []
    for entry in entries:
        if entry.path == NOT_INSTALLED:
            continue
        if entry.member:
            parts.append(
                ProductFile(
                    entry.path,
                    entry.sha256,
                    entry.size,
                    "0644",
                    "member",
                    whole[entry.artifact],
                    entry.member,
                )
            )
        else:
            parts.append(ProductFile(entry.path, entry.sha256, entry.size, "0644", "store", entry.sha256))
    return parts


def folder_parts(folder: str, to: str = "") -> list[ProductFile]:
    """Parts read from a folder on this machine; a file is executable on hosts when it is here.

    Raises:
        ArtifactError: a link points out of the folder, or a name cannot be installed.
    """
    parts = []
    for base, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _IGNORED)
        for name in sorted(files):
            if name in _IGNORED or name.endswith(".pyc"):
                continue
            full = str(Path(base, name))
            path = os.path.normpath(str(Path(to, os.path.relpath(full, folder))))
            if Path(full).is_symlink():
                parts.append(ProductFile(path, "", 0, "0777", "link", link=str(Path(full).readlink())))
                continue
            info = Path(full).stat()
            mode = "0755" if info.st_mode & stat.S_IXUSR else "0644"
            parts.append(ProductFile(path, hash_file(full), info.st_size, mode, "file", full))
    check_names(((part.path, part.link) for part in parts), folder)
    return parts


def merge(*layers: list[ProductFile]) -> list[ProductFile]:
    """Lay lists of parts over each other, the last one winning, sorted by path.

    Raises:
        ArtifactError: what comes of it cannot be installed, a file of one over a folder of another, say.
    """
    merged: dict[str, ProductFile] = {}
    for layer in layers:
        merged.update((part.path, part) for part in layer)
    check_names(((part.path, part.link) for part in merged.values()), "the product with its overlay")
    return [merged[path] for path in sorted(merged)]


def plan_key(product: str, version: str, parts: list[ProductFile]) -> str:
    """Hash that names this exact content."""
    text = json.dumps([FORMAT, product, version, [[p.path, p.manifest()] for p in parts]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def archive_members(path: str, strip: int, exclude: list[str]) -> list[ProductFile]:
    """Parts inside a tar or zip file, hashed by reading it once.

    Args:
        path: the archive.
        strip: number of leading folders taken off.
        exclude: shell patterns over the remaining path.
    Raises:
        ArtifactError: the archive is broken, or a name or link in it leaves the product or cannot be installed.
    """
    name = Path(path).name
    parts: list[ProductFile] = []
    try:
        for inside, mode, link, stream in read_members(path):
            target = "/".join([piece for piece in inside.split("/") if piece not in ("", ".")][strip:])
            if not target or any(fnmatch.fnmatchcase(target, pattern) for pattern in exclude):
                continue
            if not safe_path(target) or inside.startswith("/"):
                shown = inside if inside.isprintable() else ascii(inside)
                raise ArtifactError(f"{name} holds '{shown}', which leaves the folder it is unpacked to")
            if link:
                parts.append(ProductFile(target, "", 0, "0777", "link", link=link))
                continue
            digest, size = hashlib.sha256(), 0
            while stream is not None and (block := stream.read(BLOCK)):
                digest.update(block)
                size += len(block)
            parts.append(
                ProductFile(
                    target,
                    digest.hexdigest(),
                    size,
                    "0755" if mode & 0o100 else "0644",
                    "member",
                    path,
                    inside,
                )
            )
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise ArtifactError(f"{path} is damaged or no archive: {error}") from error
    check_names(((part.path, part.link) for part in parts), name)
    return parts


def read_members(path: str) -> Iterator[tuple[str, int, str, IO[bytes] | None]]:
    """Go once through a tar or zip file.

    Returns:
        For each file or link: its name, mode, link target (or ''), and its bytes (None for a link).
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    with archive.open(entry) as stream:
                        yield entry.filename, (entry.external_attr >> 16) or 0o644, "", stream
        return
    with tarfile.open(path, "r|*") as tar:
        for member in tar:
            if member.issym():
                yield member.name, member.mode, member.linkname, None
            elif member.isfile():
                yield member.name, member.mode, "", tar.extractfile(member)


def missing_from_store(cache: Cache, entries: list[LockEntry]) -> list[LockEntry]:
    """Locked artifacts that the store does not have: each once, for several products can hold the same one."""
    missing = (e for e in entries if not e.member and not cache.has(e.sha256, e.size))
    return list({(e.coordinate, e.sha256): e for e in missing}.values())
