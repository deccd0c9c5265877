"""MySQL: tables of the database `sensors`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql

from slate import files
from slate.topics import TIMEOUT, StoreError


@contextlib.contextmanager
def _cursor(settings: dict[str, str]) -> Iterator[Any]:
    try:
        with files.owner_of(Path(settings["home"])):
            connection = pymysql.connect(
                read_default_file=settings["mysql_defaults"],
                database="sensors",
                autocommit=True,
                connect_timeout=TIMEOUT,
            )
    except pymysql.MySQLError as error:
        raise StoreError(f"MySQL refuses the student of {settings['mysql_defaults']}: {error}") from error
    with connection, connection.cursor() as cursor:
        yield cursor


def _names(cursor: Any) -> list[str]:
    cursor.execute("SHOW TABLES")
    return sorted(row[0] for row in cursor.fetchall())


def existing(settings: dict[str, str], names: list[str]) -> list[tuple[str, str, str]]:
    """List tables with rows."""
    items = []
    with _cursor(settings) as cursor:
        known = _names(cursor)
        for name in (name for name in names if name in known):
            cursor.execute(f"SELECT COUNT(*) FROM `{name}`")  # noqa: S608 - names of cases.json
            rows = cursor.fetchone()[0]
            if rows:
                items.append(("table", name, f"{rows} rows"))
    return items


def all_names(settings: dict[str, str]) -> list[str]:
    """List all tables."""
    with _cursor(settings) as cursor:
        return _names(cursor)


def truncate(settings: dict[str, str], names: list[str]) -> None:
    """Empty tables; the next row has the id 1 again."""
    with _cursor(settings) as cursor:
        for name in names:
            cursor.execute(f"TRUNCATE TABLE `{name}`")


def drop(settings: dict[str, str], names: list[str]) -> None:
    """Drop tables, also those with references from others; the role mysql creates the tables of the notes again."""
    with _cursor(settings) as cursor:
        cursor.execute("SET FOREIGN_KEY_CHECKS = 0")
        for name in names:
            cursor.execute(f"DROP TABLE IF EXISTS `{name.replace('`', '``')}`")
