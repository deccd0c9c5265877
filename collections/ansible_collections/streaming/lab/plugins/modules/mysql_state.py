#!/usr/bin/python
"""Ansible module: what has to be known of a MySQL server to judge connectors that read it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_state
short_description: Reads columns and binary logs of the MySQL server on this host
description:
  - Reads which columns the tables have, whether a row has a value that not every connector can carry, and which binary
    logs the server still has. M(connector_health) and M(kafka_connector) take the answer.
  - Changes nothing. Where no server answers, the answer is empty and says why.
options:
  databases:
    description: >-
      Regular expressions that match whole names of the databases to read columns of, as M(connector_databases) answers
      them. An empty list reads none; without the option all are read, which takes long on a server with many tables.
    type: list
    elements: str
  socket: {description: Socket of the server., type: path, default: /run/mysqld/mysqld.sock}
  user: {description: Who logs in by the socket without a password., type: str, default: root}
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
requirements: [PyMySQL]
author: Streaming Lab
"""

EXAMPLES = r"""
- name: Read MySQL's columns and binary logs
  streaming.lab.mysql_state:
    databases: [sensors]
  register: mysql
"""

RETURN = r"""
state:
  description: Columns, binary_logs, gtid_purged, gtid_executed; empty where the server does not answer.
  type: dict
  returned: always
reason:
  description: Why the server does not answer; empty when it does.
  type: str
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils.mysql import state as mysql_state


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "databases": {"type": "list", "elements": "str"},
            "socket": {"type": "path", "default": "/run/mysqld/mysqld.sock"},
            "user": {"type": "str", "default": "root"},
        },
        supports_check_mode=True,
    )
    try:
        import pymysql

        connection = pymysql.connect(
            unix_socket=module.params["socket"], user=module.params["user"], connect_timeout=10
        )
        with connection:
            state = mysql_state.look(connection, module.params["databases"])
    except Exception as error:
        module.exit_json(changed=False, state={}, reason=f"MySQL at {module.params['socket']}: {error}")
    module.exit_json(changed=False, state=state, reason="")


if __name__ == "__main__":
    main()
