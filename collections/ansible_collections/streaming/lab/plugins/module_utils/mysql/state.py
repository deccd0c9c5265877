"""What the lab has to know of a MySQL server to judge its connectors: columns, and which binary logs are left.

It needs PyMySQL. Documented: information_schema.COLUMNS, SHOW BINARY LOGS, gtid_purged (MySQL reference manual).
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any

SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")
MOST_ROWS = 1_000_000
"""Tables with more rows (by InnoDB's estimate) are not searched for values."""
MOST_MILLISECONDS = 3000
"""How long one search for a value may take."""
MOST_SECONDS = 20.0
"""After this long no further search begins."""
COLUMNS = """
SELECT c.TABLE_SCHEMA, c.TABLE_NAME, c.COLUMN_NAME, c.COLUMN_TYPE, c.IS_NULLABLE = 'YES', c.COLUMN_DEFAULT,
       COALESCE(t.TABLE_ROWS, 0), c.DATA_TYPE
FROM information_schema.COLUMNS c JOIN information_schema.TABLES t USING (TABLE_SCHEMA, TABLE_NAME)
WHERE t.TABLE_TYPE = 'BASE TABLE' AND c.TABLE_SCHEMA IN %s
ORDER BY c.TABLE_SCHEMA, c.TABLE_NAME, c.ORDINAL_POSITION
"""
ZERO_DATE = "{0} = 0 OR MONTH({0}) = 0 OR DAYOFMONTH({0}) = 0"
# Values that a connector may not carry, by DATA_TYPE (connector_tables.py says what becomes of them).
SEARCHED = {
    "time": "{0} < '00:00:00' OR {0} > '23:59:59.999999'",
    "date": ZERO_DATE,
    "datetime": ZERO_DATE,
    "timestamp": ZERO_DATE,
    "year": "{0} = 0",
    "bigint": "{0} > 9223372036854775807",
}


def look(connection: Any, databases: Sequence[str] | None = None) -> dict[str, Any]:
    """Look at a server.

    Args:
        connection: of PyMySQL, for a user who may read everything.
        databases: regular expressions that match whole names of the databases to look into; None, or an expression of
            Java that Python cannot read: all.
    Returns:
        columns: for each database, table, column, type, nullable, default, and holds: whether a row has a value of the
        kind that is searched for (none: not searched). binary_logs: names, the oldest first. gtid_purged and
        gtid_executed: GTID sets, empty where the server has none.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION max_execution_time = {MOST_MILLISECONDS}")
        columns = _columns(cursor, databases)
        cursor.execute("SELECT @@gtid_purged, @@gtid_executed, @@log_bin")
        purged, executed, logs_kept = cursor.fetchone()
        logs = []
        if logs_kept:
            cursor.execute("SHOW BINARY LOGS")
            logs = [row[0] for row in cursor.fetchall()]
    return {
        "columns": columns,
        "binary_logs": logs,
        "gtid_purged": "".join(purged.split()),
        "gtid_executed": "".join(executed.split()),
    }


def _columns(cursor: Any, databases: Sequence[str] | None) -> list[dict[str, Any]]:
    if databases is not None and not databases:
        return []
    cursor.execute("SHOW DATABASES")
    names = [_text(name) for (name,) in cursor.fetchall()]
    wanted = [name for name in names if name not in SYSTEM and (databases is None or _fits(databases, name))]
    if not wanted:
        return []
    cursor.execute(COLUMNS, (wanted,))
    rows, deadline = cursor.fetchall(), time.monotonic() + MOST_SECONDS
    return [_column(cursor, deadline, *row) for row in rows]


def _fits(patterns: Sequence[str], name: str) -> bool:
    """Whether one of these regular expressions matches a name; one of Java that Python cannot read matches any name."""
    for pattern in patterns:
        try:
            if re.fullmatch(pattern, name, re.IGNORECASE):
                return True
        except re.error:
            return True
    return False


def _column(
    cursor: Any,
    deadline: float,
    database: str,
    table: str,
    name: str,
    kind: str,
    nullable: int,
    default: Any,
    rows: int,
    data_type: str,
) -> dict[str, Any]:
    searched = rows <= MOST_ROWS and time.monotonic() < deadline
    return {
        "database": database,
        "table": table,
        "column": name,
        "type": _text(kind),
        "nullable": bool(nullable),
        "default": None if default is None else _text(default),
        "holds": _holds(cursor, database, table, name, _text(data_type)) if searched else None,
    }


def _holds(cursor: Any, database: str, table: str, column: str, data_type: str) -> bool | None:
    condition = SEARCHED.get(data_type.lower())
    if condition is None:
        return None
    quoted = [f"`{part.replace('`', '``')}`" for part in (database, table, column)]
    where = condition.format(quoted[2])
    try:
        cursor.execute(f"SELECT EXISTS(SELECT 1 FROM {quoted[0]}.{quoted[1]} WHERE {where})")  # noqa: S608 - quoted
        return bool(cursor.fetchone()[0])
    except Exception:
        return None


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
