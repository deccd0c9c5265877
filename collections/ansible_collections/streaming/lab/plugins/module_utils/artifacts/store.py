"""The artifact cache: files kept under the hash of their content, shared by several runs at once.

Layout: ``store/ab/<sha256>`` (verified files), ``products/`` (one tar and manifest a product), ``downloads/``
(official archives, ``.part`` while they come), ``maven/`` (Maven's own repository and logs), ``lock``.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError

BLOCK = 1 << 20


def hash_file(path: str, algorithm: str = "sha256") -> str:
    """Hexadecimal digest of a file.

    Raises:
        OSError: the file cannot be read.
    """
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, algorithm).hexdigest()


class Cache:
    """Paths of one cache folder and the operations that keep it sound."""

    def __init__(self, root: str) -> None:
        self.root = str(Path(root).expanduser().absolute())

    def path(self, *parts: str) -> str:
        """A path inside the cache."""
        return str(Path(self.root, *parts))

    def folder(self, *parts: str) -> str:
        """A folder inside the cache, made when missing.

        Raises:
            ArtifactError: it cannot be made.
        """
        path = self.path(*parts)
        try:
            Path(path).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArtifactError(
                f"cannot make the cache folder {path}: {error.strerror} (set artifacts_cache to a folder of yours)"
            ) from error
        return path

    def stored(self, sha256: str) -> str:
        """Path that a file of this hash has in the store, whether it is there or not."""
        return self.path("store", sha256[:2], sha256)

    def has(self, sha256: str, size: int) -> bool:
        """Whether the store has a file of this hash, judged by its size (it is hashed when it is packed)."""
        try:
            return Path(self.stored(sha256)).stat().st_size == size
        except OSError:
            return False

    def keep(self, path: str, sha256: str) -> None:
        """Move a verified file into the store, whole or not at all."""
        target = self.stored(sha256)
        self.folder("store", sha256[:2])
        handle, temporary = tempfile.mkstemp(dir=str(Path(target).parent), prefix=".", suffix=".part")
        os.close(handle)
        try:
            # A move inside one file system is a rename; across two it copies, so it goes by a temporary name.
            shutil.move(path, temporary)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                Path(temporary).unlink()

    def drop(self, sha256: str) -> None:
        """Remove a file from the store."""
        with contextlib.suppress(FileNotFoundError):
            Path(self.stored(sha256)).unlink()

    @contextlib.contextmanager
    def progress(self, total: int, received: Callable[[], int]) -> Iterator[Callable[[], None]]:
        """Write the progress of a transfer to the file `progress`: bytes received, bytes in all, start (epoch seconds).

        Args:
            total: bytes in all.
            received: gives the bytes received.
        Yields:
            a function that writes the file; call it at least every few seconds, for older files are ignored.
        """
        path, temporary = Path(self.path("progress")), Path(self.path("progress.part"))
        began = time.time()

        def write() -> None:
            # A full disk is reported by the transfer itself.
            with contextlib.suppress(OSError):
                temporary.write_text(f"{received()} {total} {began:.0f}\n", encoding="ascii")
                temporary.replace(path)

        try:
            yield write
        finally:
            path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def exclusive(self, wait: float = 1800.0) -> Iterator[None]:
        """Hold the cache for one writer; the kernel frees it when a process dies.

        Args:
            wait: seconds to wait for another run that is fetching.
        Raises:
            ArtifactError: the other run is still at it after that time.
        """
        self.folder()
        deadline = time.monotonic() + wait
        with Path(self.path("lock")).open("a", encoding="ascii") as handle:
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        raise ArtifactError(
                            f"another run has held the cache {self.root} for {wait:.0f} s: "
                            "wait for it to end and run again"
                        ) from None
                    time.sleep(0.1)
            yield

    def sweep(self, days: float) -> None:
        """Remove packed products that no run used for some days, and unfinished files of runs that died.

        Args:
            days: since the last use, which each run notes as the time of the record beside the tar.
        """
        for entry in Path(self.folder("products")).iterdir():
            age = (time.time() - entry.stat().st_mtime) / 86400
            stem = re.sub(r"\.(json|tar|tar\.gz)$", "", entry.name)
            orphan = ".tar" in entry.suffixes and not entry.with_name(f"{stem}.json").exists()
            if entry.suffix == ".json" and age > days:
                for path in (entry.with_name(f"{stem}.tar"), entry.with_name(f"{stem}.tar.gz"), entry):
                    path.unlink(missing_ok=True)
            elif (entry.suffix == ".part" or orphan) and age > 1:
                entry.unlink(missing_ok=True)

    def sweep_scratch(self, days: float = 14.0) -> None:
        """Remove what dead runs left beside Maven's repository, and old logs; for the one writer only."""
        for entry in Path(self.folder("maven")).iterdir():
            if entry.is_dir() and entry.name.startswith("fetch-"):
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.suffix == ".log" and (time.time() - entry.stat().st_mtime) / 86400 > days:
                entry.unlink(missing_ok=True)
