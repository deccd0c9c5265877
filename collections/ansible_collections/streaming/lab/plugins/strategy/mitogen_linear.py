"""Ansible strategy: mitogen's mitogen_linear, whose processes may use every CPU and do nothing twice."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mitogen_linear
short_description: Runs tasks through mitogen, on every CPU
description:
  - C(mitogen_linear) binds each of its processes to some CPUs. All that Ansible starts on the control machine inherits
    that, and so does a container for its whole life. On a machine with two CPUs the lab would only use one of them.
  - It compiles the source of C(ansible.module_utils) for each module, to find what the module imports, and lists all
    installed collections for each task with a module of a collection. Here it does each once for a playbook.
author: Streaming Lab
"""

import builtins
import functools
from typing import Any

import ansible.collections.list
import ansible_mitogen.affinity
import ansible_mitogen.loaders
import ansible_mitogen.module_finder
import ansible_mitogen.planner
import ansible_mitogen.strategy

# The policy that mitogen itself takes where processes cannot be bound.
ansible_mitogen.affinity.policy = ansible_mitogen.affinity.Policy()
ansible_mitogen.module_finder.compile = functools.cache(builtins.compile)

Linear: Any = ansible_mitogen.loaders.strategy_loader.get("linear", class_only=True)


@functools.cache
def collection_folders() -> frozenset[str]:
    """Folders of the installed collections, which do not change while a playbook runs."""
    return frozenset(folder.decode() for folder in ansible.collections.list.list_collection_dirs())


def add_collection_folders(invocation: Any) -> None:
    """Replace ansible_mitogen.planner._load_collections, which lists them in each worker process."""
    invocation._extra_sys_paths.update(collection_folders())


ansible_mitogen.planner._load_collections = add_collection_folders


class StrategyModule(ansible_mitogen.strategy.StrategyMixin, Linear):
    """The strategy `linear` through mitogen."""

    def run(self, *arguments: Any, **options: Any) -> Any:
        """Run a play. Worker processes inherit what is listed before them."""
        collection_folders()
        return super().run(*arguments, **options)
