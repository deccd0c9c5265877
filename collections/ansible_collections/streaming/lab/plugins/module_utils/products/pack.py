"""One tar and one manifest a product: same bytes for same content, never built from wrong bytes."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache, hash_file
from ansible_collections.streaming.lab.plugins.module_utils.products.plan import ProductFile, read_members

# A fixed date: the JVM's class-data archives note each jar's date, so a repaired jar must bring its old one.
MTIME = 1704067200


class WrongBytes(Exception):
    """A file of the cache is not what it is kept as; ``sha256`` is the name it has in the store."""

    def __init__(self, sha256: str, path: str) -> None:
        super().__init__(path)
        self.sha256 = sha256
        self.path = path


class _HashingWriter:
    """A file that hashes what is written to it."""

    def __init__(self, handle: IO[bytes]) -> None:
        self.handle = handle
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        return self.handle.write(data)


class _HashingReader:
    """A stream that hashes what is read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(size)
        self.digest.update(data)
        return data


def product_paths(cache: Cache, product: str, version: str, key: str, suffix: str = ".tar") -> tuple[str, str]:
    """Paths of a product's tar and manifest in the cache; the suffix `.tar.gz` makes a compressed tar."""
    stem = cache.path("products", f"{product}-{version}-{key[:16]}")
    return f"{stem}{suffix}", f"{stem}.json"


def read_manifest(path: str) -> dict[str, Any] | None:
    """A manifest, or None when there is none that can be read."""
    try:
        with Path(path).open(encoding="utf-8") as handle:
            manifest = json.load(handle)
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and isinstance(manifest.get("files"), dict) else None


def is_built(archive: str, manifest: str, parts: Iterable[ProductFile] | None) -> bool:
    """Whether a product lies in the cache whole and unchanged.

    The tar's size and its times of change are compared with those noted when it was hashed; it is hashed
    again only when they differ (a cache copied to another machine, say). What goes to a host is hashed there.

    Args:
        archive: path of the tar.
        manifest: path of the manifest.
        parts: what the product must hold, or None when only the manifest knows (an official archive).
    """
    noted = read_manifest(manifest)
    if noted is None or (parts is not None and noted["files"] != {p.path: p.manifest() for p in parts}):
        return False
    expected = noted.get("archive", {})
    try:
        found = Path(archive).stat()
    except OSError:
        return False
    if found.st_size != expected.get("size"):
        return False
    if [found.st_mtime_ns, found.st_ctime_ns] != expected.get("times"):
        if hash_file(archive) != expected.get("sha256"):
            return False
        expected["times"] = [found.st_mtime_ns, found.st_ctime_ns]
        with contextlib.suppress(OSError):
            _write_whole(manifest, json.dumps(noted, indent=1, sort_keys=True))
    with contextlib.suppress(OSError):
        # Tells the sweeper that it is in use.
        os.utime(manifest)
    return True


def build(cache: Cache, archive: str, manifest: str, about: dict[str, str], parts: list[ProductFile]) -> None:
    """Write a product's tar and manifest.

    Args:
        cache: where stored files are.
        archive: path of the tar to write; it appears whole or not at all.
        manifest: path of the manifest to write.
        about: product, version, distribution and key, for the manifest.
        parts: what goes in.
    Raises:
        WrongBytes: a file does not have the hash it is known by.
        ArtifactError: the cache cannot be written.
    """
    cache.folder("products")
    handle, temporary = tempfile.mkstemp(dir=str(Path(archive).parent), suffix=".part")
    try:
        with os.fdopen(handle, "wb") as output:
            writer = _HashingWriter(output)
            # Members of an archive come in that archive's order, which is fixed; everything else by path.
            with (
                _compressor(writer, archive) as stream,
                tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar,
            ):
                _add_single(cache, tar, [p for p in parts if p.source != "member"])
                for origin in sorted({p.origin for p in parts if p.source == "member"}):
                    _add_members(
                        cache,
                        tar,
                        origin,
                        {p.inside: p for p in parts if p.source == "member" and p.origin == origin},
                    )
            output.flush()
            os.fsync(output.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(archive)
    except OSError as error:
        raise ArtifactError(f"cannot write {archive}: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
    found = Path(archive).stat()
    _write_whole(
        manifest,
        json.dumps(
            {
                **about,
                "archive": {
                    "sha256": writer.digest.hexdigest(),
                    "size": writer.size,
                    "times": [found.st_mtime_ns, found.st_ctime_ns],
                },
                "files": {part.path: part.manifest() for part in parts},
            },
            indent=1,
            sort_keys=True,
        ),
    )


def _compressor(writer: Any, archive: str) -> contextlib.AbstractContextManager[Any]:
    """What the tar is written to: the file itself, since jars are compressed already, or gzip for a tar.gz."""
    if archive.endswith(".gz"):
        return gzip.GzipFile(fileobj=writer, mode="wb", compresslevel=5, mtime=0)
    return contextlib.nullcontext(writer)


def _add_single(cache: Cache, tar: tarfile.TarFile, parts: list[ProductFile]) -> None:
    for part in parts:
        if part.link:
            info = _info(part)
            info.type, info.linkname = tarfile.SYMTYPE, part.link
            tar.addfile(info)
            continue
        path = cache.stored(part.origin) if part.source == "store" else part.origin
        try:
            with Path(path).open("rb") as stream:
                _add(tar, part, stream, path)
        except FileNotFoundError:
            raise WrongBytes(part.sha256, path) from None


def _add_members(cache: Cache, tar: tarfile.TarFile, origin: str, wanted: dict[str, ProductFile]) -> None:
    path = origin if Path(origin).is_absolute() else cache.stored(origin)
    missing = set(wanted)
    try:
        for inside, _mode, _link, stream in read_members(path):
            if inside in missing and stream is not None:
                _add(tar, wanted[inside], stream, path, origin)
                missing.discard(inside)
    except (FileNotFoundError, EOFError, tarfile.ReadError) as error:
        raise WrongBytes(origin, path) from error
    except WrongBytes:
        raise
    except Exception as error:  # zlib and zipfile have errors of their own for damaged bytes
        if isinstance(error, OSError) and error.errno:
            raise
        raise WrongBytes(origin, path) from error
    if missing:
        raise WrongBytes(origin, path)


def _add(tar: tarfile.TarFile, part: ProductFile, stream: IO[bytes], path: str, origin: str = "") -> None:
    reader = _HashingReader(stream)
    try:
        tar.addfile(_info(part), reader)
    except OSError as error:
        if error.errno:
            raise
        # tarfile's own "unexpected end of data" has no errno.
        raise WrongBytes(origin or part.sha256, path) from error
    if reader.digest.hexdigest() != part.sha256 or stream.read(1):
        raise WrongBytes(origin or part.sha256, path)


def _info(part: ProductFile) -> tarfile.TarInfo:
    info = tarfile.TarInfo(part.path)
    info.size, info.mode, info.mtime = part.size, int(part.mode, 8), MTIME
    info.uname = info.gname = "root"
    return info


def _write_whole(path: str, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=str(Path(path).parent), suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8") as output:
        output.write(text)
    Path(temporary).chmod(0o644)
    Path(temporary).replace(path)
