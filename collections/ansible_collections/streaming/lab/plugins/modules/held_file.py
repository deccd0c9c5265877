"""Ansible module: write a file, or open a folder, where somebody else may write too."""

from __future__ import annotations

DOCUMENTATION = r"""
module: held_file
short_description: Writes a file or a folder's owner and mode without being led elsewhere
description:
  - For a path in a folder that others may write in, such as C(config/) of the Kafka home. Ansible's own modules look at
    a name and then change what the name leads to; whoever may write in the folder can put a link there in between.
  - Each folder is opened from the one above. A link is followed only in a folder that nobody else may write in.
  - A file is replaced by a rename when its text, its owner or its mode differs. A link in its place is replaced, too.
options:
  path: {type: path, required: true, description: The file or folder.}
  state: {type: str, choices: [file, directory], default: file, description: Which of both.}
  content: {type: str, description: "The file's text, needed for a file."}
  mode: {type: str, required: true, description: Its permissions in octal digits.}
  owner: {type: int, description: Number of the owner; by default who runs the module.}
  group: {type: int, description: Number of the group; by default the one that the folder gives.}
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: Streaming Lab
"""

EXAMPLES = r"""
- name: Write the broker's configuration
  streaming.lab.held_file:
    path: /opt/kafka/config/server.properties
    content: "{{ lookup('ansible.builtin.template', 'server.properties.j2') }}"
    mode: "0644"
"""

RETURN = r"""
path: {description: The path., type: str, returned: success}
"""

import hashlib
import io
import os
import stat
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils.held_folder import FolderError, hold, open_file, place

ARGUMENTS = {
    "path": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["file", "directory"], "default": "file"},
    "content": {"type": "str"},
    "mode": {"type": "str", "required": True},
    "owner": {"type": "int"},
    "group": {"type": "int"},
}


def write_file(path: Path, content: str, mode: int, owner: int, group: int, check: bool) -> dict[str, Any]:
    """Make a file hold a text.

    Args:
        path: the file.
        content: its text.
        mode: its permissions.
        owner: number of its owner.
        group: number of its group; -1 leaves it as the folder gives it.
        check: change nothing.
    Returns:
        Whether it differed, and the difference as Ansible shows it.
    Raises:
        FolderError: a link that others can change, or a file, stands where a folder belongs.
        FileNotFoundError: its folder is missing.
    """
    wanted = content.encode()
    names = {"before_header": str(path), "after_header": str(path)}
    with hold(path.parent) as folder:
        before, same = b"", False
        handle = open_file(folder, path.name)
        if handle:
            with handle:
                before, info = handle.read(), os.fstat(handle.fileno())
            same = before == wanted and stat.S_IMODE(info.st_mode) == mode and info.st_uid == owner
            same = same and group in (-1, info.st_gid)
        if not same and not check:
            place(folder, path.name, io.BytesIO(wanted), hashlib.sha256(wanted).hexdigest(), mode, (owner, group), None)
    return {"changed": not same, "diff": {"before": before.decode(errors="replace"), "after": content, **names}}


def open_folder(path: Path, mode: int, owner: int, group: int, check: bool) -> dict[str, Any]:
    """Make a folder, or give it its owner, group and mode; its access lists stay.

    Parameters and errors are those of `write_file`.
    """
    try:
        with hold(path) as folder:
            info = os.fstat(folder.descriptor)
            before = f"{info.st_uid}:{info.st_gid} {stat.S_IMODE(info.st_mode):04o}\n"
            same = stat.S_IMODE(info.st_mode) == mode and info.st_uid == owner and group in (-1, info.st_gid)
    except FileNotFoundError:
        same, before = False, "absent\n"
    if not same and not check:
        with hold(path, make_for=(owner, group)) as folder:
            os.fchown(folder.descriptor, owner, group)
            os.fchmod(folder.descriptor, mode)
    after = f"{owner}:{group if group >= 0 else 'as the folder gives it'} {mode:04o}\n"
    return {"changed": not same, "diff": {"before": before, "after": before if same else after}}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_if=[("state", "file", ["content"])],
        supports_check_mode=True,
    )
    options = module.params
    path = Path(options["path"])
    owner = os.geteuid() if options["owner"] is None else options["owner"]
    numbers = int(options["mode"], 8), owner, -1 if options["group"] is None else options["group"]
    try:
        if options["state"] == "directory":
            result = open_folder(path, *numbers, module.check_mode)
        else:
            result = write_file(path, options["content"], *numbers, module.check_mode)
    except FileNotFoundError:
        if not module.check_mode:
            module.fail_json(msg=f"{path}: the folder {path.parent} is missing")
        # A dry run on a fresh host has no folder yet.
        result = {"changed": True}
    except FolderError as error:
        module.fail_json(msg=f"{path}: {error}")
    except OSError as error:
        module.fail_json(msg=f"{path} cannot be written: {error}")
    module.exit_json(path=str(path), **result)


if __name__ == "__main__":
    main()
