"""What to open and how to log in."""

from __future__ import annotations

from typing import Any

from ansible_collections.streaming.lab.plugins.module_utils.machine import address_record
from cli.engine.inventory import Inventory
from cli.lab import Lab
from cli.ui import reach
from cli.ui.screen import Screen


def with_chosen_addresses(lab: Lab, hosts: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The hosts with the addresses that the last run chose, as the firewall has them."""
    try:
        record = address_record.read(lab.state / address_record.FILE)
    except address_record.RecordError:
        # The next `up` says what to do.
        return hosts
    wanted = {name: str(values.get("lab_address", name)) for name, values in hosts.items()}
    chosen = address_record.recorded(record, wanted)
    return {name: {**values, "lab_address": chosen.get(name, wanted[name])} for name, values in hosts.items()}


def lines(lab: Lab, inventory: Inventory) -> list[str]:
    """The lines that `up` and `status` end with."""
    hosts = with_chosen_addresses(lab, inventory.hosts)
    found: list[str] = []
    if lab.is_containers:
        published = [host["lab_published"] for host in hosts.values() if host.get("lab_published")]
        entries = published[0] if published else []
        found += [f"  {entry['name']:<15} http://127.0.0.1:{entry['port']}" for entry in entries]
    else:
        for group, title, port in (
            ("namenode", "NameNode", "hadoop_namenode_http_port"),
            ("connect", "Kafka Connect", "kafka_connect_port"),
        ):
            for name, host in hosts.items():
                if group in host["groups"] and host.get(port):
                    closed = not reach.is_open(hosts, name, group)
                    address = "localhost" if closed else host.get("ansible_host", name)
                    found.append(f"  {title:<15} http://{address}:{host[port]}{f', on {name} itself' * closed}")
    for name, host in hosts.items():
        if "workspace" in host["groups"]:
            user = host.get("course_user", "student")
            home = host.get("course_home", f"/home/{user}")
            found.append(f"  {'student':<15} {lab.retype('shell', name)} (user {user}, home {home})")
            found.append(f"  {'MySQL password':<15} {name}:{home}/.my.cnf, for {user} alone (`mysql sensors` uses it)")
    for name, host in hosts.items():
        if {"namenode", "datanode"} & set(host["groups"]) and "workspace" not in host["groups"]:
            found.append(f"  {'Hadoop':<15} {lab.retype('shell', name)} (user hadoop)")
    return found


def show(lab: Lab, inventory: Inventory, screen: Screen) -> None:
    """Print the lines that `up` and `status` end with."""
    screen.line("open and log in:")
    for text in lines(lab, inventory):
        screen.line(text)
    for text in reach.lines(with_chosen_addresses(lab, inventory.hosts)):
        screen.line(text)
