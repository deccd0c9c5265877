"""Columns of MySQL that a connector cannot carry as they are: table, column, what happens and what to do.

Some plugins lose such a value in silence, and some stop at it with a message that names neither table nor column. So
the lab compares the connector's options with the definitions of the tables that it reads. Pure functions; what arrives
for each type was measured (docs/connectors.md, "Column types of MySQL").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

ENGINES = {
    "io.debezium.connector.mysql.MySqlConnector": "debezium",
    "io.confluent.connect.jdbc.JdbcSourceConnector": "jdbc",
    "io.aiven.connect.jdbc.JdbcSourceConnector": "aiven",
}
KAFKA_TRANSFORMATIONS = "org.apache.kafka.connect.transforms."
# Transformations of Kafka that leave a record's fields as they are.
HARMLESS = ("RegexRouter", "TimestampRouter", "SetSchemaMetadata", "Filter", "InsertHeader", "DropHeaders")
DATES = ("date", "datetime", "timestamp")


def engine_of(config: Mapping[str, str]) -> str:
    """Name the engine of a connector's class: debezium, jdbc or aiven; empty for any other class."""
    name = str(config.get("connector.class", ""))
    short = {known.rpartition(".")[2]: engine for known, engine in ENGINES.items() if "aiven" not in known}
    return ENGINES.get(name) or short.get(name) or short.get(f"{name}Connector", "")


def address_of(config: Mapping[str, str]) -> tuple[str, int, str]:
    """Host, port and database (may be empty) of the server that a connector of MySQL reads; an empty host: none."""
    if engine_of(config) == "debezium":
        port = str(config.get("database.port") or "3306")
        return str(config.get("database.hostname", "")), int(port) if port.isdecimal() else 0, ""
    url = str(config.get("connection.url", ""))
    if not url.startswith("jdbc:mysql:"):
        return "", 0, ""
    try:
        # A list of hosts in brackets, which Connector/J reads, is no URL.
        parts = urlsplit(url.removeprefix("jdbc:"))
        return parts.hostname or "", parts.port or 3306, parts.path.strip("/")
    except ValueError:
        return "", 0, ""


