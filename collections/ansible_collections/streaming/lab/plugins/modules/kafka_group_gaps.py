#!/usr/bin/python
"""Ansible module: consumer groups that can no longer read records which they had not read."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kafka_group_gaps
short_description: Finds records that were deleted before a consumer group read them
description:
  - A topic keeps its records for a time (C(retention.ms)). Where a lab was switched off for longer, records are deleted
    at its next start. This module compares the place of each consumer group with the first record that a topic still
    has. It changes nothing.
  - It runs on a host that reaches the brokers, by a Python that has kafka-python 3.
options:
  bootstrap_servers:
    description: Brokers as the host reaches them, C(host:port,...).
    type: str
    required: true
  timeout:
    description: Seconds for an answer of the broker.
    type: float
    default: 10
attributes:
  check_mode: {support: full}
requirements: [kafka-python >= 3.0]
author: Streaming Lab
"""

EXAMPLES = r"""
- name: Look for records that no group can read any more
  streaming.lab.kafka_group_gaps: {bootstrap_servers: "kafka:9092"}
  vars:
    ansible_python_interpreter: /opt/course-venv/bin/python
"""

RETURN = r"""
gaps:
  description: One entry a group and topic.
  type: list
  elements: dict
  returned: always
  sample: [{group: grup-consumidors, topic: tema-grups, records: 1200}]
"""

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

Partition = tuple[str, int]


def gaps(committed: Mapping[str, Mapping[Partition, int]], first: Mapping[Partition, int]) -> list[dict[str, Any]]:
    """Records that a topic no longer has and that a group had not read.

    Args:
        committed: the next offset that a group reads, by group and partition (topic, number).
        first: the first offset that a partition still has.
    Returns:
        group, topic and number of offsets for each group and topic that lacks any, sorted.
    """
    lost: dict[tuple[str, str], int] = {}
    for group, places in committed.items():
        for (topic, number), offset in places.items():
            missing = first.get((topic, number), 0) - offset
            if offset >= 0 and missing > 0:
                lost[group, topic] = lost.get((group, topic), 0) + missing
    return [{"group": group, "topic": topic, "records": count} for (group, topic), count in sorted(lost.items())]


def ask(bootstrap: str, timeout: float) -> list[dict[str, Any]]:
    """Ask the brokers; see gaps.

    Raises:
        KafkaError: they do not answer.
    """
    from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

    milliseconds = int(timeout * 1000)
    admin = KafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=milliseconds)
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, request_timeout_ms=milliseconds)
    try:
        names = [group["group_id"] for group in admin.list_groups()]
        places = admin.list_group_offsets(names) if names else {}
        committed = {
            group: {(part.topic, part.partition): found.offset for part, found in parts.items()}
            for group, parts in places.items()
        }
        there = consumer.topics()
        wanted = {part for parts in committed.values() for part in parts if part[0] in there}
        beginnings = consumer.beginning_offsets([TopicPartition(*part) for part in sorted(wanted)]) if wanted else {}
        return gaps(committed, {(part.topic, part.partition): offset for part, offset in beginnings.items()})
    finally:
        consumer.close()
        admin.close()


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "bootstrap_servers": {"type": "str", "required": True},
            "timeout": {"type": "float", "default": 10},
        },
        supports_check_mode=True,
    )
    try:
        found = ask(module.params["bootstrap_servers"], module.params["timeout"])
    except Exception as error:  # kafka-python raises errors of many kinds, and all mean that it cannot be asked
        module.fail_json(msg=f"{module.params['bootstrap_servers']} cannot be asked for its groups: {error}")
    module.exit_json(changed=False, gaps=found)


if __name__ == "__main__":
    main()
