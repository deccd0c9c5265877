"""Ansible strategy: mitogen's mitogen_linear, whose processes may use every CPU."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mitogen_linear
short_description: Runs tasks through mitogen, on every CPU
description:
  - C(mitogen_linear) binds each of its processes to some CPUs. All that Ansible starts on the control machine inherits
    that, and so does a container for its whole life. On a machine with two CPUs the lab would only use one of them.
author: Streaming Lab
"""

from typing import Any

import ansible_mitogen.affinity
import ansible_mitogen.loaders
import ansible_mitogen.strategy

# The policy that mitogen itself takes where processes cannot be bound.
ansible_mitogen.affinity.policy = ansible_mitogen.affinity.Policy()

Linear: Any = ansible_mitogen.loaders.strategy_loader.get("linear", class_only=True)


class StrategyModule(ansible_mitogen.strategy.StrategyMixin, Linear):
    """The strategy `linear` through mitogen."""
