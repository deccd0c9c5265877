"""Which servers a host runs, by its groups."""

from __future__ import annotations

from verify.support.inventory import HostInfo

UNITS = {
    "zookeeper": ("zookeeper", ("zookeeper_port",)),
    "kafka": ("kafka", ("kafka_port",)),
    "mysql": ("mysql", ("mysql_port",)),
    "connect": ("kafka-connect", ("kafka_connect_port",)),
    "namenode": ("hadoop-namenode", ("hadoop_namenode_http_port", "hadoop_namenode_rpc_port")),
    "datanode": ("hadoop-datanode", ("hadoop_datanode_http_port",)),
}
"""Unit and settings of its ports, for each group; in the order in which they start."""


def services_of(host: HostInfo) -> list[tuple[str, list[int]]]:
    """List the units of a host and the ports they listen on; declared sinks come last.

    A Hadoop that the lab did not install has none.
    """
    foreign = () if host.values.get("lab_hadoop_install", True) else ("namenode", "datanode")
    servers = [
        (unit, [int(host.values[name]) for name in ports])
        for part, (unit, ports) in UNITS.items()
        if part in host.groups and part not in foreign
    ]
    sinks = host.values.get("hdfs_sink_jobs", []) if "workspace" in host.groups else []
    return servers + [(f"hdfs-sink@{job['name']}", []) for job in sinks]
