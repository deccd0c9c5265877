"""What other machines can do with a lab over the network: its servers ask for no password.

`hosts` has the groups and values of each host by its name.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.streaming.lab.plugins.filter.lab_network import ANYBODY, PARTS, lab_port_rules

SHARED = ("namenode", "datanode")
# Parts of the hosts on which programs and connectors use HDFS.
CLIENTS = {"workspace", "connect"}


def lines(hosts: dict[str, dict[str, Any]]) -> list[str]:
    """The lines of `up` and `status` about the lab's ports: one a service and the machines that reach it.

    Args:
        hosts: host -> its groups and values, as cli.engine.inventory reads them.
    """
    found: dict[tuple[str, str, str], list[str]] = {}
    for host in hosts:
        ports: dict[tuple[str, str, str], list[int]] = {}
        for rule in port_rules(hosts, host):
            who = strangers(hosts, rule)
            if who and (rule["part"] != "mysql" or listens_outside(hosts, host)):
                ports.setdefault((rule["name"], who, PARTS[rule["part"]][3]), []).extend(rule["ports"])
        for (name, who, can), numbers in ports.items():
            found.setdefault((f"{name} {', '.join(map(str, sorted(numbers)))}", who, can), []).append(host)
    if not found:
        return ["no other machine reaches a port of the lab but ssh (lab_open_to opens them: roles/firewall/README.md)"]
    title = "what other machines can do, without a password (roles/firewall/README.md):"
    return [title, *(f"  {', '.join(names)}, {what}: {who} can {can}" for (what, who, can), names in found.items())]


def strangers(hosts: dict[str, dict[str, Any]], rule: dict[str, Any]) -> str:
    """Who reaches a port besides the hosts of one lab; empty where nobody does.

    Args:
        hosts: host -> its groups and values.
        rule: of plugins/filter/lab_network.py.
    """
    labs = {values.get("lab_cluster", name) for name, values in hosts.items() if CLIENTS & set(values["groups"])}
    every = ["the hosts of every lab"] * (rule["part"] in SHARED and len(labs) > 1)
    return "any machine" if ANYBODY in rule["others"] else ", ".join([*every, *rule["others"]])


def is_open(hosts: dict[str, dict[str, Any]], host: str, part: str) -> bool:
    """Whether machines that are no member of the lab reach the ports of a part of a host."""
    return any(rule["part"] == part and rule["others"] for rule in port_rules(hosts, host))


def port_rules(hosts: dict[str, dict[str, Any]], host: str) -> list[dict[str, Any]]:
    """The port rules of a host, as its firewall has them."""
    mine = hosts[host]
    return lab_port_rules(
        members_of(hosts, host),
        host,
        mine,
        {name: str(values.get("lab_address", name)) for name, values in hosts.items()},
        [ANYBODY] if mine.get("firewall_enabled") is False else list(mine.get("lab_open_to") or []),
        # In a lab of containers the rest of these is this machine itself.
        [entry for entry in mine.get("lab_open_ports") or [] if ANYBODY in entry["sources"]],
    )


def listens_outside(hosts: dict[str, dict[str, Any]], host: str) -> bool:
    """Whether MySQL listens on more than 127.0.0.1, as role mysql decides it."""
    members = members_of(hosts, host)
    bound = hosts[host].get("mysql_bind_address")
    return bound != "127.0.0.1" if bound else bool({*members["connect"], *members["workspace"]} - {*members["mysql"]})


def members_of(hosts: dict[str, dict[str, Any]], host: str) -> dict[str, list[str]]:
    """Hosts by part as role firewall has them: those of the host's lab, and of HDFS all."""
    cluster = hosts[host].get("lab_cluster", host)
    lab = [name for name, values in hosts.items() if values.get("lab_cluster", name) == cluster]
    by_part = {part: [name for name in lab if part in hosts[name]["groups"]] for part in (*PARTS, "workspace")}
    shared = {part: [name for name in hosts if part in hosts[name]["groups"]] for part in SHARED}
    clients = [name for name in hosts if CLIENTS & set(hosts[name]["groups"])]
    own = hosts[host].get("lab_hadoop_install") is not False
    return {**by_part, **({**shared} if own else {part: [] for part in SHARED}), "hdfs_client": clients}
