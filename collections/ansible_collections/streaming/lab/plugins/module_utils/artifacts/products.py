"""From the catalog to products in the cache: what is asked for, what is missing, what goes where."""

from __future__ import annotations

import contextlib
import fnmatch
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import (
    ArtifactError,
    LockEntry,
    check_lock,
    read_lock,
)
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.transfer import Transfer
from ansible_collections.streaming.lab.plugins.module_utils.connect_plugins import products as plugin_products
from ansible_collections.streaming.lab.plugins.module_utils.connect_plugins.content import holds, scan
from ansible_collections.streaming.lab.plugins.module_utils.connect_plugins.entries import expand
from ansible_collections.streaming.lab.plugins.module_utils.connect_plugins.source import Finder, Source
from ansible_collections.streaming.lab.plugins.module_utils.products.pack import (
    WrongBytes,
    build,
    is_built,
    product_paths,
)
from ansible_collections.streaming.lab.plugins.module_utils.products.plan import (
    ProductFile,
    archive_members,
    folder_parts,
    locked_parts,
    merge,
    missing_from_store,
    plan_key,
)

UNUSED_DAYS = 14


@dataclass
class Product:
    """One product on its way into the cache. ``parts`` is None while only its official archive knows them."""

    name: str
    version: str
    distribution: str
    key: str
    parts: list[ProductFile] | None
    entries: list[LockEntry] = field(default_factory=list)
    overlay: list[ProductFile] = field(default_factory=list)
    spec: dict[str, Any] = field(default_factory=dict)
    origin: str = ""

    def about(self) -> dict[str, str]:
        """What the manifest says about the product as a whole."""
        return {
            "product": self.name,
            "version": self.version,
            "distribution": self.distribution,
            "key": self.key,
        }


