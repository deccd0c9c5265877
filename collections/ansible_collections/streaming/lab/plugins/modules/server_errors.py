#!/usr/bin/python
"""Ansible module: which servers of a host failed, and what each said."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_errors
short_description: Says which units failed, with the line of the journal that tells why
description:
  - Looks at units of systemd that failed or that systemd tries to start again and again. For each it returns the line
    that the server itself wrote about the cause since its last start. Changes nothing, in check mode or not.
options:
  units:
    description: Units, or patterns of systemctl(1).
    type: list
    elements: str
    required: true
  logs:
    description: Files that a server writes besides the journal, by unit. Read where the journal has nothing.
    type: dict
    default: {}
  secrets:
    description: Texts that are masked in the answer.
    type: list
    elements: str
    default: []
attributes:
  check_mode: {support: full}
author: Streaming Lab
"""

EXAMPLES = r"""
- name: Ask the failed servers
  streaming.lab.server_errors:
    units: [kafka.service, "hdfs-sink@*.service"]
"""

RETURN = r"""
errors:
  description: A line for each failed unit.
  type: list
  elements: str
  returned: always
  sample: ["kafka: Invalid initial heap size: -Xmslots (journalctl -u kafka)"]
"""

from collections import deque
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils.machine.server_errors import (
    is_down,
    last_words,
    words_of_journal,
)

MOST_LINES = 400
PROPERTIES = "Id,LoadState,ActiveState,Result"
JOURNAL = [
    "journalctl", "--no-pager", "--output=json", "--output-fields=MESSAGE,_SYSTEMD_INVOCATION_ID",
    f"--lines={MOST_LINES}",
]  # fmt: skip


def failed_units(module: AnsibleModule) -> list[dict[str, str]]:
    """Properties of the units that are down."""
    command = ["systemctl", "show", f"--property={PROPERTIES}", *module.params["units"]]
    _, out, _ = module.run_command(command, check_rc=True)
    units = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in out.strip().split("\n\n")]
    return [unit for unit in units if unit.get("LoadState") == "loaded" and is_down(unit)]


def error_of(module: AnsibleModule, unit: dict[str, str]) -> str:
    """One line on a unit."""
    name = unit["Id"].removesuffix(".service")
    # What systemd itself says of the unit has another field.
    _, out, _ = module.run_command([*JOURNAL, f"_SYSTEMD_UNIT={unit['Id']}"])
    words = words_of_journal(out)
    log = module.params["logs"].get(unit["Id"])
    if not words and log and Path(log).is_file():
        with Path(log).open(encoding="utf-8", errors="replace") as lines:
            words = last_words(list(deque(lines, MOST_LINES)))
    return f"{name}: {words or 'it wrote nothing'} (journalctl -u {name})"


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "units": {"type": "list", "elements": "str", "required": True},
            "logs": {"type": "dict", "default": {}},
            "secrets": {"type": "list", "elements": "str", "default": [], "no_log": True},
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, errors=[error_of(module, unit) for unit in failed_units(module)])


if __name__ == "__main__":
    main()
