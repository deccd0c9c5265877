"""HDFS: files and folders, as the user hadoop."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hdfs_sink.hdfs.client import Client


def _client(settings: dict[str, str]) -> Client:
    # The import takes 0.1 s, and most cases need no HDFS.
    from hdfs_sink.hdfs.client import Client

    return Client(settings["webhdfs"], "hadoop")


def existing(settings: dict[str, str], files: list[str], folders: list[str]) -> list[tuple[str, str, str]]:
    """List existing files and folders; each folder is listed once."""
    client, items = _client(settings), []
    for folder in sorted({name.rsplit("/", 1)[0] for name in files} | set(folders)):
        entries = client.statuses(folder)
        sizes = {f"{folder}/{entry['pathSuffix']}": entry["length"] for entry in entries}
        items += [("hdfs", name, f"{sizes[name]} bytes") for name in files if name in sizes]
        if folder in folders and (entries or client.exists(folder)):
            items.append(("folder", folder, f"{len(entries)} entries"))
    return items


def existing_trees(settings: dict[str, str], trees: list[str]) -> list[tuple[str, str, str]]:
    """List folders that belong, with everything in them, to one program."""
    client = _client(settings)
    return [("tree", tree, f"{client.content(tree)['fileCount']} files") for tree in trees if client.exists(tree)]


def all_names(settings: dict[str, str]) -> list[str]:
    """List the content of the lab's folder."""
    folder = settings["hdfs_folder"]
    return [f"{folder}/{name}" for name in _client(settings).names(folder)]


def delete(settings: dict[str, str], trees: list[str], folders: list[str]) -> None:
    """Delete files and folders with everything in them, and then the folders that are empty.

    Args:
        settings: the lab's addresses.
        trees: files, and folders with their content.
        folders: each is only deleted if it is empty.
    """
    client = _client(settings)
    for name in trees:
        client.remove(name, whole=True)
    for folder in folders:
        if not client.names(folder):
            client.remove(folder)
