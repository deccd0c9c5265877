"""What is looked at once a plugin is packed: its connectors, the driver it needs, and what was dropped for nothing."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError
from ansible_collections.streaming.lab.plugins.module_utils.connect_plugins.classes import (
    Connector,
    in_tar,
    jar_version,
    twice,
)
from ansible_collections.streaming.lab.plugins.module_utils.connect_plugins.content import KINDS, holds
from ansible_collections.streaming.lab.plugins.module_utils.connect_plugins.entries import SETTING
from ansible_collections.streaming.lab.plugins.module_utils.connect_plugins.source import Finder
from ansible_collections.streaming.lab.plugins.module_utils.products.pack import read_manifest
from ansible_collections.streaming.lab.plugins.module_utils.products.plan import ProductFile

# Connectors that reach MySQL by a driver that they do not always bring.
_JDBC = ("io.confluent.connect.jdbc.", "io.aiven.connect.jdbc.")
_DRIVER = "mysql-connector-*.jar"


def extras(spec: dict[str, Any], parts: Sequence[ProductFile]) -> list[dict[str, Any]]:
    """Files that are laid into a plugin, each with ``to`` (a folder of it) and ``unless`` (what it may have)."""
    to = "lib" if any(part.path.startswith("lib/") for part in parts) else ""
    found = []
    for extra in spec["plugin"].get("extra") or []:
        rule = {"product": extra} if isinstance(extra, str) else extra
        found.append({"to": to, "unless": f"{rule['product']}-*.jar" if "product" in rule else "", **rule})
    return found


def guess_version(path: str) -> str:
    """Version in the name of an archive, or ``unversioned``."""
    stem = next((path.removesuffix(suffix) for suffix in KINDS if path.endswith(suffix)), path)
    return jar_version(f"{Path(stem).name}.jar") or "unversioned"


def describe(archive: str, manifest: str) -> list[Connector]:
    """Connectors of a packed plugin; they are noted in its manifest, so that its jars are opened once.

    Returns:
        none where it is not packed yet (check mode).
    Raises:
        ArtifactError: a jar in it is none.
    """
    noted = read_manifest(manifest)
    if noted is None:
        return []
    if "connectors" not in noted:
        noted["connectors"] = [connector.as_dict() for connector in in_tar(archive)]
        _replace(manifest, json.dumps(noted, indent=1, sort_keys=True))
    return [Connector(**connector) for connector in noted["connectors"]]


def examine(spec: dict[str, Any], parts: Sequence[ProductFile], connectors: Sequence[Connector]) -> None:
    """See that a packed plugin can work.

    Raises:
        ArtifactError: it holds a connector twice, lacks one that its entry names, or lacks a driver.
    """
    name = spec["name"]
    for sentence in twice((name, connector) for connector in connectors):
        raise ArtifactError(f"plugin {name}: {sentence}")
    lacking = sorted(set(spec["plugin"].get("connectors", [])) - {connector.name for connector in connectors})
    if lacking and connectors:
        raise ArtifactError(f"plugin {name} has no connector {', '.join(lacking)}; it has {_names(connectors)}")
    needs = spec["plugin"].get("needs")
    if needs is None:
        needs = [_DRIVER] if any(connector.name.startswith(_JDBC) for connector in connectors) else []
    for pattern in needs:
        if not holds(parts, pattern):
            remedy = "add extra: [mysql-connector-j] to its entry" if pattern == _DRIVER else "add it by extra"
            raise ArtifactError(
                f"plugin {name} lacks {pattern}, which {_names(connectors)} needs: {remedy} in {SETTING}"
            )


def passed_over(finder: Finder, specs: Mapping[str, dict[str, Any]]) -> list[str]:
    """Warnings on what lies in the user's folder and no entry took."""
    declared = sorted(name for name, spec in specs.items() if "plugin" in spec)
    if not declared:
        return []
    return [
        f"{one.path} is of no declared plugin ({', '.join(declared)}): "
        f"add {{name: ..., file: {one.name}}} to {SETTING}, or move it away"
        for one in finder.dropped
        if one.path not in finder.used
    ]


def _names(connectors: Sequence[Connector]) -> str:
    return ", ".join(connector.name.rsplit(".", 1)[-1] for connector in connectors) or "no connector at all"


def _replace(path: str, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=str(Path(path).parent), suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8") as output:
        output.write(text)
    Path(temporary).chmod(0o644)
    Path(temporary).replace(path)
