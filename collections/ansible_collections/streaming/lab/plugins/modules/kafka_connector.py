#!/usr/bin/python
"""Ansible module: connectors of Kafka Connect as they are declared."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kafka_connector
short_description: Keeps connectors of Kafka Connect as they are declared
description:
  - Creates connectors, changes their config, pauses, resumes, stops, restarts what failed of them and deletes them over
    REST, and waits until the connector and its tasks are in the wanted state. A failed task ends it with the first
    lines of its trace.
  - Before anything is created or changed, in check mode too, the worker validates every config that differs, and each
    error is shown with its option. An option that neither the plugin nor Kafka Connect reads is an error by its name;
    the worker itself would pass over it in silence. So is one that Kafka Connect knows and ignores, such as
    C(value.converter.schemas.enable) in a connector that does not name C(value.converter).
  - A changed C(connector.class) of a source is an error, unless it is V(fresh), since the other class would read
    everything again.
  - A class that the worker does not have is an error; in check mode a warning, for the run may be to install its plugin
    first.
  - Secrets are masked in the difference and in every error - what the plugin defines as a password, what is named like
    one, and a password in an address - unless the value is a reference such as
    V(${secrets:/etc/kafka-connect/secrets:mysql_kafka_password}), which is how a secret should be given.
  - Whose a connector is. With O(ledger), what is declared is noted on the host. A connector that was made by hand and
    is then declared is taken over, and brought to what is declared. One that was declared and no longer is, is deleted
    (or forgotten, see O(undeclared)). Connectors that were never declared are never touched.
  - While the workers rebalance they answer 409; the module repeats the request for O(patience) seconds.
options:
  url:
    description: REST interface of a worker as the host reaches it; any worker speaks for all.
    type: str
    required: true
  connectors:
    description: What is declared. With O(ledger) this is the whole of it.
    type: list
    elements: dict
    required: true
    suboptions:
      name: {description: "The connector; without it the name in O(connectors[].file).", type: str}
      config: {description: Its options., type: dict}
      file:
        description: A JSON file on the host, as one POSTs it, with C(name) and C(config). O(connectors[].config)
          comes on top of it.
        type: str
      state:
        description:
          - V(running), V(paused), V(stopped) - there with this config, in this state. V(running) also restarts what
            failed; of what failed in one that is V(paused) there is a warning.
          - V(absent) - deleted.
          - V(restarted) - the connector and those of its tasks that failed are restarted; nothing else is.
          - V(fresh) - deleted with its offsets and made again, each time this is run. Where it is not there, offsets
            that one of the same name left are dropped.
          - A connector that exists may be given without config; then only its state is looked at.
        type: str
        choices: [running, paused, stopped, absent, restarted, fresh]
        default: running
      reset_offsets:
        description: When the connector is deleted, its offsets (and the schema history of a Debezium connector) go too,
          and when it is made, offsets that one of the same name left are dropped. A change of config leaves them. Only
          its plugin can drop them; where that is gone, the connector goes, the offsets stay, and a warning says so.
        type: bool
        default: false
      unchecked:
        description: Options that the plugin does not define and reads all the same; V(prefix.*) for all below one.
        type: list
        elements: str
        default: []
  files:
    description: Folder on the host in which O(connectors[].file) is looked for.
    type: path
  ledger:
    description: File on the host that notes what was declared. Without it nothing is noted, and nothing undeclared is
      known.
    type: path
  undeclared:
    description: What becomes of connectors that were declared and no longer are.
    type: str
    choices: [delete, forget]
    default: delete
  mysql:
    description: What M(mysql_state) answered of the lab's MySQL server. Columns that a connector cannot carry are then
      named in a warning when it is created or changed.
    type: dict
    default: {}
  mysql_addresses:
    description: C(host:port) by which connectors reach that server.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds for one answer of the worker. A validation may connect to a database.
    type: float
    default: 60
  patience:
    description: Seconds for which 409 is asked again, and until a connector is in its state.
    type: float
    default: 60
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
notes:
  - A secret that stands in O(connectors[].config) itself reaches the host as an argument of the task, which Ansible
    writes to the host's journal; set C(ansible_no_target_syslog) for the play, or better give a reference.
  - kafka-python 3 is needed only where a Debezium connector's schema history has to be deleted.
author: Streaming Lab
"""

EXAMPLES = r"""
- name: The notes' connector, from the notes' file, and one given here
  streaming.lab.kafka_connector:
    url: http://localhost:8083
    files: /opt/kafka/config
    ledger: /var/lib/streaming-lab/declared.json
    connectors:
      - {file: mysql-source.json}
      - name: file-sink-distributed
        config:
          connector.class: FileStreamSink
          tasks.max: 1
          file: /opt/kafka/sortida.txt
          topics: connect-fitxers
        state: paused

- name: Restart what failed
  streaming.lab.kafka_connector:
    url: http://localhost:8083
    connectors: [{name: mysql-temperatures, state: restarted}]

- name: Read the table again from its first row
  streaming.lab.kafka_connector:
    url: http://localhost:8083
    files: /opt/kafka/config
    connectors: [{file: mysql-source.json, state: fresh}]
"""

RETURN = r"""
lines:
  description: What a person should know, one line each; the same as the warnings.
  type: list
  elements: str
  returned: always
messages:
  description: One line a change, and what was taken over or forgotten.
  type: list
  elements: str
  returned: always
  sample: ["mysql-temperatures: changed poll.interval.ms", "prova: deleted"]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils import declared_ledger
from ansible_collections.streaming.lab.plugins.module_utils.connect import plan as connector_plan
from ansible_collections.streaming.lab.plugins.module_utils.connect import rest as connect_rest
from ansible_collections.streaming.lab.plugins.module_utils.connect import secrets as connector_secrets
from ansible_collections.streaming.lab.plugins.module_utils.connect.apply import ConnectorError, reconcile
from ansible_collections.streaming.lab.plugins.module_utils.kafka import topic_admin

ARGUMENTS = {
    "url": {"type": "str", "required": True},
    "connectors": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str"},
            "config": {"type": "dict"},
            "file": {"type": "str"},
            "state": {
                "type": "str",
                "choices": ["running", "paused", "stopped", "absent", "restarted", "fresh"],
                "default": "running",
            },
            "reset_offsets": {"type": "bool", "default": False},
            "unchecked": {"type": "list", "elements": "str", "default": []},
        },
    },
    "files": {"type": "path"},
    "ledger": {"type": "path"},
    "undeclared": {"type": "str", "choices": ["delete", "forget"], "default": "delete"},
    "mysql": {"type": "dict", "default": {}},
    "mysql_addresses": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "float", "default": 60},
    "patience": {"type": "float", "default": 60},
}
ERRORS = (
    connect_rest.RestError,
    connector_plan.DeclarationError,
    declared_ledger.LedgerError,
    topic_admin.TopicError,
    ConnectorError,
)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    configs = [entry["config"] or {} for entry in module.params["connectors"]]
    for config in configs:
        module.no_log_values.update(connector_secrets.secrets_of(config))
    # What -vvv shows of the arguments.
    shown = [
        {**entry, "config": connector_secrets.masked(config)}
        for entry, config in zip(module.params["connectors"], configs, strict=True)
    ]
    invocation = {"module_args": {**module.params, "connectors": shown}}
    try:
        answer = reconcile(module.params, module.check_mode)
    except ERRORS as error:
        module.fail_json(msg=str(error), invocation=invocation)
    lines = answer.pop("warnings")
    for line in lines:
        module.warn(line)
    module.exit_json(**answer, lines=lines, invocation=invocation)


if __name__ == "__main__":
    main()
