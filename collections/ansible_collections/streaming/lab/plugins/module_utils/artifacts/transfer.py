"""Files of the lock and official archives: fetched into the cache, verified, and counted."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.streaming.lab.plugins.module_utils.artifacts import maven
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.download import download
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import (
    ArtifactError,
    LockEntry,
    TransferError,
    parse_coordinate,
)
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache, hash_file
from ansible_collections.streaming.lab.plugins.module_utils.products.plan import missing_from_store


@dataclass
class Transfer:
    """Fetches files into a cache.

    Args:
        cache: receives them.
        fetched: their names or coordinates.
        fetched_bytes: their size.
        warnings: lines about damaged files.
    """

    cache: Cache
    fetched: list[str] = field(default_factory=list)
    fetched_bytes: int = 0
    warnings: list[str] = field(default_factory=list)

    def count(self, name: str, size: int) -> None:
        """Count a file that was fetched, or would be.

        Args:
            name: file name or coordinate.
            size: in bytes.
        """
        self.fetched.append(name)
        self.fetched_bytes += size

    def fetch_locked(self, entries: list[LockEntry]) -> None:
        """Have every locked artifact in the store, verified.

        Raises:
            ArtifactError: one of them is not available, or is not what the lock says after a second fetch.
        """
        missing = missing_from_store(self.cache, entries)
        wrong: dict[LockEntry, str] = {}
        for attempt in range(2):
            if not missing:
                return
            try:
                wrong = self._once(missing)
            except TransferError as error:
                if attempt:
                    raise
                self.warnings.append(f"{error}; fetched again")
                continue
            missing = list(wrong)
            if attempt == 0:
                self.warnings.extend(
                    f"{e.coordinate} came wrong ({found}); it was deleted and fetched again"
                    for e, found in wrong.items()
                )
        if wrong:
            entry, found = next(iter(wrong.items()))
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            raise ArtifactError(
                f"{entry.coordinate}{more} is not the file the lock pins: expected sha256 {entry.sha256} "
                f"({entry.size} bytes), found {found} in {self.cache.path('maven', 'repository')}; it was "
                "deleted and fetched again, and is still wrong: look at the Maven mirror this machine uses "
                "(or, if the new file is right, run ./lab lock)"
            )

    def _once(self, missing: list[LockEntry]) -> dict[LockEntry, str]:
        self.cache.sweep_scratch()
        repository = self.cache.folder("maven", "repository")
        coordinates = {entry: parse_coordinate(entry.coordinate) for entry in missing}
        log = self.cache.path("maven", f"fetch-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log")
        wrong: dict[LockEntry, str] = {}
        # Two parts of the Maven project must not write the same file.
        unique = list(dict.fromkeys(coordinates.values()))
        total = sum({coordinates[entry]: entry.size for entry in missing}.values())
        with (
            self.cache.progress(total, lambda: maven.received(repository, unique)) as write_progress,
            maven.fetched(unique, repository, log, tick=write_progress) as files,
        ):
            paths = {coordinate: files / coordinate.group / coordinate.file_name for coordinate in unique}
            contents = {coordinate: _content(path) for coordinate, path in paths.items()}
            for coordinate in unique:
                # The store keeps the verified copy; one more in Maven's repository would double the cache.
                maven.forget(repository, coordinate)
            for entry, coordinate in coordinates.items():
                path, found = paths[coordinate], contents[coordinate]
                if found.startswith(f"sha256 {entry.sha256} "):
                    self.cache.keep(str(path), entry.sha256)
                    self.count(entry.coordinate, entry.size)
                else:
                    wrong[entry] = found
        return wrong

    def fetch_archive(self, pinned: dict[str, Any]) -> str:
        """Path of an official archive, which is downloaded if the cache has no intact copy of it.

        Args:
            pinned: its urls and sha512.
        """
        path = self.cache.path("downloads", Path(pinned["urls"][0]).name)
        if not Path(path).exists() or hash_file(path, "sha512") != pinned["sha512"]:
            if Path(path).exists():
                self.warnings.append(f"{path} was damaged in the cache; it was deleted and fetched again")
                Path(path).unlink()
            download(pinned["urls"], path, "sha512", pinned["sha512"])
            self.count(Path(path).name, Path(path).stat().st_size)
        return path


def _content(path: Path) -> str:
    """Hash and size of a file, for messages."""
    return f"sha256 {hash_file(str(path))} ({path.stat().st_size} bytes)" if path.exists() else "no file"
