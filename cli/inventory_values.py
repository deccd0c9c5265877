"""Print an inventory's rendered values as JSON; run by cli.inventory in a process of its own.

`ansible-inventory --list` prints expressions as they are written; the lab needs their values.
"""

from __future__ import annotations

import json
import sys

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.splitter import parse_kv
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template
from ansible.vars.manager import VariableManager

WANTED = (
    "ansible_host",
    "ansible_port",
    "ansible_user",
    "ansible_connection",
    "ansible_ssh_private_key_file",
    "ansible_ssh_common_args",
    "ansible_ssh_extra_args",
    "lab_containers",
    "lab_published",
    "lab_name",
    "course_user",
    "course_home",
    "artifacts_cache",
    "hadoop_namenode_http_port",
    "kafka_connect_port",
    "lab_services_enabled",
    # Who reaches its ports (cli/reach.py).
    "lab_address",
    "lab_cluster",
    "lab_hadoop_install",
    "lab_open_ports",
    "lab_open_to",
    "firewall_enabled",
    "zookeeper_port",
    "kafka_port",
    "mysql_port",
    "mysql_bind_address",
    "hadoop_namenode_rpc_port",
    "hadoop_datanode_http_port",
)


def values(inventory: str, playbooks: str, settings: list[str], limit: str | None) -> dict[str, dict]:
    """Rendered values of every host.

    Args:
        inventory: path of the inventory.
        playbooks: folder of the group_vars that belong to it.
        settings: what --extra-vars was given.
        limit: Ansible's host pattern, or None.
    Returns:
        host -> {"groups": [...], variable: value}; what is not set or cannot be rendered is left out.
    """
    init_plugin_loader()
    loader = DataLoader()
    loader.set_basedir(playbooks)
    manager = InventoryManager(loader=loader, sources=[inventory])
    if limit:
        manager.subset(limit)
    variables = VariableManager(loader=loader, inventory=manager)
    extra = {"playbook_dir": playbooks, **extra_variables(loader, settings)}
    found = {}
    for host in manager.get_hosts("all"):
        templar = Templar(loader, variables={**variables.get_vars(host=host), **extra})
        mine: dict = {"groups": sorted(group.name for group in host.get_groups())}
        for name in WANTED:
            try:
                mine[name] = templar.template(trust_as_template("{{ " + name + " }}"))
            except Exception:  # noqa: S112 - whatever keeps a value from being rendered, there is none
                continue
        found[host.name] = mine
    return found


def extra_variables(loader: DataLoader, settings: list[str]) -> dict:
    """Variables that --extra-vars gave.

    Args:
        loader: reads files and JSON.
        settings: each KEY=VALUE, @FILE or JSON.
    """
    extra: dict = {}
    for setting in settings:
        if setting.startswith("@"):
            extra.update(loader.load_from_file(setting[1:]) or {})
        else:
            extra.update(loader.load(setting) if setting.startswith("{") else parse_kv(setting))
    return extra


if __name__ == "__main__":
    request = json.loads(sys.argv[1])
    sys.stdout.write("\n" + json.dumps(values(**request), default=str) + "\n")
