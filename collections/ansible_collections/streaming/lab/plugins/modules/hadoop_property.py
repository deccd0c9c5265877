"""Ansible module: set properties in a Hadoop configuration file and leave everything else in it as it is."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hadoop_property
short_description: Sets properties in a Hadoop configuration file
description:
  - Sets properties in an existing C(hdfs-site.xml), C(core-site.xml) or the like. Only the bytes of values that
    differ change; comments, order, layout, encoding, owner, mode, access list and all other properties stay.
    The host needs only Python.
  - Of several properties with one name, the one that Hadoop heeds is changed. Included files are read and never
    written. A link is followed.
  - Before the first change a copy is kept beside the file (C(.before-streaming-lab)), with a record of the changes
    (C(.streaming-lab.json)). O(state=absent) undoes them with these.
options:
  path:
    description: The file. It must exist.
    type: path
    required: true
  properties:
    description: Values by property name. Without any, the file is only read.
    type: dict
    default: {}
  state:
    description:
      - V(present) sets the properties.
      - V(absent) undoes all that this module changed in the file. The file has its first bytes again if nobody else
        edited it since; otherwise each property has its first value again, unless somebody else changed it.
    type: str
    choices: [present, absent]
    default: present
  hint:
    description: Added to the message when the file is missing, to say which setting names it.
    type: str
    default: ""
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: Streaming Lab
"""

EXAMPLES = r"""
- name: Turn WebHDFS on
  streaming.lab.hadoop_property:
    path: /opt/hadoop/etc/hadoop/hdfs-site.xml
    properties:
      dfs.webhdfs.enabled: true
"""

RETURN = r"""
values: {description: Every property's effective value by name., type: dict, returned: always}
left: {description: Properties that somebody else changed since and that stay., type: list, returned: always}
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils.hadoop.record import (
    forget,
    keep,
    noted,
    original_path,
    read,
    read_record,
    undone,
    write,
)
from ansible_collections.streaming.lab.plugins.module_utils.hadoop.site import edit, values_of
from ansible_collections.streaming.lab.plugins.module_utils.hadoop.xml import SiteError


def change(path: Path, properties: dict[str, Any], undo: bool, check: bool) -> tuple[bytes, bytes, list[str]]:
    """Edit the file.

    Args:
        path: of the file itself, no link.
        properties: values by name.
        undo: take back earlier changes instead.
        check: write nothing.
    Returns the bytes before and after, and the names of properties that could not be undone.
    Raises SiteError, OSError.
    """
    before = path.read_bytes()
    record, left = read_record(path), list[str]()
    if not undo:
        after = edit(before, properties, path.parent)
        if after != before and not check:
            original = read(original_path(path))
            if original in (None, before):
                # None: the first change. Equal: an earlier run was interrupted before it wrote the file.
                record = None
            keep(path, noted(record, before, after, properties, path.parent), before)
    elif record is None:
        after = before
    else:
        after, left = undone(before, record, read(original_path(path)), path.parent)
    if after != before and not check:
        write(path, after, path)
    if undo and record is not None and not check:
        forget(path)
    return before, after, left


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "properties": {"type": "dict", "default": {}},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "hint": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    path = Path(module.params["path"]).resolve()
    undo = module.params["state"] == "absent"
    try:
        before, after, left = change(path, module.params["properties"], undo, module.check_mode)
        values = values_of(after, path.parent)
    except OSError as error:
        hint = f"; {module.params['hint']}" if module.params["hint"] else ""
        module.fail_json(msg=f"cannot read {module.params['path']}: {error.strerror}{hint}")
    except SiteError as error:
        module.fail_json(msg=f"{path}: {error}; nothing was changed")
    result = {"changed": before != after, "path": str(path), "values": values, "left": left}
    if module._diff:
        result["diff"] = {
            "before_header": str(path),
            "after_header": str(path),
            "before": before.decode("utf-8", "replace"),
            "after": after.decode("utf-8", "replace"),
        }
    module.exit_json(**result)


if __name__ == "__main__":
    main()
