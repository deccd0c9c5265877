"""Print an inventory's rendered values as JSON; run by cli.engine.inventory in a process of its own.

`ansible-inventory --list` prints expressions as they are written; the lab needs their values.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.splitter import parse_kv
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template
from ansible.vars.manager import VariableManager


def values(
    inventory: str, playbooks: str, settings: list[str], limit: str | None, names: list[str]
) -> dict[str, dict[str, Any]]:
    """Rendered values of every host.

    Args:
        inventory: path of the inventory.
        playbooks: folder of the group_vars that belong to it.
        settings: the values of --extra-vars.
        limit: Ansible's host pattern, or None.
        names: the variables to render.
    Returns:
        host -> `groups`, `chosen` (whether the limit matches it), `values` (without variables that are not set) and
        `errors` (variable -> why it cannot be rendered).
    """
    init_plugin_loader()
    loader = DataLoader()
    loader.set_basedir(playbooks)
    manager = InventoryManager(loader=loader, sources=[inventory])
    variables = VariableManager(loader=loader, inventory=manager)
    extra = {"playbook_dir": playbooks, **extra_variables(loader, settings)}
    chosen = {host.name for host in manager.get_hosts(limit or "all")}
    hosts = {}
    for host in manager.get_hosts("all"):
        templar = Templar(loader, variables={**variables.get_vars(host=host), **extra})
        rendered, errors = {}, {}
        for name in (name for name in names if name in templar.available_variables):
            try:
                rendered[name] = templar.template(trust_as_template("{{ " + name + " }}"))
            except Exception as error:
                errors[name] = str(error)
        hosts[host.name] = {
            "groups": sorted(group.name for group in host.get_groups()),
            "chosen": host.name in chosen,
            "values": rendered,
            "errors": errors,
        }
    return hosts


def extra_variables(loader: DataLoader, settings: list[str]) -> dict[str, Any]:
    """The variables of --extra-vars.

    Args:
        loader: reads files and JSON.
        settings: each KEY=VALUE, @FILE or JSON.
    """
    extra: dict[str, Any] = {}
    for setting in settings:
        if setting.startswith("@"):
            extra.update(loader.load_from_file(setting[1:]) or {})
        else:
            extra.update(loader.load(setting) if setting.startswith("{") else parse_kv(setting))
    return extra


if __name__ == "__main__":
    request = json.loads(sys.argv[1])
    sys.stdout.write("\n" + json.dumps(values(**request), default=str) + "\n")
