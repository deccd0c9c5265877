"""Filters of role webhdfs: which properties WebHDFS needs in a cluster, and the DataNodes' names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

WEBHDFS = "dfs.webhdfs.enabled"
HTTP = "dfs.namenode.http-address"
RPC = "dfs.namenode.rpc-address"
BLOCK = "streaming-lab: DataNodes"


def _names(text: str) -> list[str]:
    """Members of a list in Hadoop's notation."""
    return [name.strip() for name in text.split(",") if name.strip()]


def webhdfs_properties(values: Mapping[str, str], address: str) -> dict[str, Any]:
    """Properties of hdfs-site.xml that WebHDFS needs.

    With dfs.nameservices each NameNode has an address of its own, by which the NameNodes also reach each other (a
    standby fetches the edits there): one that is set stays, and one that is missing is the host of the RPC address.

    Args:
        values: effective values by name, as the cluster has them.
        address: where the web server of a single NameNode listens, host:port.
    Returns values by property name.
    """
    services = _names(values.get("dfs.internal.nameservices", "") or values.get("dfs.nameservices", ""))
    wanted: dict[str, Any] = {WEBHDFS: True}
    if not services:
        return wanted | {HTTP: address}
    port = address.rpartition(":")[2]
    for service in services:
        members = _names(values.get(f"dfs.ha.namenodes.{service}", ""))
        for suffix in [f"{service}.{member}" for member in members] or [service]:
            host = values.get(f"{RPC}.{suffix}", "").rpartition(":")[0]
            if host and f"{HTTP}.{suffix}" not in values and (members or HTTP not in values):
                wanted[f"{HTTP}.{suffix}"] = f"{host}:{port}"
    return wanted


def webhdfs_urls(values: Mapping[str, str], address: str) -> list[str]:
    """Web addresses of the NameNodes, as a NameNode's own host reaches them.

    Parameters: values, effective values of hdfs-site.xml; address, host:port where they name none.
    """
    several = [value for name, value in sorted(values.items()) if name.startswith(f"{HTTP}.")]
    found = several or [values.get(HTTP) or address]
    return [f"http://{value.replace('0.0.0.0:', '127.0.0.1:', 1)}" for value in found]


def unit_starts(text: str) -> list[int]:
    """When systemd's units started last, in ms since 1970; nothing of units that never ran since the boot.

    systemd shows whole seconds: a start counts as the end of its second.

    Args:
        text: of `systemctl show --property=ActiveEnterTimestamp`, in the locale C and the time zone UTC.
    """
    moments = [line.partition("=")[2].split() for line in text.splitlines() if line.startswith("ActiveEnterTimestamp=")]
    starts = [datetime.fromisoformat(f"{words[1]}T{words[2]}").replace(tzinfo=UTC) for words in moments if words[2:]]
    return [int(start.timestamp()) * 1000 + 999 for start in starts]


def restart_due(starts: Iterable[int], changed: float) -> bool:
    """Whether a server of a host started before its file was changed.

    Args:
        starts: when the host's servers started, in ms since 1970; 0 where one did not answer.
        changed: when the file was changed, in seconds since 1970.
    """
    return any(0 < started / 1000 < changed for started in starts)


def restart_order(hosts: list[str], namenodes: list[str], states: Mapping[str, str]) -> list[str]:
    """The hosts in the order in which HDFS restarts on them: standby NameNodes, the active one, other hosts.

    Args:
        hosts: all of them.
        namenodes: hosts with a NameNode.
        states: `active`, `standby` or something else, by host; a NameNode without a state comes first.
    """
    places = {"": 0, "standby": 1, "active": 3}
    return sorted(hosts, key=lambda host: places.get(states.get(host, ""), 2) if host in namenodes else 4)


def webhdfs_problems(values: Mapping[str, str], core: Mapping[str, str]) -> list[str]:
    """Why the programs of the notes cannot use WebHDFS of a cluster, a sentence each.

    Parameters: values, of hdfs-site.xml; core, of core-site.xml, empty where it is unknown.
    """
    problems = []
    security = core.get("hadoop.security.authentication", "simple")
    if security != "simple":
        problems.append(
            f"core-site.xml sets hadoop.security.authentication to {security}, and the programs of the notes have no "
            "Kerberos login; use a cluster without it, or let the lab install HDFS (lab_hadoop_install: true)"
        )
    if values.get("dfs.http.policy", "HTTP_ONLY") == "HTTPS_ONLY":
        problems.append(
            "hdfs-site.xml sets dfs.http.policy to HTTPS_ONLY, and the programs of the notes use http; "
            "set it to HTTP_AND_HTTPS"
        )
    return problems


def live_datanodes(answer: Mapping[str, Any]) -> list[dict[str, str]]:
    """Name and address of the DataNodes that a NameNode knows as live.

    Parameters: answer, of /jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo (bean NameNodeInfo, key LiveNodes).
    """
    beans = answer.get("beans") or [{}]
    nodes = json.loads(beans[0].get("LiveNodes") or "{}")
    found = {
        name.rpartition(":")[0] or name: str(about.get("xferaddr") or about.get("infoAddr") or "").rpartition(":")[0]
        for name, about in nodes.items()
    }
    return [{"name": name, "address": address} for name, address in sorted(found.items()) if address]


def datanode_lines(nodes: list[Mapping[str, str]], unresolved: list[str], hosts: str) -> list[str]:
    """Lines of /etc/hosts for DataNodes with names that do not resolve otherwise.

    Args:
        nodes: of live_datanodes.
        unresolved: names that do not resolve on this host.
        hosts: the text of /etc/hosts; names that stand in its own block resolve only thanks to it.
    """
    _, _, block = hosts.partition(f"# BEGIN {BLOCK}")
    block = block.partition(f"# END {BLOCK}")[0]
    ours = {word for line in block.splitlines() for word in line.split()[1:]}
    return [f"{node['address']} {node['name']}" for node in nodes if node["name"] in {*unresolved, *ours}]


class FilterModule:
    """Ansible's entry."""

    def filters(self) -> dict[str, Any]:
        """Filters by name."""
        return {
            function.__name__: function
            for function in (
                webhdfs_properties,
                webhdfs_urls,
                unit_starts,
                restart_due,
                restart_order,
                webhdfs_problems,
                live_datanodes,
                datanode_lines,
            )
        }
