"""Resolve each product's coordinates with mvn and write down the files that came.

The catalog is ``roles/artifacts/vars/main.yml``; a product's lock is ``roles/artifacts/files/locks/<product>.lock``.
The product ``python`` is the course's Python environment (``cli/engine/lock_python.py``).
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.streaming.lab.plugins.module_utils.artifacts import lock as locks
from ansible_collections.streaming.lab.plugins.module_utils.artifacts import maven
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache, hash_file
from ansible_collections.streaming.lab.plugins.module_utils.products.plan import archive_members
from cli.engine import lock_python
from cli.errors import CHECK_FAILED, LabError
from cli.lab import ROOT

CATALOG = ROOT / "roles" / "artifacts" / "vars" / "main.yml"
LOCKS = ROOT / "roles" / "artifacts" / "files" / "locks"
PYTHON = "python"
"""The packages of the course's Python environment, which are locked beside the products."""


def parse_resolved(text: str) -> list[tuple[str, str]]:
    """Read the output of ``dependency:list``.

    Args:
        text: lines ``group:artifact:type[:classifier]:version:scope:path``, with other lines between.
    Returns:
        Pairs of coordinate and path of the file.
    """
    found = []
    for line in text.splitlines():
        match = re.match(r"\s+(\S+?):(compile|runtime):(/.*?\.\w+)(?: -- module .*)?$", line)
        if not match:
            continue
        parts = match[1].split(":")
        group, artifact, kind, version = parts[0], parts[1], parts[2], parts[-1]
        classifier = parts[3] if len(parts) == 5 else ""
        found.append((str(locks.Coordinate(group, artifact, version, classifier, kind)), match[3]))
    return found


def resolve_tree(spec: dict, cache: Cache, product: str) -> list[locks.LockEntry]:
    """Lock entries of the artifacts that are installed with everything they depend on."""
    roots = [locks.parse_coordinate(c) for c in spec.get("roots", [])]
    if not roots:
        return []
    with tempfile.TemporaryDirectory() as folder:
        maven.write_resolve_project(folder, roots, [locks.parse_coordinate(c) for c in spec.get("managed", [])])
        listed = Path(folder, "resolved.txt")
        maven.run_mvn(
            folder,
            [
                f"{maven.PLUGIN}:list",
                f"-DoutputFile={listed}",
                "-DincludeScope=runtime",
                "-DoutputAbsoluteArtifactFilename=true",
            ],
            cache.folder("maven", "repository"),
            cache.path("maven", f"lock-{product}.log"),
        )
        resolved = parse_resolved(listed.read_text(encoding="utf-8"))
    entries = []
    for coordinate, path in resolved:
        if not locks.excluded(coordinate, spec.get("exclude", [])):
            entries.append(_entry(coordinate, path, spec.get("folder", "")))
    return entries


def lock_product(product: str, spec: dict, cache: Cache) -> list[locks.LockEntry]:
    """Lock entries of one product.

    Raises:
        ArtifactError: mvn cannot resolve it, or an artifact to unpack does not hold what the catalog says.
    """
    entries = resolve_tree(spec, cache, product)
    named = [*spec.get("alone", []), *(u["artifact"] for u in spec.get("unpack", []))]
    if not named:
        return entries
    repository = cache.folder("maven", "repository")
    coordinates = [locks.parse_coordinate(text) for text in named]
    with maven.fetched(coordinates, repository, cache.path("maven", f"lock-{product}.log")) as files:
        for text in spec.get("alone", []):
            entries.append(_entry(text, _fetched(files, text), spec.get("folder", "")))
        for rule in spec.get("unpack", []):
            entries.extend(_members(rule, _fetched(files, rule["artifact"])))
    return entries


def _fetched(files: Path, text: str) -> str:
    coordinate = locks.parse_coordinate(text)
    return str(Path(files, coordinate.group, coordinate.file_name))


def _entry(text: str, path: str, folder: str) -> locks.LockEntry:
    name = locks.parse_coordinate(text).file_name
    return locks.LockEntry(text, str(Path(folder, name)), hash_file(path), Path(path).stat().st_size)


def _members(rule: dict, path: str) -> list[locks.LockEntry]:
    artifact, start = rule["artifact"], rule["from"]
    entries = [locks.LockEntry(artifact, locks.NOT_INSTALLED, hash_file(path), Path(path).stat().st_size)]
    for part in archive_members(path, 0, []):
        if part.path.startswith(start) and not part.link:
            target = rule["to"] + part.path.removeprefix(start)
            entries.append(locks.LockEntry(f"{artifact}!/{part.inside}", target, part.sha256, part.size))
    if len(entries) == 1:
        raise locks.ArtifactError(f"{artifact} holds nothing below {start}")
    return entries


def catalog() -> dict[str, Any]:
    """Products that have Maven coordinates, by name."""
    products = yaml.safe_load(CATALOG.read_text(encoding="utf-8"))["artifacts_catalog"]
    return {name: products[name]["maven"] for name in sorted(products) if "maven" in products[name]}


def names() -> list[str]:
    """Everything that can be locked."""
    return [*catalog(), PYTHON]


def resolve(product: str, cache_folder: str) -> tuple[Path, str]:
    """Resolve one product again.

    Args:
        product: one of `names`.
        cache_folder: the artifact cache.
    Returns:
        the lock file and its new text.
    Raises:
        LabError: the product cannot be resolved.
    """
    cache = Cache(cache_folder)
    try:
        with cache.exclusive():
            if product == PYTHON:
                return lock_python.LOCK, lock_python.resolve(cache)
            entries = lock_product(product, catalog()[product], cache)
            return LOCKS / f"{product}.lock", locks.format_lock(entries)
    except locks.ArtifactError as error:
        raise LabError(f"lock: {product}: {error}", CHECK_FAILED) from error
