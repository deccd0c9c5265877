"""Which databases of the lab's MySQL the connectors read, so that of a server with many others only those are read.

Patterns may match more databases than a connector reads, never fewer: connector_tables.py decides for each table. The
lists: Debezium's documentation of its MySQL connector; Confluent's and Aiven's of their JDBC sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ansible_collections.streaming.lab.plugins.module_utils.connect import tables as connector_tables

EVERY = ".*"
QUANTIFIERS = ("*", "+", "?", "{")


def patterns(configs: Iterable[Mapping[str, str]], addresses: Iterable[str]) -> list[str]:
    """Name the databases that connectors read.

    Args:
        configs: options of connectors; those that read another server count for nothing.
        addresses: `host:port` by which connectors reach the lab's MySQL.
    Returns:
        regular expressions that match whole names, sorted.
    """
    known = set(addresses)
    found: set[str] = set()
    for config in configs:
        host, port, _ = connector_tables.address_of(config)
        if host and f"{host}:{port}" in known:
            found.update(databases_of(config))
    return [EVERY] if EVERY in found else sorted(found)


def databases_of(config: Mapping[str, str]) -> list[str]:
    """Name the databases that a connector of MySQL reads, as regular expressions that match whole names."""
    if connector_tables.engine_of(config) == "debezium":
        tables = [_of_tables(pattern) for pattern in _listed(config, "table.include.list")]
        return _listed(config, "database.include.list") or tables or [EVERY]
    if str(config.get("query") or "").strip():
        return []
    database = connector_tables.address_of(config)[2]
    if database:
        return [re.escape(database)]
    names = [re.escape(name.rpartition(".")[0]) or EVERY for name in _listed(config, "table.whitelist")]
    tables = [_of_tables(pattern) for pattern in _listed(config, "table.include.list")]
    # A JDBC source matches a table's own name too: temp.* is a table of any database.
    return names or [EVERY if databases.endswith(EVERY) else databases for databases in tables] or [EVERY]


def _of_tables(pattern: str) -> str:
    """The databases of the names `database.table` that a regular expression may match, from its literal beginning."""
    rest = re.sub(r"\A[\w$-]*", "", pattern)
    literal = pattern.removesuffix(rest)
    if "|" in pattern or "." not in pattern:
        return EVERY
    if rest.startswith(QUANTIFIERS):
        literal = literal[:-1]
    elif rest.startswith("\\.") or re.fullmatch(r"\.[\w$-]+", rest):
        return re.escape(literal)
    return re.escape(literal) + EVERY


def _listed(config: Mapping[str, str], option: str) -> list[str]:
    return [part.strip() for part in str(config.get(option) or "").split(",") if part.strip()]
