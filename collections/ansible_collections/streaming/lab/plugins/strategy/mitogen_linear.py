"""Ansible strategy: mitogen's mitogen_linear on every CPU, with work that workers share."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mitogen_linear
short_description: Runs tasks through mitogen, on every CPU
description:
  - C(mitogen_linear) binds each of its processes to some CPUs. All that Ansible starts on the control machine inherits
    that, and so does a container for its whole life. On a machine with two CPUs the lab would only use one of them.
  - It compiles the source of C(ansible.module_utils) for each module, to find what the module imports, and lists all
    installed collections for each task with a module of a collection. Here it does each once for a playbook.
  - Workers inherit the loaded filters and tests. They share compiled templates by files, which outlive the run for
    templates of roles and playbooks.
author: Streaming Lab
"""

from typing import Any

import ansible_mitogen.loaders

from ansible_collections.streaming.lab.plugins.plugin_utils.mitogen_strategy import PreparedStrategy

Linear: Any = ansible_mitogen.loaders.strategy_loader.get("linear", class_only=True)


class StrategyModule(PreparedStrategy, Linear):
    """The strategy `linear` through mitogen."""
