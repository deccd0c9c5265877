"""Which machines reach which ports of a lab's host: one table for the firewall's rules and for what `./lab up` says."""

from __future__ import annotations

import ipaddress
from typing import Any

ANYBODY = "any"
# Ports on which the members of an ensemble talk to each other.
ENSEMBLE = ("zookeeper_peer_port", "zookeeper_election_port")
# For each part: its name, the settings of its ports with their defaults, the parts that connect to it, and what a
# machine that connects can do without a password. `hdfs_client`: hosts on which programs and connectors use HDFS.
PARTS: dict[str, tuple[str, dict[str, int], tuple[str, ...], str]] = {
    "zookeeper": (
        "ZooKeeper",
        {"zookeeper_port": 2181, "zookeeper_peer_port": 2888, "zookeeper_election_port": 3888},
        ("zookeeper", "kafka"),
        "change the cluster's metadata",
    ),
    "kafka": ("Kafka", {"kafka_port": 9092}, ("kafka", "connect", "workspace"), "read, write and delete every topic"),
    "connect": (
        "Kafka Connect",
        {"kafka_connect_port": 8083, "kafka_connect_standalone_port": 8084},
        ("connect", "workspace"),
        "run connectors and read their secrets",
    ),
    "mysql": ("MySQL", {"mysql_port": 3306}, ("connect", "workspace"), "try passwords"),
    "namenode": (
        "HDFS",
        {"hadoop_namenode_rpc_port": 8020, "hadoop_namenode_http_port": 9870},
        ("namenode", "datanode", "hdfs_client"),
        "read, change and delete every file",
    ),
    "datanode": (
        "HDFS",
        {"hadoop_datanode_http_port": 9864, "hadoop_datanode_port": 9866, "hadoop_datanode_ipc_port": 9867},
        ("namenode", "datanode", "hdfs_client"),
        "read, change and delete every file",
    ),
}


def lab_port_rules(
    members: dict[str, list[str]],
    host: str,
    settings: dict[str, Any],
    addresses: dict[str, str],
    open_to: list[str],
    published: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    """List the ports of a host's parts and the machines that reach them. The host itself always does.

    Args:
        members: hosts by part, those that belong to the host's lab; for `namenode`, `datanode` and `hdfs_client`
            those that share the cluster.
        host: the host with the ports, by its name in the inventory.
        settings: ports by the name of their setting; what is missing has the default.
        addresses: address by host, where the lab's members reach each other.
        open_to: further addresses and networks that reach every port; `any` is everybody.
        published: `{"port": 8083, "sources": [...]}`: further addresses that reach one port.

    Returns:
        For each set of ports: `part`, `name`, `ports`, `sources` (sorted addresses and networks, or `["any"]`), and
        `others` (those sources that are no member). A member that is known by a name only makes the ports open to
        everybody: a rule by name would break when its address changes.
    """
    rules: list[dict[str, Any]] = []
    for part, (name, ports, users, _) in PARTS.items():
        if host not in members.get(part, []):
            continue
        elsewhere = {user for using in users for user in members.get(using, [])} - {host}
        known = [addresses.get(user, user) for user in elsewhere]
        others = list(open_to)
        if any(not is_address(address) for address in known):
            others.append(ANYBODY)
        for setting, default in ports.items():
            if setting in ENSEMBLE and len(members[part]) == 1:
                continue
            port = int(settings.get(setting) or default)
            own = [source for entry in published if int(entry["port"]) == port for source in entry["sources"]]
            extra = sorted({ANYBODY} if ANYBODY in others + own else {*others, *own})
            sources = [ANYBODY] if ANYBODY in extra else sorted({*known, *extra})
            same = next((rule for rule in rules if (rule["part"], rule["others"]) == (part, extra)), None)
            if same:
                same["ports"].append(port)
            else:
                rules.append({"part": part, "name": name, "ports": [port], "sources": sources, "others": extra})
    return rules


def lab_opened(ports: list[int], sources: list[str]) -> list[dict[str, Any]]:
    """Say for each port that it is open to some addresses besides those of the lab's members."""
    return [{"port": int(port), "sources": list(sources)} for port in ports]


def is_address(text: str) -> bool:
    """Whether a text is an address or a network of IPv4 or IPv6."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def lab_wrong_sources(open_to: list[str]) -> list[str]:
    """Entries of `lab_open_to` that are no address, no network and not `any`."""
    return [str(entry) for entry in open_to if str(entry) != ANYBODY and not is_address(str(entry))]


def lab_of_family(sources: list[str], version: int) -> list[str]:
    """The addresses of one version of IP, 4 or 6, as nftables takes them: networks without host bits, none twice."""
    networks = [ipaddress.ip_network(source, strict=False) for source in sources if source != ANYBODY]
    family = ipaddress.IPv4Network if version == 4 else ipaddress.IPv6Network
    mine: list[Any] = [network for network in networks if isinstance(network, family)]
    return [str(network) for network in sorted(ipaddress.collapse_addresses(mine))]


class FilterModule:
    """Ansible's entry to the filters above."""

    def filters(self) -> dict[str, Any]:
        """Names under which templates call the filters."""
        return {
            "lab_of_family": lab_of_family,
            "lab_opened": lab_opened,
            "lab_port_rules": lab_port_rules,
            "lab_wrong_sources": lab_wrong_sources,
        }
