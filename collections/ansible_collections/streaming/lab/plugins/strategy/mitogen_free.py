"""Ansible strategy: hosts that do not wait for each other, through mitogen as mitogen_linear."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mitogen_free
short_description: Runs tasks through mitogen, each host at its own pace
description:
  - P(ansible.builtin.free#strategy) through mitogen, with what P(streaming.lab.mitogen_linear#strategy) adds to it.
author: Streaming Lab
"""

from typing import Any

import ansible_mitogen.loaders

from ansible_collections.streaming.lab.plugins.plugin_utils.mitogen_strategy import PreparedStrategy
from ansible_collections.streaming.lab.plugins.plugin_utils.task_runs import TaskRuns

Free: Any = ansible_mitogen.loaders.strategy_loader.get("free", class_only=True)


class StrategyModule(PreparedStrategy, TaskRuns, Free):
    """The strategy `free` through mitogen."""
