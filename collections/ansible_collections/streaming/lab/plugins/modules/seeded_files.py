#!/usr/bin/python
"""Give a person files to work on, and never take their changes away."""

from __future__ import annotations

DOCUMENTATION = r"""
module: seeded_files
short_description: Put many files into a person's folders and leave those that the person edited
description:
  - Writes every file when it is absent. A file that is still what an earlier run put there is brought up to
    date; a file that was edited since is left alone and named in RV(kept).
  - What each run put there is remembered as pristine copies in O(pristine), which also serve to start over from.
  - Files are read and written with the person's own rights, so that a link in their folders leads nowhere that they
    could not write themselves.
  - Use the action plugin of the same name, which reads the files on the control machine.
options:
  sets:
    type: list
    elements: dict
    default: []
    description: Folders under the role's C(files), as C({src, dest, mode}). Read by the action plugin alone.
  replace:
    type: dict
    default: {}
    description: Text of the files, and what stands in its place on this lab. Read by the action plugin alone.
  files:
    type: list
    elements: dict
    default: []
    description: The files; made by the action plugin out of O(sets).
    suboptions:
      dest: {type: path, required: true, description: Where it goes.}
      content: {type: str, required: true, description: Its text.}
      mode: {type: str, default: "0664", description: Its permissions.}
  directories:
    {type: list, elements: path, default: [], description: "Folders to make first, where O(owner) may make them."}
  owner: {type: str, required: true, description: Name or number of the owner.}
  group: {type: str, required: true, description: Name or number of the group.}
  pristine: {type: path, required: true, description: "Folder of the pristine copies, owned by root."}
author: [Streaming Lab]
"""

EXAMPLES = r"""
- name: Put the programs into the student's folder
  streaming.lab.seeded_files:
    sets: [{src: programs, dest: /home/student/kafka-python}]
    owner: student
    group: student
    pristine: /usr/local/share/streaming-lab/course
"""

RETURN = r"""
kept: {type: list, returned: always, description: Files that were edited and left alone.}
written: {type: list, returned: always, description: Files that were made or brought up to date.}
"""

import grp
import os
import pwd
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils.held_folder import rights_of


def number(name: str, find: Callable[[str], Any]) -> int | None:
    """Return the number of a user or group; None when it does not exist (yet, in check mode)."""
    if name.isdigit():
        return int(name)
    try:
        return find(name)
    except KeyError:
        return None


def read(path: Path) -> str | None:
    """Return a file's text, None when there is no such file."""
    try:
        return path.read_bytes().decode("utf-8", errors="surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return None


def write(path: Path, content: str, mode: int, owner: int | None, group: int | None) -> None:
    """Put a file in place by an atomic rename, so that nobody reads half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(content)
    os.chown(name, -1 if owner is None else owner, -1 if group is None else group)
    Path(name).chmod(mode)
    Path(name).replace(path)


def decide(there: str | None, before: str | None, content: str) -> str:
    """Say what becomes of one file.

    Args:
        there: what the person's file holds, None when absent.
        before: what the last run put there, None when it put nothing.
        content: what this run would put there.

    Returns:
        `write`, `keep` (the person edited it) or `same`.
    """
    if there == content:
        return "same"
    return "write" if there is None or there == before else "keep"


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "files": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "dest": {"type": "path", "required": True},
                    "content": {"type": "str", "required": True},
                    "mode": {"type": "str", "default": "0664"},
                },
            },
            "sets": {"type": "list", "elements": "dict", "default": []},
            "replace": {"type": "dict", "default": {}},
            "directories": {"type": "list", "elements": "path", "default": []},
            "owner": {"type": "str", "required": True},
            "group": {"type": "str", "required": True},
            "pristine": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    options = module.params
    owner = number(options["owner"], lambda name: pwd.getpwnam(name).pw_uid)
    group = number(options["group"], lambda name: grp.getgrnam(name).gr_gid)
    if not module.check_mode and None in (owner, group):
        module.fail_json(msg=f"{options['owner']}:{options['group']} is no user and group of this host")
    pristine = Path(options["pristine"])
    written, kept, diffs, changed = [], [], [], False
    theirs = (None, None) if module.check_mode and None in (owner, group) else (owner, group)
    place = ""
    try:
        for place in options["directories"]:
            with rights_of(*theirs):
                if Path(place).is_dir():
                    continue
                changed = True
                if not module.check_mode:
                    Path(place).mkdir(parents=True)
                    os.chown(place, -1, -1 if group is None else group)
                    Path(place).chmod(0o2775)
        for file in options["files"]:
            place, content = file["dest"], file["content"]
            path = Path(place)
            original = pristine / str(path).lstrip("/")
            with rights_of(*theirs):
                there = read(path)
            before = read(original)
            what = decide(there, before, content)
            if what == "keep":
                kept.append(str(path))
            if what == "write":
                written.append(str(path))
                names = {"before_header": str(path), "after_header": str(path)}
                diffs.append({"before": there or "", "after": content, **names})
                if not module.check_mode:
                    with rights_of(*theirs):
                        write(path, content, int(file["mode"], 8), owner, group)
            if before != content:
                changed = True
                if not module.check_mode:
                    # After the person's file: an interrupted run must not take the new text for an edit of theirs.
                    original.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
                    write(original, content, 0o644, 0, 0)
    except OSError as error:
        why = f"{error.strerror}: {error.filename}"
        module.fail_json(msg=f"{place}: {options['owner']} cannot work there ({why}); give them the folder, run again")
    module.exit_json(changed=changed or bool(written), kept=kept, written=written, diff=diffs)


if __name__ == "__main__":
    main()
