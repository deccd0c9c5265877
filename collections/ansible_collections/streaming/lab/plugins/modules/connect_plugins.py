"""Ansible module: keep account of which folders of plugins are the lab's, and see that all of them go together."""

from __future__ import annotations

DOCUMENTATION = r"""
module: connect_plugins
short_description: Prepares a worker's folder of plugins for what is declared
description:
  - Removes the folders of plugins that were installed from the declared list and are not in it any more. Which those
    are is noted in a file; every other folder is someone's own and is left alone, also one that somebody put in the
    place of the lab's.
  - The folder is held open meanwhile. Someone's own plugins are read with their owner's rights.
  - Refuses a declared plugin where its folder is someone's own, and a connector class that is there twice, in two
    folders or twice in one, whoever put it there.
  - Says which plugin.discovery the plugins need. It installs nothing; product_tree does.
options:
  folder:
    description: The worker's folder of plugins.
    type: path
    required: true
  record:
    description: File that notes the folders that are the lab's.
    type: path
    required: true
  plugins:
    description: Declared plugins by name of folder, each with its connectors as C(artifacts_index) has them.
    type: dict
    required: true
  paths:
    description: >-
      Files of each declared plugin, as C(artifacts_index) has them. A folder that nothing is noted of and that holds no
      other file is taken for the lab's.
    type: dict
    required: true
  others:
    description: What else is in the worker's plugin.path, jars or folders.
    type: list
    elements: path
    default: []
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: Streaming Lab
"""

EXAMPLES = r"""
- name: Prepare the folder of plugins
  streaming.lab.connect_plugins:
    folder: /opt/kafka/plugins
    record: /usr/local/share/streaming-lab/connect-plugins.json
    plugins: {debezium-mysql: "{{ artifacts_index['debezium-mysql'].connectors }}"}
    paths: {debezium-mysql: "{{ artifacts_index['debezium-mysql'].paths }}"}
"""

RETURN = r"""
removed: {description: Folders that were removed., type: list, returned: success}
own: {description: Folders and jars that are someone's own., type: list, returned: success}
discovery:
  description: >-
    service_load where a manifest names every connector, else hybrid_warn, with which Connect also looks into the jars
    (KIP-898).
  type: str
  returned: success
without_manifest: {description: Connector classes that no manifest names., type: list, returned: success}
"""

import contextlib
import json
import os
import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils.connect_plugins.classes import Connector, in_folder, twice
from ansible_collections.streaming.lab.plugins.module_utils.held_folder import (
    FolderError,
    Held,
    files_below,
    hold,
    rights_of,
)

ARGUMENTS = {
    "folder": {"type": "path", "required": True},
    "record": {"type": "path", "required": True},
    "plugins": {"type": "dict", "required": True},
    "paths": {"type": "dict", "required": True},
    "others": {"type": "list", "elements": "path", "default": []},
}


class PluginError(Exception):
    """Why the declared plugins cannot be installed, in one line."""


@dataclass
class PluginPlan:
    """What is to be done, and what the worker will find."""

    stale: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    without_manifest: list[str] = field(default_factory=list)

    @property
    def discovery(self) -> str:
        """The fastest plugin.discovery that sees every connector."""
        return "hybrid_warn" if self.without_manifest else "service_load"


def recorded(record: Path) -> list[str]:
    """Names of the folders that the lab made; none where nothing is noted.

    Raises:
        PluginError: the record cannot be understood.
    """
    try:
        names = json.loads(record.read_text(encoding="utf-8"))["folders"]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError) as error:
        raise PluginError(f"{record} cannot be read ({error}): remove it and run again") from None
    return [str(name) for name in names if "/" not in str(name) and str(name) not in ("", ".", "..")]


