"""Ansible module: set properties in a Hadoop configuration file and leave everything else in it as it is."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hadoop_property
short_description: Sets properties in a Hadoop configuration file
description:
  - Sets properties in an existing C(hdfs-site.xml), C(core-site.xml) or the like, in one marked block at its end, where
    they override properties of the same name. No other byte changes; owner, mode and access list stay.
  - A property that has the right value already is not in the block. One that is final with another value is refused.
  - Included files are read and never written. A link is followed; as with Hadoop, included files are looked for in the
    folder of O(path), not of the link's target. The host needs only Python.
options:
  path: {description: The file. It must exist., type: path, required: true}
  properties: {description: "Values by property name. Without any, the file is only read.", type: dict, default: {}}
  state:
    description:
      - Whether the file has the block. V(empty) takes the properties out of it and leaves the time of that change, so
        that a later run can see whether a server has read the file since. V(absent) takes the block out.
    type: str
    choices: [present, empty, absent]
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
values: {description: Every property's effective value by name., type: dict, returned: success}
own: {description: The same without the block., type: dict, returned: success}
written: {description: "Time of the block's last change, s since 1970; 0: no block.", type: int, returned: success}
"""

import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils.hadoop.site import (
    SiteError,
    decode,
    edit,
    replace,
    take_out,
    values_of,
    without_block,
)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "properties": {"type": "dict", "default": {}},
            "state": {"type": "str", "choices": ["present", "empty", "absent"], "default": "present"},
            "hint": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    named = Path(module.params["path"]).absolute()
    path, state = named.resolve(), module.params["state"]
    wanted = module.params["properties"] if state == "present" else {}
    try:
        before = after = path.read_bytes()
        if wanted or state == "empty":
            after = edit(before, wanted, named.parent, int(time.time()))
        elif state == "absent":
            after = take_out(before)
        values, own = values_of(after, named.parent), values_of(after, named.parent, own=True)
        written = without_block(decode(after)[0])[1]
        if after != before and not module.check_mode:
            replace(path, after)
    except OSError as error:
        hint = f"; {module.params['hint']}" if module.params["hint"] else ""
        module.fail_json(msg=f"cannot read {module.params['path']}: {error.strerror}{hint}")
    except SiteError as error:
        module.fail_json(msg=f"{path}: {error}; nothing was changed")
    result = {"changed": before != after, "values": values, "own": own, "written": written}
    if module._diff:
        names = {"before_header": str(path), "after_header": str(path)}
        texts = {"before": before.decode("utf-8", "replace"), "after": after.decode("utf-8", "replace")}
        result["diff"] = {**names, **texts}
    module.exit_json(**result)


if __name__ == "__main__":
    main()
