"""Where a lab's artifact cache is, and how to remove one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from cli.engine.inventory import Inventory
from cli.errors import PROVISIONING_FAILED, LabError
from cli.lab import Lab

# What roles/artifacts and roles/course keep in a cache folder; all else in it belongs to somebody.
CONTENTS = ("store", "products", "downloads", "maven", "uv", "lock", "progress", "progress.part")
EARLIER = ("wheelhouse",)
"""What earlier releases kept there."""


def default_cache() -> Path:
    """The artifact cache of this user, for inventories that do not set artifacts_cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "streaming-lab"


def cache_folders(lab: Lab) -> list[Path]:
    """The artifact caches of a lab's hosts: the setting artifacts_cache, or the default. At least one.

    Args:
        lab: its inventory and -e may set artifacts_cache.
    Raises:
        LabError: Ansible cannot read the inventory.
    """
    if not (lab.root / ".venv" / "lab-stamp").exists():
        # ./lab doctor runs without Ansible.
        return [default_cache()]
    inventory = Inventory.start(lab)
    try:
        return folders_in(inventory)
    finally:
        inventory.stop()


def folders_in(inventory: Inventory) -> list[Path]:
    """The artifact caches that an inventory names. At least one."""
    values = [host.get("artifacts_cache") for host in inventory.hosts.values()]
    folders = [Path(value).expanduser().absolute() if value else default_cache() for value in values]
    return list(dict.fromkeys(folders)) or [default_cache()]


def has_products(folder: Path) -> bool:
    """Whether an artifact cache holds archives for hosts."""
    return any((folder / "products").glob("*.tar"))


def remove_cache(folder: Path) -> None:
    """Remove what the lab keeps in a cache folder, and the folder if nothing else is in it.

    Raises:
        LabError: something cannot be removed.
    """
    for name in (*CONTENTS, *EARLIER):
        remove(folder / name)
    if folder.is_dir() and not any(folder.iterdir()):
        remove(folder)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there.

    Raises:
        LabError: something in it cannot be removed.
    """
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise LabError(f"{path} could not be removed whole: {error}; remove it by hand", PROVISIONING_FAILED) from error
