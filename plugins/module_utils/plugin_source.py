"""Where a connector plugin that no package repository carries comes from.

In this order: a zip or folder that the user dropped in ``files/plugins/``, the cache, the plugin's address.
"""

from __future__ import annotations

import fnmatch
import re
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible.module_utils.artifact_download import download
from ansible.module_utils.artifact_lock import ArtifactError
from ansible.module_utils.artifact_store import Cache, hash_file
from ansible.module_utils.product_plan import Part, archive_members, folder_parts

PROBE_SECONDS = 5.0
# An address that did not answer is left alone for this long, so that no run waits for it again and again.
PROBE_AGAIN = 3600.0


@dataclass
class Source:
    """What was found: ``path`` is empty and ``reason`` says why when there is nothing."""

    path: str = ""
    parts: list[Part] = field(default_factory=list)
    version: str = ""
    reason: str = ""
    downloaded: bool = False
    warnings: list[str] = field(default_factory=list)


def holds(parts: list[Part], pattern: str) -> bool:
    """Whether one of the files has a name that matches a shell pattern."""
    return any(fnmatch.fnmatchcase(Path(part.path).name, pattern) for part in parts)


def find(name: str, spec: dict[str, Any], plugins: str, cache: Cache, check: bool) -> Source:
    """Look for a plugin.

    Parameters:
        name: product of the catalog.
        spec: its catalog entry (``version``, ``plugin``).
        plugins: the folder where users drop plugins.
        cache: the artifact cache.
        check: do not fetch anything.
    Raises:
        ArtifactError: a dropped zip is no zip or holds no jar, or a downloaded one is not the pinned file.
    """
    rule = spec["plugin"]
    dropped = _dropped(rule, plugins)
    if dropped:
        return dropped
    path = cache.path("downloads", Path(rule["urls"][0]).name)
    pin = f"{path}.sha256"
    expected = rule.get("sha256") or _read(pin)
    damaged: list[str] = []
    if Path(path).exists():
        if expected and hash_file(path) == expected:
            return _from_zip(path, rule, "")
        damaged = [f"{path} is not the file that was pinned; it was deleted and fetched again"]
    if check:
        return Source(reason=f"not in {plugins} nor in the cache; check mode does not ask {rule['urls'][0]}")
    return _downloaded(name, rule, path, pin, expected, cache, damaged, plugins)


def _downloaded(
    name: str,
    rule: dict[str, Any],
    path: str,
    pin: str,
    expected: str,
    cache: Cache,
    damaged: list[str],
    plugins: str,
) -> Source:
    noted = cache.path("downloads", f"{name}.unreachable")
    remedy = f"put its zip or folder in {plugins}"
    try:
        age = time.time() - Path(noted).stat().st_mtime
    except OSError:
        age = PROBE_AGAIN
    if age < PROBE_AGAIN:
        return Source(
            reason=f"{_read(noted)}; {remedy} (not asked again for {(PROBE_AGAIN - age) / 60:.0f} minutes, "
            f"or remove {noted})"
        )
    cache.folder("downloads")
    with cache.exclusive():
        if damaged and Path(path).exists():
            Path(path).unlink()
        try:
            download(rule["urls"], path, "sha256", expected, connect_timeout=PROBE_SECONDS)
        except ArtifactError as error:
            if "is not the file the catalog pins" in str(error):
                raise
            _write(noted, str(error))
            return Source(reason=f"{error}; {remedy}")
        source = _from_zip(path, rule, "")
        source.downloaded = True
        source.warnings += damaged
        if not expected:
            found = hash_file(path)
            _write(pin, found)
            source.warnings.append(
                f"nobody publishes a checksum of {Path(path).name}: its sha256 {found} is pinned in {pin} from now on"
            )
    return source


def _dropped(rule: dict[str, Any], plugins: str) -> Source | None:
    """The plugin in the user's folder; every zip there is looked at, so a broken one is never passed over."""
    chosen: Source | None = None
    if not Path(plugins).is_dir():
        return None
    for entry in sorted(entry.name for entry in Path(plugins).iterdir()):
        path = str(Path(plugins, entry))
        if Path(path).is_dir():
            parts = _installed(folder_parts(path), rule)
            if holds(parts, rule["jar"]):
                chosen = Source(path, parts, _version(parts, rule))
        elif entry.endswith(".zip"):
            source = _from_zip(path, rule, entry)
            if source.parts:
                chosen = source
    return chosen


def _from_zip(path: str, rule: dict[str, Any], dropped: str) -> Source:
    """Read a plugin's zip. One that the user dropped may be some other plugin, and then has no parts here."""
    if not zipfile.is_zipfile(path):
        raise ArtifactError(
            f"{path} is not a zip file: "
            + ("download it again (a saved error page has this name too)" if dropped else "remove it")
        )
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
    strip = 1 if len({name.split("/", 1)[0] for name in names}) == 1 and all("/" in name for name in names) else 0
    parts = archive_members(path, strip, [])
    if not any(part.path.endswith(".jar") for part in parts):
        raise ArtifactError(f"{path} holds no connector: there is no jar in it")
    if not holds(parts, rule["jar"]):
        if dropped and not fnmatch.fnmatchcase(dropped, f"*{rule['jar'].split('*')[0].rstrip('-')}*"):
            return Source()
        raise ArtifactError(f"{path} holds no connector jar {rule['jar']}")
    kept = _installed(parts, rule)
    return Source(path, kept, _version(kept, rule))


def _installed(parts: list[Part], rule: dict[str, Any]) -> list[Part]:
    """The part of a plugin that the worker needs: everything when its jars lie at the top."""
    if any("/" not in part.path and part.path.endswith(".jar") for part in parts):
        return parts
    wanted = rule.get("install", [])
    kept = [part for part in parts if any(part.path == w or part.path.startswith(f"{w}/") for w in wanted)]
    # A dropped folder may hold the zip's own top folder.
    if not kept and len({part.path.split("/", 1)[0] for part in parts}) == 1:
        inner = [
            Part(
                part.path.partition("/")[2],
                part.sha256,
                part.size,
                part.mode,
                part.source,
                part.origin,
                part.inside,
                part.link,
            )
            for part in parts
        ]
        return _installed(inner, rule) if any("/" in part.path for part in inner) else inner
    return kept


def _version(parts: list[Part], rule: dict[str, Any]) -> str:
    """Version in the connector jar's name."""
    expression = re.escape(rule["jar"]).replace(r"\*", r"(\d[\w.]*)")
    for part in parts:
        match = re.fullmatch(expression, Path(part.path).name)
        if match:
            return match[1]
    return ""


def _read(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8") as handle:
            return handle.read().strip()
    except OSError:
        return ""


def _write(path: str, text: str) -> None:
    with Path(path).open("w", encoding="utf-8") as handle:
        handle.write(text + "\n")