def plan(
    folder: Held | None,
    ours: list[str],
    plugins: dict[str, list[Connector]],
    paths: dict[str, list[str]],
    others: list[Path],
) -> PluginPlan:
    """Compare what lies in the folder with what is declared.

    Args:
        folder: the worker's folder of plugins; None where there is none.
        ours: names of folders that the lab made before.
        plugins: connectors of each declared plugin.
        paths: files of each declared plugin, relative to its folder.
        others: what else is in plugin.path.
    Raises:
        PluginError: a folder is someone's own, or a connector would be there twice.
    """
    names = sorted(entry.name for entry in folder.at.iterdir()) if folder else []
    for name in sorted(name for name in plugins if name in names and name not in ours):
        if folder and (strange := _strange(folder, name, paths.get(name, []))):
            raise PluginError(
                f"{folder.path / name} is there and was not made by the lab ({strange} is not the plugin's): move it "
                f"away, or give the entry '{name}' of kafka_connect_plugins another name"
            )
    gone = sorted(name for name in ours if name not in plugins and name in names)
    stale = [name for name in gone if folder and _is_ours(folder, name)]
    found = PluginPlan(
        stale=stale,
        own=[name for name in names if name not in stale and name not in plugins and not name.startswith(".")],
    )
    places = [(str(folder.path / name if folder else name), one) for name, listed in plugins.items() for one in listed]
    at = [(folder.at / name, folder.path / name) for name in found.own if folder]
    at += [(other, other) for other in others if not folder or other != folder.path]
    for entry, path in at:
        places += [(str(path.parent if path.suffix == ".jar" else path), one) for one in _connectors(entry)]
    for sentence in twice(places):
        raise PluginError(sentence)
    found.without_manifest = sorted({one.name for _place, one in places if not one.listed})
    return found


def _is_ours(folder: Held, name: str) -> bool:
    """Whether an entry is a folder of this process's user, as the lab makes them."""
    info = os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False)
    return stat.S_ISDIR(info.st_mode) and info.st_uid == os.geteuid()


def _connectors(entry: Path) -> list[Connector]:
    """Connectors of someone's own folder or jar, read with its owner's rights."""
    try:
        info = entry.lstat()
    except FileNotFoundError:
        return []
    with rights_of(info.st_uid, info.st_gid):
        return in_folder(entry) if entry.is_dir() or entry.suffix == ".jar" else []


def _strange(folder: Held, name: str, paths: list[str]) -> str:
    """What in a folder that nothing was noted of is not this very plugin's, and would be lost; empty if nothing is.

    It is the plugin's in an earlier lab, or where the record was lost.
    """
    if not stat.S_ISDIR(os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False).st_mode):
        return "it"
    files = {path.removeprefix(f"{name}/") for path in files_below(folder, name)}
    return min(files - set(paths), default="")


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options: dict[str, Any] = module.params
    folder, record = Path(options["folder"]), Path(options["record"])
    plugins = {name: [Connector(**one) for one in listed or []] for name, listed in options["plugins"].items()}
    try:
        ours = recorded(record)
        with contextlib.ExitStack() as stack:
            held = None
            with contextlib.suppress(FileNotFoundError):
                held = stack.enter_context(hold(folder))
            found = plan(held, ours, plugins, options["paths"], [Path(other) for other in options["others"]])
            changed = bool(found.stale) or sorted(plugins) != sorted(ours)
            if changed and not module.check_mode:
                # Noted before anything is installed: what a killed run left is still known as the lab's.
                record.parent.mkdir(parents=True, exist_ok=True)
                temporary = record.with_name(f".{record.name}.new")
                temporary.write_text(json.dumps({"folders": sorted(plugins)}) + "\n", encoding="utf-8")
                temporary.chmod(0o644)
                if held:
                    # rmtree follows no link, and works by the descriptors of the folders.
                    for name in found.stale:
                        shutil.rmtree(name, dir_fd=held.descriptor)
                temporary.replace(record)
    except (PluginError, FolderError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=changed,
        removed=found.stale,
        own=found.own,
        discovery=found.discovery,
        without_manifest=found.without_manifest,
        diff={
            "before_header": str(folder),
            "after_header": str(folder),
            "before": "".join(f"{name}\n" for name in sorted(ours)),
            "after": "".join(f"{name}\n" for name in sorted(plugins)),
        },
    )


if __name__ == "__main__":
    main()
