"""Where a connector plugin comes from.

In this order: what the user dropped in ``files/plugins/`` (or names by ``file``), the cache, the plugin's addresses,
its Maven coordinate.
"""

from __future__ import annotations

import fnmatch
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.streaming.lab.plugins.module_utils.artifacts import maven
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.download import download
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError, parse_coordinate
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache, hash_file
from ansible_collections.streaming.lab.plugins.module_utils.connect_plugins.content import (
    Dropped,
    holds,
    kind_of,
    matches,
    names_in,
    read,
    version_key,
    version_of,
)
from ansible_collections.streaming.lab.plugins.module_utils.connect_plugins.entries import file_name, pinned
from ansible_collections.streaming.lab.plugins.module_utils.products.plan import ProductFile

PROBE_SECONDS = 5.0
# An address that did not answer is left alone for this long, so that no run waits for it again and again.
PROBE_AGAIN = 3600.0


@dataclass
class Source:
    """What was found: ``path`` is empty and ``reason`` says why when there is nothing. ``origin`` is for a reader."""

    path: str = ""
    parts: list[ProductFile] = field(default_factory=list)
    version: str = ""
    origin: str = ""
    reason: str = ""
    downloaded: bool = False
    warnings: list[str] = field(default_factory=list)


@dataclass
class Finder:
    """Looks for plugins: in the user's folder, which was read once, and in the cache.

    ``check``: fetch nothing.
    """

    folder: str
    dropped: Sequence[Dropped]
    cache: Cache
    check: bool = False
    used: set[str] = field(default_factory=set)

    def find(self, spec: dict[str, Any], locked: bool = False) -> Source:
        """Look for a plugin.

        Args:
            spec: its entry (``name``, ``version``, ``optional``, ``plugin``), as `plugin_entries.expand` gives it.
            locked: look for what was dropped alone: else its locked artifacts are taken.
        Raises:
            ArtifactError: what was dropped is broken, or what was fetched is not the pinned file.
        """
        rule, name = spec["plugin"], spec["name"]
        source = self._dropped(rule) or (Source() if locked else self._fetched(name, rule, spec.get("optional", False)))
        if not source.path:
            return source
        source.parts = read(source.path)
        pattern = rule.get("jar", "")
        if pattern and not holds(source.parts, pattern):
            raise ArtifactError(f"{source.path} holds no connector jar {pattern}")
        source.version = version_of((part.path for part in source.parts), pattern) if pattern else ""
        return source

    def find_extra(self, extra: dict[str, Any], name: str) -> Source:
        """Look for a file that is laid into a plugin (a database's driver): it is taken as it is.

        Raises:
            ArtifactError: it is not available.
        """
        source = self._dropped(extra) or self._fetched(name, {**extra, "own": True}, optional=False)
        if not source.path:
            raise ArtifactError(f"{name}: extra file is not available: {source.reason}")
        path = Path(source.path)
        source.parts = [
            ProductFile(path.name, hash_file(source.path), path.stat().st_size, "0644", "file", source.path)
        ]
        return source

    def _dropped(self, rule: dict[str, Any]) -> Source | None:
        if rule.get("file"):
            return self._named(rule)
        pattern = rule.get("jar")
        if not pattern:
            return None
        found = [one for one in self.dropped if matches(one.names, pattern)]
        if not found:
            stem = f"*{pattern.split('*')[0].rstrip('-')}*"
            for one in self.dropped:
                if fnmatch.fnmatchcase(one.name, stem) and kind_of(one.path) != "folder":
                    raise ArtifactError(f"{one.path} holds no connector jar {pattern}")
            return None
        found.sort(key=lambda one: version_key(version_of(one.names, pattern)))
        self.used.update(one.path for one in found)
        warnings = [f"{found[-1].path} is taken, and {one.path}, which is older, is not" for one in found[:-1]]
        return Source(found[-1].path, origin=found[-1].path, warnings=warnings)

    def _named(self, rule: dict[str, Any]) -> Source:
        """What ``file`` names: a path, or a pattern in the user's folder."""
        path = Path(rule["file"]).expanduser()
        pattern = path if path.is_absolute() else Path(self.folder, path)
        found = sorted(pattern.parent.glob(pattern.name), key=lambda one: version_key(one.name))
        if not found:
            return Source(reason=f"there is no {pattern}")
        self.used.add(str(found[-1]))
        algorithm, digest = pinned(rule)
        if digest and found[-1].is_file() and hash_file(str(found[-1]), algorithm) != digest:
            raise ArtifactError(
                f"{found[-1]} is not the file that {algorithm} pins: expected {digest}, "
                f"found {hash_file(str(found[-1]), algorithm)}"
            )
        return Source(str(found[-1]), origin=str(found[-1]))

    def _fetched(self, name: str, rule: dict[str, Any], optional: bool) -> Source:
        fetched = file_name(rule)
        remedy = f"put {rule.get('drop') or 'its file'} in {self.folder}"
        if not fetched:
            return Source(reason=f"not in {self.folder}, and it has no address; {remedy}")
        # Two plugins of the user's own may have files of one name.
        place = ("downloads", name) if rule.get("own") else ("downloads",)
        path = self.cache.path(*place, fetched)
        algorithm, expected = pinned(rule)
        expected = expected or _read(f"{path}.{algorithm}")
        damaged: list[str] = []
        if Path(path).exists():
            if expected and hash_file(path, algorithm) == expected:
                return Source(path, origin="the cache")
            damaged = [f"{path} is not the file that was pinned; it was deleted and fetched again"]
        where = (rule.get("urls") or [rule.get("maven")])[0]
        if self.check:
            return Source(reason=f"not in {self.folder} nor in the cache; check mode does not ask {where}")
        noted = self.cache.path("downloads", f"{name}.unreachable")
        waited = _age(noted)
        if optional and waited < PROBE_AGAIN:
            return Source(
                reason=f"{_read(noted)}; {remedy} (not asked again for {(PROBE_AGAIN - waited) / 60:.0f} minutes, "
                f"or remove {noted})"
            )
        self.cache.folder(*place)
        with self.cache.exclusive():
            if damaged:
                Path(path).unlink(missing_ok=True)
            try:
                origin = self._fetch(rule, path, algorithm, expected)
                if not expected:
                    # A page that says "log in" must not become what is pinned.
                    names_in(path)
            except ArtifactError as error:
                if "is not the file the catalog pins" in str(error):
                    raise
                _write(noted, str(error))
                return Source(reason=f"{error}; {remedy}")
            Path(noted).unlink(missing_ok=True)
            source = Source(path, origin=origin, downloaded=True, warnings=damaged)
            if not expected:
                found = hash_file(path)
                _write(f"{path}.sha256", found)
                source.warnings.append(
                    f"nobody publishes a checksum of {fetched}: its sha256 {found} is pinned in {path}.sha256 "
                    "from now on"
                )
        return source

    def _fetch(self, rule: dict[str, Any], path: str, algorithm: str, expected: str) -> str:
        """Fetch by the addresses, and if no address has it by the coordinate; where it came from."""
        if rule.get("urls"):
            try:
                return download(rule["urls"], path, algorithm, expected, connect_timeout=PROBE_SECONDS)
            except ArtifactError:
                if not rule.get("maven"):
                    raise
        coordinate = parse_coordinate(rule["maven"])
        repository = self.cache.folder("maven", "repository")
        log = self.cache.path("maven", f"fetch-{coordinate.artifact}.log")
        found = ""
        for _ in range(2):
            with maven.fetched([coordinate], repository, log, modules=1) as files:
                came = str(files / coordinate.group / coordinate.file_name)
                maven.forget(repository, coordinate)
                found = hash_file(came, algorithm)
                if not expected or found == expected:
                    shutil.move(came, path)
                    return rule["maven"]
        raise ArtifactError(
            f"{coordinate} is not the file the catalog pins: expected {algorithm} {expected}, found {found}; "
            "it was deleted and fetched again: look at the Maven mirror this machine uses"
        )


def _age(path: str) -> float:
    """Seconds since a file was written; very many when there is none."""
    try:
        return time.time() - Path(path).stat().st_mtime
    except OSError:
        return float("inf")


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _write(path: str, text: str) -> None:
    Path(path).write_text(text + "\n", encoding="utf-8")
