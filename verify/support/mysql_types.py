"""The table of the case mysql-types: each type of MySQL, values, and what each engine makes of them."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any, NamedTuple

from cli.lab import ROOT
from verify.support.lab import Lab

TABLE = "lab_verify_types"
MILLIS = "2025-02-21 10:00:00.123"
HUGE = "12345678901234567890123456789012345.123456789012345678901234567890"


class Column(NamedTuple):
    """One column: its type, two values in SQL, and the JSON values that arrive.

    `arrives` holds the two values for all engines; `by_engine` replaces them for one. A value left out of SQL is NULL.
    """

    name: str
    type: str
    sql: tuple[str, str]
    arrives: tuple[Any, Any]
    by_engine: dict[str, tuple[Any, Any]] = {}  # noqa: RUF012 - read only

    def expected(self, engine: str, number: int | None) -> Any:
        """Value that arrives on an engine: of the first row, the second row, or null."""
        return None if number is None else self.by_engine.get(engine, self.arrives)[number]


COLUMNS = (
    Column("c_tinyint", "TINYINT", ("-128", "127"), (-128, 127)),
    Column("c_tinyint1", "TINYINT(1)", ("2", "0"), (2, 0)),
    Column("c_utinyint", "TINYINT UNSIGNED", ("255", "0"), (255, 0)),
    Column("c_smallint", "SMALLINT", ("-32768", "32767"), (-32768, 32767)),
    Column("c_usmallint", "SMALLINT UNSIGNED", ("65535", "0"), (65535, 0)),
    Column("c_mediumint", "MEDIUMINT", ("-8388608", "8388607"), (-8388608, 8388607)),
    Column("c_umediumint", "MEDIUMINT UNSIGNED", ("16777215", "0"), (16777215, 0)),
    Column("c_int", "INT", ("-2147483648", "2147483647"), (-2147483648, 2147483647)),
    Column("c_uint", "INT UNSIGNED", ("4294967295", "0"), (4294967295, 0)),
    Column("c_bigint", "BIGINT", ("-9223372036854775808", "9223372036854775807"), (-(2**63), 2**63 - 1)),
    Column("c_ubigint", "BIGINT UNSIGNED", ("9223372036854775807", "0"), (2**63 - 1, 0)),
    Column("c_float", "FLOAT", ("14.5", "-1.5e30"), (14.5, -1.5e30)),
    Column("c_float_default", "FLOAT DEFAULT 20.5", ("14.5", "NULL"), (14.5, None)),
    Column("c_double", "DOUBLE", ("1.7976931348623157e308", "-5e-324"), (1.7976931348623157e308, -5e-324)),
    Column("c_decimal", "DECIMAL(5,2)", ("17.13", "-999.99"), (Decimal("17.13"), Decimal("-999.99"))),
    Column("valor", "DECIMAL(65,30)", (HUGE, "-1e-30"), (Decimal(HUGE), Decimal("-1e-30"))),
    Column("c_decimal20", "DECIMAL(20,0)", ("99999999999999999999", "0"), (99999999999999999999, 0)),
    Column("c_boolean", "BOOLEAN", ("TRUE", "FALSE"), (1, 0)),
    Column("c_bit", "BIT(1)", ("b'1'", "b'0'"), (1, 0), {"debezium": (True, False)}),
    Column("c_date", "DATE", ("'2025-02-21'", "'9999-12-31'"), (20140, 2932896)),
    Column(
        "datahora", "DATETIME", ("'2025-02-21 10:00:00'", "'9999-12-31 23:59:59'"), (1740132000000, 253402300799000)
    ),
    Column(
        "c_datetime3", "DATETIME(3)", ("'2025-02-21 10:00:00.123'", "'1969-12-31 23:59:59.999'"), (1740132000123, -1)
    ),
    Column(
        "c_timestamp",
        "TIMESTAMP NULL",
        ("'2025-02-21 10:00:00'", "'1970-01-01 00:00:01'"),
        (1740132000000, 1000),
        {"debezium": ("2025-02-21T10:00:00Z", "1970-01-01T00:00:01Z")},
    ),
    Column("c_time", "TIME", ("'23:59:59'", "'00:00:00'"), (86399000, 0)),
    Column("c_year", "YEAR", ("2025", "1901"), (2025, 1901)),
    Column("c_char", "CHAR(5)", ("'ab'", "''"), ("ab", "")),
    Column(
        "c_varchar", "VARCHAR(50)", ("'temperatura a l''ombra: niño 🌡'", "''"), ("temperatura a l'ombra: niño 🌡", "")
    ),
    Column("c_text", "TEXT", ("REPEAT('ç', 5000)", "''"), ("ç" * 5000, "")),
    Column("c_tinytext", "TINYTEXT", (r"'NULL'", r"'un \"dos\",\r\n\\tres'"), ("NULL", 'un "dos",\r\n\\tres')),
    Column("c_enum", "ENUM('fred','calor')", ("'fred'", "'calor'"), ("fred", "calor")),
    Column("c_set", "SET('a','b','c')", ("'a,c'", "''"), ("a,c", "")),
    Column("c_json", "JSON", ("'{\"a\": 1}'", "'null'"), ('{"a":1}', "null")),
    Column("c_binary", "BINARY(4)", ("x'01'", "''"), ("AQAAAA==", "AAAAAA==")),
    Column("c_varbinary", "VARBINARY(8)", ("x'0000'", "''"), ("AAA=", "")),
    Column("c_blob", "BLOB", ("x'FF00'", "''"), ("/wA=", "")),
    Column("c_generated", "INT AS (c_year * 2) STORED", ("DEFAULT", "DEFAULT"), (4050, 3802)),
)


class Outcome(NamedTuple):
    """What one engine makes of an edge's two rows: the values that arrive, and whether the lab reports the column.

    `first` holds what MySQL would print for the first value that arrives, where that is not the value in MySQL.
    """

    values: tuple[Any, ...]
    reported: bool
    first: tuple[str | None, ...] = ()


class Edge(NamedTuple):
    """A column `v` in a table of its own: a value that not every engine can carry, and then an ordinary one."""

    table: str
    type: str
    sql: tuple[str, str]
    outcome: dict[str, Outcome]

    def insert_sql(self) -> str:
        """Statements that insert the two values, one transaction each."""
        return "SET sql_mode = '';" + "".join(f"INSERT INTO {self.table} (v) VALUES ({value});" for value in self.sql)


def _both(*values: Any, first: tuple[str | None, ...] = ()) -> dict[str, Outcome]:
    return dict.fromkeys(("jdbc", "aiven"), Outcome(values, True, first))


EDGES = (
    Edge(
        "lab_verify_edge_time",
        "TIME",
        ("'26:30:00'", "'10:00:00'"),
        {"debezium": Outcome((None, 36000000), True, (None,)), **_both()},
    ),
    Edge(
        "lab_verify_edge_zero",
        "DATETIME NOT NULL",
        ("'0000-00-00 00:00:00'", "'2025-02-21 10:00:00'"),
        {"debezium": Outcome((0, 1740132000000), True, ("1970-01-01 00:00:00",)), **_both()},
    ),
    Edge(
        "lab_verify_edge_zero_null",
        "DATETIME",
        ("'0000-00-00 00:00:00'", "'2025-02-21 10:00:00'"),
        dict.fromkeys(("debezium", "jdbc", "aiven"), Outcome((None, 1740132000000), False, (None,))),
    ),
    Edge(
        "lab_verify_edge_unsigned",
        "BIGINT UNSIGNED",
        ("18446744073709551615", "1"),
        {"debezium": Outcome((2**64 - 1, 1), False), **_both()},
    ),
    Edge(
        "lab_verify_edge_bits",
        "BIT(10)",
        ("b'1000000001'", "b'0'"),
        {
            "debezium": Outcome(("AQI=", "AAA="), False),
            "jdbc": Outcome((), True),
            "aiven": Outcome((None, 0), True, (None,)),
        },
    ),
    Edge(
        "lab_verify_edge_micro",
        "DATETIME(6)",
        ("'2025-02-21 10:00:00.123456'", "'2025-02-21 10:00:00'"),
        dict.fromkeys(("debezium", "jdbc", "aiven"), Outcome((1740132000123, 1740132000000), True, (MILLIS,))),
    ),
    Edge(
        "lab_verify_edge_stamp",
        "TIMESTAMP(6) NULL",
        ("'2025-02-21 10:00:00.123456'", "'2025-02-21 10:00:00'"),
        {"debezium": Outcome(("2025-02-21T10:00:00.123456Z", "2025-02-21T10:00:00.000000Z"), True)}
        | _both(1740132000123, 1740132000000, first=(MILLIS,)),
    ),
)
TABLES = (TABLE, *(edge.table for edge in EDGES))


def create() -> str:
    """Statements that make the tables, empty."""
    columns = ", ".join(f"{column.name} {column.type}" for column in COLUMNS)
    made = [f"CREATE TABLE {TABLE} (id INT AUTO_INCREMENT PRIMARY KEY, {columns}) DEFAULT CHARSET utf8mb4;"]
    made += [f"CREATE TABLE {edge.table} (id INT AUTO_INCREMENT PRIMARY KEY, v {edge.type});" for edge in EDGES]
    return drop() + "".join(made)


def drop() -> str:
    """A statement that removes the tables."""
    return f"DROP TABLE IF EXISTS {', '.join(TABLES)};"


def insert(number: int | None) -> str:
    """A statement for one row: the first values, the second ones, or NULL everywhere."""
    if number is None:
        nothing = [column for column in COLUMNS if "STORED" not in column.type]
        return (
            f"INSERT INTO {TABLE} ({', '.join(c.name for c in nothing)}) VALUES ({', '.join('NULL' for _ in nothing)});"
        )
    values = ", ".join(column.sql[number] for column in COLUMNS)
    return f"INSERT INTO {TABLE} ({', '.join(column.name for column in COLUMNS)}) VALUES ({values});"


def same_value(type_: str, right: Any, arrived: Any) -> bool:
    """Whether a JSON value that arrived is the right one: all digits, but JSON and binary fractions in any form."""
    if right is None or arrived is None:
        return right is arrived
    if type_ == "JSON":
        return json.loads(right) == json.loads(arrived)
    if isinstance(right, float):
        return isinstance(arrived, (int, float, Decimal)) and float(arrived) == right
    if isinstance(right, Decimal):
        return Decimal(arrived) == right
    return type(right) is type(arrived) and right == arrived


def state(lab: Lab) -> dict[str, Any]:
    """What `status` learns of the server (plugins/module_utils/mysql/state.py), asked on its host as root."""
    text = (ROOT / "collections/ansible_collections/streaming/lab/plugins/module_utils/mysql/state.py").read_text(
        encoding="utf-8"
    )
    text += (
        "\nimport json, pymysql\n"
        "print(json.dumps(look(pymysql.connect(unix_socket='/run/mysqld/mysqld.sock', user='root'), ['sensors'])))\n"
    )
    encoded = base64.b64encode(text.encode()).decode()
    return json.loads(lab.part("mysql").root(f"echo {encoded} | base64 -d | python3 -"))