def tables_of(config: Mapping[str, str], tables: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Tables that a connector reads.

    Args:
        config: its options.
        tables: those of the server, each as (database, table).
    """
    if engine_of(config) == "debezium":
        return [table for table in tables if _debezium_reads(config, *table)]
    if str(config.get("query") or "").strip():
        return []
    database = address_of(config)[2]
    wanted, unwanted = _listed(config, "table.whitelist"), _listed(config, "table.blacklist")
    patterns = _listed(config, "table.include.list")

    def reads(schema: str, table: str) -> bool:
        names = {table, f"{schema}.{table}"}
        if patterns:
            return any(_fits(patterns, name) for name in names)
        # Without a list it reads every table that its user sees.
        return bool(names & set(wanted)) if wanted else not names & set(unwanted)

    return [
        (schema, table) for schema, table in tables if (not database or schema == database) and reads(schema, table)
    ]


def warnings(
    config: Mapping[str, str], before: Mapping[str, str] | None, server: Mapping[str, Any], addresses: Iterable[str]
) -> list[str]:
    """What someone who declares a connector should know of the tables that it reads.

    Args:
        config: its options.
        before: those that it had; none: it is new.
        server: what module mysql_state answered of the lab's MySQL.
        addresses: `host:port` by which connectors reach that server; of other servers' tables nothing is known.
    """
    lines = []
    new = set(_listed(config, "table.include.list")) - set(_listed(before or {}, "table.include.list"))
    if before and new and engine_of(config) == "debezium" == engine_of(before):
        lines.append(
            f"{', '.join(sorted(new))} is new in table.include.list: its later changes are sent, rows that it has "
            "already are not; take state: fresh to send all tables again, or a connector of its own"
        )
        if str(before.get("schema.history.internal.store.only.captured.tables.ddl", "")).lower() == "true":
            lines.append(
                "its schema history has no definitions of other tables (store.only.captured.tables.ddl=true), so the "
                "task will fail at the first change of a new one; take state: fresh"
            )
    host, port, _ = address_of(config)
    columns = server.get("columns", []) if f"{host}:{port}" in addresses else []
    lines += every_table(config, columns)
    return lines + problems(config, columns, held=False)


def every_table(config: Mapping[str, str], columns: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say that a JDBC source without a list of tables reads all of them; nothing where it has one."""
    lists = ("table.whitelist", "table.blacklist", "table.include.list", "table.exclude.list", "query")
    if engine_of(config) not in ("jdbc", "aiven") or any(str(config.get(name) or "").strip() for name in lists):
        return []
    read = tables_of(config, dict.fromkeys((c["database"], c["table"]) for c in columns))
    names = f": {', '.join(f'{database}.{table}' for database, table in read[:5])}" if read else ""
    return [f"without table.whitelist it reads every table that its user sees{names}"]


def _fits(patterns: Iterable[str], name: str) -> bool:
    """Whether one of these regular expressions matches a whole name; a list with an invalid one matches no name."""
    try:
        return any(re.fullmatch(pattern, name, re.IGNORECASE) for pattern in patterns)
    except re.error:
        return False


def _debezium_reads(config: Mapping[str, str], schema: str, table: str) -> bool:
    """Apply Debezium's lists of regular expressions, which match a whole name without regard to case."""

    def matches(name: str, option: str) -> bool:
        return _fits(_listed(config, option), name)

    for name, kind in ((schema, "database"), (f"{schema}.{table}", "table")):
        if _listed(config, f"{kind}.include.list") and not matches(name, f"{kind}.include.list"):
            return False
        if matches(name, f"{kind}.exclude.list"):
            return False
    return True


def problems(config: Mapping[str, str], columns: Iterable[Mapping[str, Any]], held: bool = True) -> list[str]:
    """Say which columns do not arrive as they are, one line for each.

    Args:
        config: of a connector that reads MySQL; of others nothing is said.
        columns: of the server's tables: database, table, column, type (`bigint unsigned`), nullable, default, and
            `holds`: whether a row has a value that the type's rule below is about (none: it was not looked at).
        held: say of values only where a row has one; false: also where a row may come to have one.
    """
    engine = engine_of(config)
    if not engine:
        return []
    columns = list(columns)
    read = set(tables_of(config, dict.fromkeys((c["database"], c["table"]) for c in columns)))
    lines = []
    for column in columns:
        if (column["database"], column["table"]) in read and not _left_out(config, column):
            said = _debezium(config, column, held) if engine == "debezium" else _jdbc(config, column, held)
            name = f"{column['database']}.{column['table']}.{column['column']}"
            lines += [f"{name} ({_shown_type(column)}): {line}" for line in said]
    return lines


def _debezium(config: Mapping[str, str], column: Mapping[str, Any], held: bool) -> list[str]:
    kind, digits, table = _kind(column), _digits(column), f"{column['database']}.{column['table']}"
    alter, lines = f"ALTER TABLE {table} MODIFY {column['column']}", []
    connect_times = config.get("time.precision.mode") == "connect"
    if kind == "timestamp" and column["column"] not in _converted(config):
        lines.append(
            f'it arrives as text, "2025-02-21T10:00:00Z"; for milliseconds as of a DATETIME: {alter} '
            f"DATETIME{f'({digits})' if digits else ''}"
        )
    if kind in ("datetime", "time") and digits > 3 and connect_times:
        lines.append(f"digits after the milliseconds are cut off; declare it {kind.upper()}(3), or keep them in a text")
    if kind == "time" and connect_times and _concerns(column, held):
        what = "arrives as null" if column["nullable"] else "ends the task"
        lines.append(
            f"a value outside 00:00:00 to 23:59:59 {what}; keep a duration as a number of seconds: {alter} INT, after "
            f"UPDATE ... TIME_TO_SEC({column['column']})"
        )
    if kind in DATES and (kind == "timestamp" or not column["nullable"]) and column.get("holds"):
        lines.append(f"a zero date arrives as 1970-01-01; {alter} DATETIME NULL, and set those rows to NULL")
    if kind == "year" and column.get("holds"):
        lines.append(f"year 0000 arrives as 1900; {alter} YEAR NULL, and set those rows to NULL")
    as_long = config.get("bigint.unsigned.handling.mode", "long") == "long"
    if as_long and _unsigned_bigint(column) and _concerns(column, held):
        lines.append(
            "a number above 9223372036854775807 arrives as another, negative one; set "
            "bigint.unsigned.handling.mode=precise"
        )
    if column["nullable"] and column["default"] is not None:
        lines += _defaults(config, column, table)
    if kind == "decimal" and config.get("decimal.handling.mode") == "double":
        lines.append("digits are lost by decimal.handling.mode=double; set precise or string")
    return lines


def _defaults(config: Mapping[str, str], column: Mapping[str, Any], table: str) -> list[str]:
    """What becomes of NULL in a column that has a default."""
    remedy = f"ALTER TABLE {table} ALTER {column['column']} DROP DEFAULT"
    guilty = _copying_transformations(config)
    if guilty:
        return [f"NULL arrives as the default {column['default']}, because of transforms.{guilty[0]}; {remedy}"]
    own = str(config.get("value.converter") or "").strip()
    if own and config.get("value.converter.replace.null.with.default", "true") != "false" and "Json" in own:
        return [
            f"NULL arrives as the default {column['default']}; set value.converter.replace.null.with.default=false, or "
            f"{remedy}"
        ]
    return []


def _jdbc(config: Mapping[str, str], column: Mapping[str, Any], held: bool) -> list[str]:
    kind, digits, table = _kind(column), _digits(column), f"{column['database']}.{column['table']}"
    alter, lines = f"ALTER TABLE {table} MODIFY {column['column']}", []
    stops = "ends the task, and later rows wait"
    if kind == "time" and _concerns(column, held):
        lines.append(
            f"a value outside 00:00:00 to 23:59:59 {stops}; keep a duration as a number of seconds: {alter} INT, after "
            f"UPDATE ... TIME_TO_SEC({column['column']})"
        )
    if _unsigned_bigint(column) and _concerns(column, held):
        lines.append(f"a number above 9223372036854775807 {stops}; {alter} DECIMAL(20)")
    if kind == "bit" and _bits(column) > 7:
        what = "arrives as null" if engine_of(config) == "aiven" else stops
        lines.append(f"a value above 127 {what}; {alter} BIGINT UNSIGNED")
    if kind == "year" and "yearisdatetype=false" not in str(config.get("connection.url", "")).lower():
        lines.append("2025 arrives as 20089, the days to its January; add yearIsDateType=false to connection.url")
    if kind in DATES and column.get("holds"):
        as_null = "zerodatetimebehavior=convert_to_null" in str(config.get("connection.url", "")).lower()
        if not as_null:
            lines.append(f"a zero date {stops}; add zeroDateTimeBehavior=CONVERT_TO_NULL to connection.url")
        if not column["nullable"]:
            lines.append(f"a zero date {stops}; {alter} {kind.upper()} NULL")
    if kind in ("datetime", "timestamp", "time") and digits > 3:
        lines.append(f"digits after the milliseconds are cut off; declare it {kind.upper()}(3), or keep them in a text")
    return lines


def _concerns(column: Mapping[str, Any], held: bool) -> bool:
    return bool(column.get("holds")) if held and column.get("holds") is not None else True


def _unsigned_bigint(column: Mapping[str, Any]) -> bool:
    return str(column["type"]).lower().startswith("bigint") and "unsigned" in str(column["type"]).lower()


def _kind(column: Mapping[str, Any]) -> str:
    return re.split("[^a-z]", str(column["type"]).lower(), maxsplit=1)[0]


def _digits(column: Mapping[str, Any]) -> int:
    found = re.match(r"(?:datetime|timestamp|time)\((\d)\)", str(column["type"]).lower())
    return int(found[1]) if found else 0


def _bits(column: Mapping[str, Any]) -> int:
    found = re.match(r"bit\((\d+)\)", str(column["type"]).lower())
    return int(found[1]) if found else 1


def _shown_type(column: Mapping[str, Any]) -> str:
    return str(column["type"]).upper() + ("" if column["nullable"] else " NOT NULL")


def _listed(config: Mapping[str, str], option: str) -> list[str]:
    return [part.strip() for part in str(config.get(option) or "").split(",") if part.strip()]


def _transformations(config: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(alias, str(config.get(f"transforms.{alias}.type", ""))) for alias in _listed(config, "transforms")]


def _copying_transformations(config: Mapping[str, str]) -> list[str]:
    """Kafka's own transformations that write every field into a new value: Struct.get answers NULL with the default."""
    return [
        alias
        for alias, name in _transformations(config)
        if name.startswith(KAFKA_TRANSFORMATIONS)
        and name.endswith("$Value")
        and not name.removeprefix(KAFKA_TRANSFORMATIONS).startswith(HARMLESS)
    ]


def _converted(config: Mapping[str, str]) -> set[str]:
    """Columns that a TimestampConverter of the connector makes a number or a Timestamp of."""
    return {
        str(config.get(f"transforms.{alias}.field", ""))
        for alias, name in _transformations(config)
        if "TimestampConverter" in name
    }


def _left_out(config: Mapping[str, str], column: Mapping[str, Any]) -> bool:
    """Whether Debezium's lists of columns leave this one out."""
    name = f"{column['database']}.{column['table']}.{column['column']}"
    if engine_of(config) != "debezium":
        return False
    try:
        if _listed(config, "column.include.list"):
            return not any(re.fullmatch(p, name, re.IGNORECASE) for p in _listed(config, "column.include.list"))
    except re.error:
        return False
    return _fits(_listed(config, "column.exclude.list"), name)
