#!/usr/bin/python
"""Ansible module: how the connectors of a worker stand, and a new beginning for those that cannot go on."""

from __future__ import annotations

DOCUMENTATION = r"""
module: connector_health
short_description: Reports on connectors, and restarts those that lost their position from the beginning
description:
  - Looks at every connector of a worker, declared or made by hand, and says why one failed, why one runs in vain,
    which of its options nothing reads and which columns of MySQL it cannot carry.
  - With O(recover) a Debezium connector of MySQL is stopped, loses its offsets and goes on with a new snapshot if its
    task has failed or retries because the server has purged its position. Its rows are then sent again; RV(lines) says
    so. Left alone are a connector that streams, one that is paused or stopped, one with a C(snapshot.mode) that sends
    no rows, and one that has lost only its schema history; RV(lines) has the remedy.
options:
  url: {description: REST interface of a worker as this host reaches it., type: str, required: true}
  mysql: {description: What M(mysql_state) answered of the lab's server., type: dict, default: {}}
  mysql_addresses:
    description: C(host:port) by which connectors reach that server; of connectors of other servers nothing is known.
    type: list
    elements: str
    default: []
  names:
    description: Connectors to look at; none are named, all are looked at.
    type: list
    elements: str
    default: []
  recover:
    description: >-
      Whether connectors without a position start from the beginning. Waits for the first error of a task that has
      just started.
    type: bool
    default: false
  unit:
    description: Unit of the worker on this host; its journal tells why a task tries again.
    type: str
    default: kafka-connect
  timeout: {description: Seconds for one answer of the worker., type: float, default: 20}
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
author: Streaming Lab
"""

EXAMPLES = r"""
- name: Restart connectors that lost their position from the beginning
  streaming.lab.connector_health:
    url: http://localhost:8083
    mysql: "{{ mysql.state }}"
    mysql_addresses: [localhost:3306]
    recover: true
"""

RETURN = r"""
connectors:
  description: For each connector its name, state, detail, notes, lost (why its position is gone) and remedy.
  type: list
  elements: dict
  returned: always
lines:
  description: One line for each connector that starts from the beginning or needs a person.
  type: list
  elements: str
  returned: always
"""

import signal
import subprocess
import time
from datetime import datetime
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils.connect import health as connector_health
from ansible_collections.streaming.lab.plugins.module_utils.connect.rest import Connect, RestError

MINUTES = 3
"""How far back the worker's log is read."""
SECONDS = 45
"""How long the first error of a task that has just started is waited for; Debezium tries again every 10 to 15 s."""
PAUSE = 3


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "mysql": {"type": "dict", "default": {}},
            "mysql_addresses": {"type": "list", "elements": "str", "default": []},
            "names": {"type": "list", "elements": "str", "default": []},
            "recover": {"type": "bool", "default": False},
            "unit": {"type": "str", "default": "kafka-connect"},
            "timeout": {"type": "float", "default": 20},
        },
        supports_check_mode=True,
    )
    given = module.params
    connect = Connect(given["url"], given["timeout"])
    try:
        found = _report(connect, given)
        # Ends by an exception, so that a connector that was stopped for this is resumed.
        for number in (signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        begun = connector_health.recover(connect, found, module.check_mode) if given["recover"] else []
    except RestError as error:
        module.fail_json(msg=str(error))
    again = {connector["name"] for connector in found if connector_health.is_recovered(connector)}
    broken = [
        f"connector {connector['name']} {connector['state'].lower()}: {connector['detail']}"
        for connector in found
        if connector["state"] in ("FAILED", "RETRYING") and not (begun and connector["name"] in again)
    ]
    module.exit_json(changed=bool(begun), connectors=found, lines=begun + broken)


def _report(connect: Connect, given: dict[str, Any]) -> list[dict[str, Any]]:
    """Look at the connectors; with `recover` until each task that has just started has had time for its first error."""
    deadline = time.monotonic() + SECONDS
    while True:
        journal = _journal(given["unit"])
        found = connector_health.report(
            connect, given["mysql"], given["mysql_addresses"], journal, given["names"], datetime.now()
        )
        undecided = given["recover"] and any(connector["undecided"] for connector in found)
        if not undecided or time.monotonic() > deadline:
            return found
        time.sleep(PAUSE)


def _journal(unit: str) -> str:
    command = ["journalctl", "--unit", unit, "--since", f"-{MINUTES}min", "--output=cat", "--no-pager", "--quiet"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, errors="replace").stdout
    except OSError:
        return ""


if __name__ == "__main__":
    main()
