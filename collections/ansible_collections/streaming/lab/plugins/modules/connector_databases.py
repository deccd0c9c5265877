#!/usr/bin/python
"""Ansible module: which databases of the lab's MySQL the connectors read."""

from __future__ import annotations

DOCUMENTATION = r"""
module: connector_databases
short_description: Names the databases of the lab's MySQL that connectors read
description:
  - M(mysql_state) takes the answer, so that it reads these databases alone of a server that has others.
  - Changes nothing. Where the worker does not answer or a declaration is wrong, the answer has no database and says
    why; M(connector_health) and M(kafka_connector) end with that error.
options:
  url:
    description: REST interface of a worker; its connectors, declared or made by hand, are asked for. Empty, none is.
    type: str
    default: ''
  connectors:
    description: Declared connectors, as M(kafka_connector) takes them.
    type: list
    elements: dict
    default: []
  files: {description: Folder of the files that declared connectors name., type: path}
  mysql_addresses:
    description: C(host:port) by which connectors reach the lab's server; connectors of other servers count for nothing.
    type: list
    elements: str
    default: []
  timeout: {description: Seconds for one answer of the worker., type: float, default: 20}
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
author: Streaming Lab
"""

EXAMPLES = r"""
- name: Ask which databases the connectors read
  streaming.lab.connector_databases:
    url: http://localhost:8083
    mysql_addresses: [localhost:3306]
  register: read

- name: Read their columns
  streaming.lab.mysql_state:
    databases: "{{ read.databases }}"
"""

RETURN = r"""
databases:
  description: Regular expressions that match whole names of databases.
  type: list
  elements: str
  returned: always
  sample: [sensors]
reason:
  description: Why the connectors are not known; empty when they are.
  type: str
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils.connect import databases as connector_databases
from ansible_collections.streaming.lab.plugins.module_utils.connect import plan as connector_plan
from ansible_collections.streaming.lab.plugins.module_utils.connect import secrets as connector_secrets
from ansible_collections.streaming.lab.plugins.module_utils.connect.rest import Connect, RestError


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "default": ""},
            "connectors": {"type": "list", "elements": "dict", "default": []},
            "files": {"type": "path"},
            "mysql_addresses": {"type": "list", "elements": "str", "default": []},
            "timeout": {"type": "float", "default": 20},
        },
        supports_check_mode=True,
    )
    given = module.params
    # What -vvv shows of the arguments.
    shown = [{**entry, "config": connector_secrets.masked(entry.get("config") or {})} for entry in given["connectors"]]
    invocation = {"module_args": {**given, "connectors": shown}}
    configs, reason = [], ""
    try:
        configs += [wanted.config or {} for wanted in connector_plan.wanted_of(given["connectors"], given["files"])]
        if given["url"]:
            there = Connect(given["url"], given["timeout"]).ask("GET", "/connectors?expand=info")[1]
            configs += [(entry.get("info") or {}).get("config") or {} for entry in there.values()]
    except (RestError, connector_plan.DeclarationError) as error:
        reason = connector_secrets.masked_text(str(error))
    databases = connector_databases.patterns(configs, given["mysql_addresses"])
    module.exit_json(changed=False, databases=databases, reason=reason, invocation=invocation)


if __name__ == "__main__":
    main()