@dataclass
class Fetcher:
    """One call of the module: where things are, and what it did.

    ``plugins`` is the folder where users drop plugins, ``entries`` the declared list of plugins, ``insisted`` the
    setting that asks for a plugin, by plugin.
    """

    catalog: dict[str, dict[str, Any]]
    distribution: str
    cache: Cache
    locks: str
    root: str
    plugins: str
    check: bool = False
    entries: list[Any] = field(default_factory=list)
    insisted: dict[str, str] = field(default_factory=dict)
    built: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.transfer = Transfer(self.cache)

    def run(self, names: list[str]) -> dict[str, dict[str, Any]]:
        """Have every named product in the cache.

        Returns:
            The index: for each product its version, distribution, key, archive, manifest, available and
            reason; in check mode also ``files``, where no manifest is in the cache yet.
        Raises:
            ArtifactError: something that is not optional is not available.
        """
        unknown = sorted(set(names) - set(self.catalog))
        if unknown:
            raise ArtifactError(
                f"no product {', '.join(unknown)} in the catalog; it has {', '.join(sorted(self.catalog))}"
            )
        specs = {name: {**self.catalog[name], "name": name} for name in names}
        specs |= expand([*self.entries, *(name for name in self.insisted if name not in specs)], self.catalog)
        # Who insists does not wait for an hour after the network came back.
        specs |= {name: {**specs[name], "optional": False} for name in self.insisted}
        finder = Finder(self.plugins, scan(self.plugins), self.cache, self.check)
        index: dict[str, dict[str, Any]] = {}
        wanted: list[Product] = []
        for name in sorted(specs):
            product = self._plan(name, specs[name], finder, index)
            if product is not None:
                wanted.append(product)
        self.transfer.warnings.extend(plugin_products.passed_over(finder, specs))
        missing = [p for p in wanted if not is_built(*self._paths(p), p.parts)]
        if missing and not self.check:
            with self.cache.exclusive():
                # Another run may have built them while this one waited.
                missing = [p for p in missing if not is_built(*self._paths(p), p.parts)]
                self.transfer.fetch_locked([e for p in missing for e in p.entries])
                for product in missing:
                    self._build(product)
        elif missing:
            self._foretell(missing)
        if not self.check:
            self._sweep()
        for product in wanted:
            archive, manifest = self._paths(product)
            index[product.name] = {
                "version": product.version,
                "distribution": product.distribution,
                "key": product.key,
                "archive": archive,
                "manifest": manifest,
                "available": True,
                "reason": "",
            }
            if "plugin" in product.spec:
                connectors = plugin_products.describe(archive, manifest)
                plugin_products.examine(product.spec, product.parts or [], connectors)
                index[product.name] |= {
                    "origin": product.origin,
                    "connectors": [c.as_dict() for c in connectors],
                    "paths": sorted(part.path for part in product.parts or []),
                }
            if product.name in self.insisted:
                index[product.name]["insisted"] = True
            if self.check and product in missing:
                index[product.name]["files"] = {p.path: p.manifest() for p in product.parts or []}
        return index

    def _paths(self, product: Product) -> tuple[str, str]:
        return product_paths(self.cache, product.name, product.version, product.key)

    def _plan(
        self, name: str, spec: dict[str, Any], finder: Finder, index: dict[str, dict[str, Any]]
    ) -> Product | None:
        if "plugin" in spec:
            source = finder.find(spec, locked="maven" in spec)
            if source.path or "maven" not in spec:
                return self._plan_plugin(name, spec, source, finder, index)
        if "archive" in spec and self.distribution == "archive":
            overlay = self._overlay(spec, spec.get("overlay_archive", []))
            pinned = ProductFile("", spec["archive"]["sha512"], 0, "", "pin")
            excluded = [ProductFile(pattern, "", 0, "", "exclude") for pattern in spec["archive"].get("exclude", [])]
            key = plan_key(name, spec["version"], [pinned, *excluded, *overlay])
            return Product(name, spec["version"], "archive", key, None, overlay=overlay, spec=spec)
        if "maven" not in spec:
            raise ArtifactError(f"{name} has no '{self.distribution}' part in the catalog")
        entries = read_lock(self.locks, name)
        check_lock(name, spec["maven"], entries)
        parts = merge(locked_parts(entries), self._overlay(spec))
        return Product(
            name,
            spec["version"],
            "maven",
            plan_key(name, spec["version"], parts),
            parts,
            entries,
            spec=spec,
            origin="Maven, locked",
        )

    def _overlay(self, spec: dict[str, Any], only: list[str] | None = None) -> list[ProductFile]:
        """Files of ours laid over a product; `only` those that match a pattern."""
        path = Path(self.root, spec["overlay"]) if "overlay" in spec else None
        parts = folder_parts(str(path)) if path and path.is_dir() else []
        if only is None:
            return parts
        return [part for part in parts if any(fnmatch.fnmatchcase(part.path, pattern) for pattern in only)]

    def _plan_plugin(
        self, name: str, spec: dict[str, Any], source: Source, finder: Finder, index: dict[str, dict[str, Any]]
    ) -> Product | None:
        self._count(source)
        if not source.path:
            if name in self.insisted:
                raise ArtifactError(f"{self.insisted[name]}, but its plugin {name} is not available: {source.reason}")
            if not spec.get("optional"):
                raise ArtifactError(f"{name} is not available: {source.reason}")
            index[name] = {
                "version": spec["version"],
                "distribution": "plugin",
                "key": "",
                "archive": "",
                "manifest": "",
                "available": False,
                "reason": source.reason,
                "connectors": [],
            }
            return None
        parts, entries = source.parts, []
        for extra in plugin_products.extras(spec, parts):
            if holds(parts, extra["unless"]):
                continue
            if "product" in extra:
                locked = read_lock(self.locks, extra["product"])
                entries += locked
                more = locked_parts(locked)
            else:
                found = finder.find_extra(extra, name)
                self._count(found)
                more = found.parts
            parts = merge(parts, [replace(part, path=str(Path(extra["to"], part.path))) for part in more])
        version = source.version or spec["version"] or plugin_products.guess_version(source.path)
        key = plan_key(name, version, parts)
        return Product(name, version, "plugin", key, parts, entries, spec=spec, origin=source.origin)

    def _count(self, source: Source) -> None:
        if source.downloaded:
            self.transfer.count(Path(source.path).name, Path(source.path).stat().st_size)
        self.transfer.warnings.extend(source.warnings)

    def _sweep(self) -> None:
        """Remove what no run used lately. Where another run is fetching, the next one does it."""
        with contextlib.suppress(ArtifactError), self.cache.exclusive(wait=0):
            self.cache.sweep(UNUSED_DAYS)

    def _build(self, product: Product) -> None:
        archive, manifest = self._paths(product)
        for attempt in range(2):
            parts = product.parts
            if parts is None:
                pinned = product.spec["archive"]
                members = archive_members(self.transfer.fetch_archive(pinned), 1, pinned.get("exclude", []))
                parts = merge(members, product.overlay)
            try:
                build(self.cache, archive, manifest, product.about(), parts)
                self.built.append(product.name)
                return
            except WrongBytes as error:
                if attempt:
                    raise ArtifactError(f"{product.name}: {error.path} changed while it was read; run again") from None
                self.transfer.warnings.append(
                    f"{error.path} was damaged in the cache; it was deleted and fetched again"
                )
                self._drop(product, error)

    def _drop(self, product: Product, error: WrongBytes) -> None:
        """Remove damaged bytes from the cache and fetch them again; files of the user are left alone."""
        if error.path.startswith(self.cache.path("store") + os.sep):
            self.cache.drop(error.sha256)
            self.transfer.fetch_locked(product.entries)
        elif error.path.startswith(self.cache.path("downloads") + os.sep):
            Path(error.path).unlink()
        else:
            raise ArtifactError(f"{error.path} changed while {product.name} was packed; run again")

    def _foretell(self, missing: list[Product]) -> None:
        """What a run without check mode would fetch and build."""
        for entry in missing_from_store(self.cache, [e for p in missing for e in p.entries]):
            self.transfer.count(entry.coordinate, entry.size)
        for product in missing:
            self.built.append(product.name)
            if product.parts is None:
                name = Path(product.spec["archive"]["urls"][0]).name
                if not Path(self.cache.path("downloads", name)).exists():
                    self.transfer.fetched.append(name)
