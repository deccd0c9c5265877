#!/usr/bin/python
"""Ansible module: topics as they are declared, all of a cluster by one client."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kafka_topic
short_description: Keeps topics of Kafka as they are declared
description:
  - Creates topics, adds partitions, changes their config and deletes them, and waits until every partition has a leader
    and what was deleted is gone. All topics go by one client in one call.
  - What cannot be is refused with the reason before anything is changed, in check mode too - fewer partitions, another
    replication factor, more replicas than brokers, an illegal name, an unknown config key, a value that the broker
    refuses.
  - It runs on a host that reaches the brokers, by a Python that has kafka-python 3. The control machine needs neither.
  - Whose a topic is. With O(ledger), what is declared is noted on the host. A topic that was made by hand and is then
    declared is taken over. One that was declared and no longer is, is forgotten with its records left in place, or
    deleted where O(undeclared) says so. Topics that were never declared are never touched.
  - Whose a config key is. Only keys that are declared are set. A key that an earlier declaration set, and this one does
    not name, goes back to the broker's default; a key that someone else set for the topic stays. Without O(ledger)
    nothing is known of earlier declarations, and no key goes back.
options:
  bootstrap_servers:
    description: Brokers as the host reaches them, C(host:port,...).
    type: str
    required: true
  topics:
    description: What is declared.
    type: list
    elements: dict
    required: true
    suboptions:
      name: {description: The topic., type: str, required: true}
      partitions:
        description: How many. Those that lack are added, fewer are refused. Without it a new topic has the broker's
          default.
        type: int
      replication_factor:
        description: Replicas of each partition. Another than the topic has is refused. Without it a new topic has the
          broker's default.
        type: int
      config: {description: "Values by key, such as V({retention.ms: 604800000}).", type: dict, default: {}}
      state:
        description: V(absent) deletes the topic with its records.
        type: str
        choices: [present, absent]
        default: present
  ledger:
    description: File on the host that notes what was declared. Without it nothing is noted, and nothing undeclared is
      known.
    type: path
  undeclared:
    description: What becomes of topics that were declared and no longer are. Their records are data, so they stay by
      default.
    type: str
    choices: [forget, delete]
    default: forget
  timeout:
    description: Seconds for an answer of the broker, and until what was ordered is done.
    type: float
    default: 30
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
requirements: [kafka-python >= 3.0]
author: Streaming Lab
"""

EXAMPLES = r"""
- name: The notes' topics
  streaming.lab.kafka_topic:
    bootstrap_servers: kafka:9092
    topics:
      - {name: tema-prova, partitions: 1}
      - name: tema-grups
        partitions: 4
        config: {retention.ms: 86400000}
    ledger: /var/lib/streaming-lab/declared.json
  vars:
    ansible_python_interpreter: /opt/course-venv/bin/python

- name: One topic goes, whoever made it
  streaming.lab.kafka_topic:
    bootstrap_servers: kafka:9092
    topics: [{name: tema-prova, state: absent}]
"""

RETURN = r"""
messages:
  description: One line a change, and what was taken over or forgotten.
  type: list
  elements: str
  returned: always
  sample: ["tema-grups: created", "tema-prova: retention.ms = 86400000"]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils import declared_ledger
from ansible_collections.streaming.lab.plugins.module_utils.kafka import topic_admin, topic_plan

ARGUMENTS = {
    "bootstrap_servers": {"type": "str", "required": True},
    "topics": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "partitions": {"type": "int"},
            "replication_factor": {"type": "int"},
            "config": {"type": "dict", "default": {}},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
    },
    "ledger": {"type": "path"},
    "undeclared": {"type": "str", "choices": ["forget", "delete"], "default": "forget"},
    "timeout": {"type": "float", "default": 30},
}


def reconcile(options: dict, check: bool) -> dict:
    """Bring topics to what is declared.

    Args:
        options: of the module.
        check: change nothing, say what would change.
    Returns:
        the module's answer.
    Raises:
        TopicError, LedgerError: in one line.
    """
    wanted = topic_plan.wanted_of(options["topics"])
    noted = declared_ledger.read(options["ledger"], "topics")
    if not wanted and not noted:
        return {"changed": False, "messages": []}
    with topic_admin.topics_of(options["bootstrap_servers"], options["timeout"]) as topics:
        # A name that cannot be is not asked about: the broker would refuse the question.
        names = [topic.name for topic in wanted if topic_plan.LEGAL.fullmatch(topic.name)]
        found = topics.find([*names, *noted])
        plan = topic_plan.plan(wanted, found, noted, topics.brokers(), options["undeclared"] == "delete")
        if not options["ledger"]:
            plan.adopted.clear()
        if any(topic.config for topic in wanted):
            plan.refused += topic_admin.unknown_keys(wanted, topics.keys())
        refused = plan.refused or topics.refusals(plan)
        if refused:
            raise topic_admin.TopicError("; ".join(refused) + " (nothing was changed)")
        before, after = topic_plan.states(plan, found)
        kept = {topic.name: {"config": sorted(topic.config)} for topic in wanted if topic.present}
        changed = plan.changes or bool(plan.forgotten) or (options["ledger"] and kept != noted)
        if not check:
            # Noted before it is made: whatever ends this run, what it made is known as declared.
            declared_ledger.write(options["ledger"], "topics", _both(noted, kept))
            if plan.changes:
                topics.apply(plan)
            declared_ledger.write(options["ledger"], "topics", kept)
    return {
        "changed": bool(changed),
        "messages": topic_plan.say(plan),
        "diff": {"before": before, "after": after},
    }


def _both(noted: dict[str, dict], kept: dict[str, dict]) -> dict[str, dict]:
    joined = {name: dict(entry) for name, entry in noted.items()}
    for name, entry in kept.items():
        keys = {*entry["config"], *joined.get(name, {}).get("config", [])}
        joined[name] = {"config": sorted(keys)}
    return joined


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        answer = reconcile(module.params, module.check_mode)
    except (topic_admin.TopicError, declared_ledger.LedgerError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
