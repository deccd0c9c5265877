"""The declared list of plugins: names of the catalog and entries of the user's own, as one table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError, parse_coordinate

SETTING = "kafka_connect_plugins"
RULE = {"jar", "urls", "maven", "file", "sha256", "sha512", "extra", "connectors", "needs"}
KEYS = {"name", "version", "optional", *RULE}
EXTRA = {"product", "urls", "maven", "file", "sha256", "sha512", "to", "unless"}


def expand(entries: Sequence[Any], catalog: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What to install, by name.

    Args:
        entries: each the name of a plugin of the catalog, or a dictionary: ``name`` and any of ``version``,
            ``optional``, ``urls``, ``maven``, ``file``, ``sha256``, ``sha512``, ``extra``, ``connectors``, ``needs``.
            One with the name of a plugin of the catalog changes just what it says.
        catalog: role artifacts' table.
    Returns:
        entries of a catalog, which the fetcher takes as its own.
    Raises:
        ArtifactError: an entry is wrong, or two have one name and differ.
    """
    known = sorted(name for name, spec in catalog.items() if "plugin" in spec)
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        spec = _expanded({"name": entry} if isinstance(entry, str) else entry, catalog, known)
        name = spec["name"]
        if name in found and found[name] != spec:
            raise ArtifactError(f"{SETTING} has two entries '{name}' that differ: give one of them another name")
        found[name] = spec
    return found


def _expanded(entry: Any, catalog: dict[str, dict[str, Any]], known: list[str]) -> dict[str, Any]:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise ArtifactError(
            f"{SETTING}: an entry is a name ({', '.join(known)}) or a dictionary with a name, not {entry!r}"
        )
    name = entry["name"]
    where = f"{SETTING}, '{name}'"
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
        raise ArtifactError(f"{where}: a name is that of a folder: letters, digits, dot, dash and underscore")
    _refuse_unknown(entry, KEYS, where)
    rule = {key: value for key, value in entry.items() if key in RULE}
    if isinstance(rule.get("urls"), str):
        rule["urls"] = [rule["urls"]]
    for extra in rule.get("extra") or []:
        if isinstance(extra, dict):
            _refuse_unknown(extra, EXTRA, f"{where}, extra")
    if rule.get("maven"):
        parse_coordinate(rule["maven"])
    if name in known:
        base = dict(catalog[name])
        version = str(entry.get("version", base["version"]))
        if {"urls", "maven", "file"} & set(rule):
            # The lock is of the catalog's own artifacts.
            base.pop("maven", None)
        elif "maven" in base and version != base["version"]:
            raise ArtifactError(
                f"{where}: version {version} is not {base['version']}, which is locked: say where it comes from by "
                "urls, maven or file"
            )
        return {
            **base,
            "name": name,
            "version": version,
            "optional": bool(entry.get("optional", base.get("optional", False))),
            "plugin": {**base["plugin"], **rule},
        }
    if name in catalog:
        raise ArtifactError(f"{where} is no plugin of the catalog: take another name; plugins are {', '.join(known)}")
    if not (rule.get("urls") or rule.get("maven") or rule.get("file")):
        raise ArtifactError(
            f"{where} is not in the catalog ({', '.join(known)}): say where it comes from by urls, maven or file"
        )
    return {
        "name": name,
        "version": str(entry.get("version", "")),
        "optional": bool(entry.get("optional", False)),
        "plugin": {**rule, "own": True},
    }


def _refuse_unknown(entry: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        raise ArtifactError(f"{where}: no key {', '.join(unknown)}; there are {', '.join(sorted(known))}")


def file_name(rule: dict[str, Any]) -> str:
    """Name that a fetched plugin has in the cache; empty where it has neither address nor coordinate."""
    if rule.get("urls"):
        return Path(urlsplit(rule["urls"][0]).path).name
    return parse_coordinate(rule["maven"]).file_name if rule.get("maven") else ""


def pinned(rule: dict[str, Any]) -> tuple[str, str]:
    """Algorithm and digest of what is to be fetched; the digest is empty where nobody pins one."""
    algorithm = "sha512" if rule.get("sha512") else "sha256"
    return algorithm, str(rule.get(algorithm) or "").lower()
