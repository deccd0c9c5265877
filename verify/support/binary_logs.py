"""Whether a case may purge the binary logs of a lab's MySQL."""

from __future__ import annotations

from ansible_collections.streaming.lab.plugins.module_utils.machine.mysql import CONFIGURATION
from verify.support.lab import Lab


def reason_not_to_purge(lab: Lab, connector: str) -> str:
    """Say why the server's binary logs must stay; empty where only one connector reads them."""
    if lab.mysql_engine != "debezium" or lab.part("connect").name != lab.part("mysql").name:
        return "needs Debezium, and MySQL on the worker's host"
    if lab.part("mysql").root(f"test -e /{CONFIGURATION} || echo absent").strip():
        return "needs a MySQL server that the lab made: the test purges all of its binary logs"
    others = sorted(set(lab.rest("/connectors")) - {connector})
    if others:
        return f"needs a worker without other connectors, which would lose their position: {', '.join(others)}"
    return ""
