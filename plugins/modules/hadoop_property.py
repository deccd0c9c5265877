"""Ansible module: set properties in a Hadoop configuration file and leave everything else in it as it is."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hadoop_property
short_description: Sets properties in a Hadoop configuration file
description:
  - Sets properties in an existing C(hdfs-site.xml), C(core-site.xml) or the like. Only the bytes of values that
    differ change; comments, order, layout and all other properties stay. The host needs but Python.
  - Of several properties of one name, the one that Hadoop heeds is changed. A link is followed.
options:
  path:
    description: The file. It must exist.
    type: path
    required: true
  properties:
    description: Values by property name.
    type: dict
    required: true
  backup:
    description: Keep a copy of the file, with the date in its name, before it is changed.
    type: bool
    default: true
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
  hadoop_property:
    path: /opt/hadoop/etc/hadoop/hdfs-site.xml
    properties:
      dfs.webhdfs.enabled: true
"""

RETURN = r"""
backup_file: {description: The copy of what the file was., type: str, returned: changed}
"""

import os  # noqa: E402
import tempfile  # noqa: E402
from pathlib import Path  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible.module_utils.hadoop_site import SiteError, edit  # noqa: E402


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "properties": {"type": "dict", "required": True},
            "backup": {"type": "bool", "default": True},
            "hint": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    path = Path(module.params["path"]).resolve()
    try:
        before = path.read_bytes()
        after = edit(before, module.params["properties"])
    except OSError as error:
        hint = f"; {module.params['hint']}" if module.params["hint"] else ""
        module.fail_json(msg=f"cannot read {module.params['path']}: {error.strerror}{hint}")
    except SiteError as error:
        module.fail_json(msg=f"{path}: {error}; nothing was changed")

    result = {"changed": before != after, "path": str(path)}
    if module._diff:
        result["diff"] = {
            "before_header": str(path),
            "after_header": str(path),
            "before": before.decode("utf-8", "replace"),
            "after": after.decode("utf-8", "replace"),
        }
    if before != after and not module.check_mode:
        if module.params["backup"]:
            result["backup_file"] = module.backup_local(str(path))
        # Beside the file, so that a rename replaces it; atomic_move gives it the old one's owner and mode.
        handle, new = tempfile.mkstemp(prefix=".", suffix=".xml", dir=path.parent)
        module.add_cleanup_file(new)
        with os.fdopen(handle, "wb") as file:
            file.write(after)
        module.atomic_move(new, str(path))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
