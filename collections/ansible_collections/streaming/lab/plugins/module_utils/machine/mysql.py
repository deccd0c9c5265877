"""A MySQL or MariaDB server that is on a machine already: whether the lab may use it. Nothing is changed."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

CONFIGURATION = "etc/mysql/mysql.conf.d/zz-streaming-lab.cnf"
SERVER, DATA, LOGS = "usr/sbin/mysqld", "var/lib/mysql", "var/log/mysql"
SOCKET = "/run/mysqld/mysqld.sock"
# Schemas that every server has, and the lab's own.
SCHEMAS = {"mysql", "performance_schema", "sys"}
# The attribute by which the lab marks an account that it made on a server of somebody else.
OWNER = '"owner": "streaming-lab"'
QUERY = (
    "SELECT 'port', @@port, ''; SELECT 'log_bin', @@log_bin, @@binlog_format; "
    "SELECT user, host, COALESCE(attribute, '') FROM information_schema.user_attributes"
)
SECONDS = 20


def is_adopted(root: Path = Path("/")) -> bool:
    """Whether this machine has a MySQL server with data that the lab did not configure."""
    return not (root / CONFIGURATION).exists() and (root / SERVER).exists() and (is_running() or has_run(root))


def is_running(proc: Path = Path("/proc")) -> bool:
    """Whether a process of this machine is a MySQL server."""
    for path in proc.glob("[0-9]*/comm"):
        try:
            if path.read_text(encoding="utf-8").strip() == "mysqld":
                return True
        except OSError:
            continue
    return False


def has_run(root: Path = Path("/")) -> bool:
    """Whether a MySQL server that does not run now has been used: it has schemas, or served clients by its log.

    A server that was only installed has neither, and nothing in it belongs to anybody.
    """
    return bool(schemas(root)) or any(
        re.search(r"ready for connections\..* port: [1-9]", path.read_text(encoding="utf-8", errors="replace"))
        for path in sorted((root / LOGS).glob("error.log*"))
        if path.is_file() and path.suffix != ".gz"
    )


def schemas(root: Path = Path("/")) -> list[str]:
    """Databases in MySQL's folder of data, without those that every server has and the lab's."""
    folder = root / DATA
    try:
        names = [entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("#")]
    except OSError:
        return []
    return sorted(set(names) - SCHEMAS - {"sensors", "lost+found"})


def ask_root() -> tuple[str, str]:
    """Ask the running server as root, as role mysql does: by its socket, with what /root/.my.cnf says.

    Returns:
        the answer to QUERY (fields separated by tabs, a row a line), and what went wrong.
    """
    command = ["mysql", "--user=root", "--protocol=socket", f"--socket={SOCKET}", "--batch", "--skip-column-names"]
    try:
        done = subprocess.run(
            [*command, f"--execute={QUERY}"],
            env={**os.environ, "HOME": "/root"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    if done.returncode:
        return "", done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"status {done.returncode}"
    return done.stdout, ""


def problems(
    accounts: list[str], port: int, binary_log: bool, packages: list[str], root: Path = Path("/")
) -> list[str]:
    """Say why the lab cannot use the database server that is here; empty where it can, or where there is none.

    Args:
        accounts: users of MySQL that the lab makes.
        port: where the lab's programs look for the server.
        binary_log: whether the lab reads the binary log.
        packages: names of the installed OS packages.
        root: folder that stands for the root folder.
    """
    data = root / DATA
    if any(re.match(r"mariadb-server(-core)?(-[0-9.]+)?$", name) for name in packages):
        return ["mysql: MariaDB is installed, and MySQL would replace it; use another host, or remove mariadb-server"]
    if (data / "aria_log_control").exists():
        return ["mysql: /var/lib/mysql holds MariaDB's data; move it away, the lab needs MySQL there"]
    if (root / CONFIGURATION).exists():
        return []
    if not (root / SERVER).exists():
        left = any((data / name).exists() for name in ("mysql.ibd", "ibdata1"))
        return ["mysql: /var/lib/mysql holds data of a server that is not installed; move it away"] * left
    if not is_running():
        used = f" and holds {', '.join(schemas(root)[:3])}" if schemas(root) else ""
        start = "start it (systemctl start mysql), for the lab checks whether root can log in"
        return [f"mysql: the MySQL server that is here is stopped{used}; {start}"] * has_run(root)
    answer, error = ask_root()
    if error:
        remedy = "write root's password to /root/.my.cnf, section [client], mode 0600"
        return [f"mysql: root cannot log in to the MySQL server that is here ({error}); {remedy}"]
    return answer_problems(answer, accounts, port, binary_log)


def client_problems(packages: list[str]) -> list[str]:
    """Say why MySQL's client package cannot be installed: MariaDB's conflicts with it, and apt would remove that one.

    Args:
        packages: names of the installed OS packages.
    """
    found = sorted(name for name in packages if re.match(r"mariadb-client(-core)?(-[0-9.]+)?$", name))
    if not found:
        return []
    return [
        f"mysql: MariaDB's client ({', '.join(found)}) is installed, and MySQL's client would replace it; "
        f"use another host, or remove it (sudo apt-get remove {' '.join(found)})"
    ]


def answer_problems(answer: str, accounts: list[str], port: int, binary_log: bool) -> list[str]:
    """Problems in a server's answer to QUERY.

    Args:
        answer: from `ask_root`.
        accounts: users of MySQL that the lab makes.
        port: where the lab's programs look for the server.
        binary_log: whether the lab reads the binary log.
    """
    rows = [line.split("\t") for line in answer.splitlines()]
    found = []
    for name, first, second in (row for row in rows if len(row) == 3):
        if name == "port" and first.isdigit() and first != str(port):
            found.append(f"mysql: the MySQL server that is here listens on port {first}; set mysql_port to it")
        elif name == "log_bin" and binary_log and (first, second) != ("1", "ROW"):
            found.append(
                "mysql: the binary log of the MySQL server that is here is off or not ROW, and Debezium reads it; "
                "turn it on, or set lab_mysql_source to jdbc"
            )
        elif name in accounts and OWNER not in second:
            found.append(
                f"mysql: account '{name}'@'{first}' is not the lab's; rename it (RENAME USER '{name}'@'{first}' TO ...)"
            )
    return found
