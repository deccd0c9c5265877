"""All stores of a lab together: which of the given names exist, and how to remove them.

Each store is only contacted when a name of its kind is given: a case without HDFS works while HDFS is stopped.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

from slate import connectors, files, hdfs_files, tables, topics

Settings = dict[str, str]
"""The lab's addresses and folders (slate.json)."""
Names = dict[str, list[str]]
"""Names by kind."""
TRACES = frozenset({"folder", "internal", "offsets", "trace"})
"""Kinds that are never a person's work."""


class Item(NamedTuple):
    """One thing that exists; `detail` describes its content."""

    kind: str
    name: str
    detail: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """The identity of the item in the ledger."""
        return self.kind, self.name

    @property
    def is_work(self) -> bool:
        """Whether it is a person's work. A group without live members is not."""
        return bool(self.detail) if self.kind == "group" else self.kind not in TRACES


def existing(settings: Settings, names: Names) -> list[Item]:
    """List the items that exist under the given names."""
    items = running_units(names.get("unit", []))
    if names.get("connector"):
        items += connectors.existing(settings, names["connector"])
    if names.get("topic") or names.get("internal") or names.get("group"):
        items += topics.existing(settings, names)
    if names.get("table"):
        items += tables.existing(settings, names["table"])
    if names.get("hdfs") or names.get("folder"):
        items += hdfs_files.existing(settings, names.get("hdfs", []), names.get("folder", []))
    if names.get("tree"):
        items += hdfs_files.existing_trees(settings, names["tree"])
    for kind in ("file", "trace"):
        if names.get(kind):
            items += [(kind, name, "") for name in files.existing(Path(settings["home"]), names[kind])]
    return [Item(*item) for item in items]


def remove(settings: Settings, items: list[Item]) -> None:
    """Remove items in the order in which data flows: nothing removed is written again."""
    kinds: Names = {}
    for item in items:
        kinds.setdefault(item.kind, []).append(item.name)
    if kinds.get("unit"):
        subprocess.run(["systemctl", "stop", *kinds["unit"]], capture_output=True, check=False)
    history_topics = connectors.delete(settings, kinds["connector"]) if kinds.get("connector") else []
    if kinds.get("offsets"):
        connectors.delete_offsets(settings, kinds["offsets"])
    unwanted_topics = sorted({*kinds.get("topic", []), *kinds.get("internal", []), *history_topics})
    if unwanted_topics or kinds.get("group"):
        topics.delete(settings, unwanted_topics, kinds.get("group", []))
    if kinds.get("table"):
        tables.truncate(settings, kinds["table"])
    if kinds.get("dropped"):
        tables.drop(settings, kinds["dropped"])
    if kinds.get("tree") or kinds.get("hdfs") or kinds.get("folder"):
        hdfs_files.delete(settings, kinds.get("tree", []) + kinds.get("hdfs", []), kinds.get("folder", []))
    if kinds.get("file") or kinds.get("trace"):
        files.remove(Path(settings["home"]), kinds.get("file", []) + kinds.get("trace", []))


def running_units(names: list[str]) -> list[tuple[str, str, str]]:
    """List the units that run: a person started them."""
    command = ["systemctl", "is-active", "--quiet"]
    results = {name: subprocess.run([*command, name], capture_output=True, check=False) for name in names}
    return [("unit", name, "it runs") for name, done in results.items() if done.returncode == 0]
