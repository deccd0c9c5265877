"""A database server that is there already: used where root can log in, refused in one line where not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.machine import mysql
from ansible_collections.streaming.lab.plugins.modules import machine_check

NEEDS = {"accounts": ["kafka", "student"], "port": 3306, "binary_log": True, "packages": ["mysql-server"]}
FINE = "port\t3306\t\nlog_bin\t1\tROW\nroot\tlocalhost\t\n"
RAN = "mysqld: ready for connections. Version: '8.0.46'  socket: '/run/mysqld/mysqld.sock'  port: 3306"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine's folders with a MySQL server that was installed and does not run."""
    for folder in ("var/lib/mysql/mysql", "var/lib/mysql/sys", "var/lib/mysql/#innodb_redo", "usr/sbin"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / mysql.SERVER).touch()
    monkeypatch.setattr(mysql, "is_running", lambda: False)
    return tmp_path


def running(monkeypatch: pytest.MonkeyPatch, answer: str = FINE, error: str = "") -> None:
    """The server runs and gives root this answer."""
    monkeypatch.setattr(mysql, "is_running", lambda: True)
    monkeypatch.setattr(mysql, "ask_root", lambda: (answer, error))


def test_no_server_and_one_that_was_only_installed_are_no_problem(tmp_path: Path, root: Path) -> None:
    assert mysql.problems(**NEEDS, root=tmp_path / "empty") == []
    assert mysql.problems(**NEEDS, root=root) == []
    assert not mysql.is_adopted(root)


def test_the_labs_own_server_is_not_asked(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running(monkeypatch, error="ERROR 1045 (28000): Access denied for user 'root'@'localhost'")
    (root / mysql.CONFIGURATION).parent.mkdir(parents=True)
    (root / mysql.CONFIGURATION).touch()
    assert mysql.problems(**NEEDS, root=root) == []
    assert not mysql.is_adopted(root)


def test_a_server_whose_root_can_log_in_is_adopted(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running(monkeypatch)
    assert mysql.problems(**NEEDS, root=root) == []
    assert mysql.is_adopted(root)


def test_a_root_who_cannot_log_in_is_refused_with_the_file_for_the_password(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running(monkeypatch, error="ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: NO)")
    [line] = mysql.problems(**NEEDS, root=root)
    assert line.startswith("mysql: root cannot log in") and "ERROR 1045" in line and "/root/.my.cnf" in line


def test_a_stopped_server_that_was_used_is_refused(root: Path) -> None:
    (root / "var/log/mysql").mkdir(parents=True)
    (root / "var/log/mysql/error.log").write_text(RAN.replace("port: 3306", "port: 0") + "\n", encoding="utf-8")
    assert mysql.problems(**NEEDS, root=root) == []
    (root / "var/log/mysql/error.log").write_text(RAN + "\n", encoding="utf-8")
    assert "systemctl start mysql" in mysql.problems(**NEEDS, root=root)[0]
    (root / "var/log/mysql/error.log").unlink()
    (root / "var/lib/mysql/botiga").mkdir()
    [line] = mysql.problems(**NEEDS, root=root)
    assert "is stopped and holds botiga; start it" in line
    assert mysql.is_adopted(root)


def test_data_without_a_server_is_refused(root: Path) -> None:
    (root / mysql.SERVER).unlink()
    (root / "var/lib/mysql/mysql.ibd").touch()
    assert mysql.problems(**NEEDS, root=root) == [
        "mysql: /var/lib/mysql holds data of a server that is not installed; move it away"
    ]


@pytest.mark.parametrize("name", ["mariadb-server", "mariadb-server-10.11", "mariadb-server-core"])
def test_mariadb_is_refused_although_it_is_stopped(root: Path, name: str) -> None:
    [line] = mysql.problems(**{**NEEDS, "packages": ["mariadb-common", name]}, root=root)
    assert line.startswith("mysql: MariaDB is installed")


def test_mariadbs_library_is_no_server_and_no_client(root: Path) -> None:
    packages = ["libmariadb3", "mariadb-common", "mariadb-plugin-connect", "mysql-client-8.0"]
    assert mysql.problems(**{**NEEDS, "packages": packages}, root=root) == []
    assert mysql.client_problems(packages) == []


@pytest.mark.parametrize("name", ["mariadb-client", "mariadb-client-10.6", "mariadb-client-core"])
def test_mariadbs_client_is_refused_by_name(name: str) -> None:
    [line] = mysql.client_problems(["mariadb-common", name, "zsh"])
    assert f"MariaDB's client ({name}) is installed" in line and f"apt-get remove {name})" in line


def test_data_of_mariadb_is_refused(root: Path) -> None:
    (root / "var/lib/mysql/aria_log_control").touch()
    assert "MariaDB's data" in mysql.problems(**NEEDS, root=root)[0]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (FINE.replace("3306", "3307"), ["listens on port 3307", "mysql_port"]),
        (FINE.replace("log_bin\t1", "log_bin\t0"), ["binary log", "lab_mysql_source"]),
        (FINE + "kafka\tlocalhost\t\n", ["account 'kafka'@'localhost' is not the lab's", "RENAME USER"]),
        (FINE + "student\t%\t" + '{"comment": "by hand"}\n', ["account 'student'@'%' is not the lab's"]),
    ],
)
def test_what_is_in_the_way_on_a_server_is_named(answer: str, words: list[str]) -> None:
    [line] = mysql.answer_problems(answer, ["kafka", "student"], 3306, True)
    assert [word for word in words if word not in line] == []


def test_the_labs_accounts_on_an_adopted_server_pass() -> None:
    ours = FINE + 'kafka\tlocalhost\t{"owner": "streaming-lab"}\nkafka2\tlocalhost\t\n'
    assert mysql.answer_problems(ours, ["kafka", "student"], 3306, True) == []
    assert mysql.answer_problems(FINE.replace("log_bin\t1", "log_bin\t0"), ["kafka"], 3306, False) == []


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Problems that module machine_check returns for a machine with MariaDB's client."""
    module = machine_check
    packages = {"packages": ["mariadb-client"], "problems": [], "notes": [], "facts": {}}
    monkeypatch.setattr(module.machine_system, "describe", lambda *_: {**packages})
    monkeypatch.setattr(module.machine_mysql, "problems", lambda **_: [])

    def look(adopted: bool, **asked: object) -> list[str]:
        monkeypatch.setattr(module.machine_mysql, "is_adopted", lambda: adopted)
        defaults = {name: option.get("default") for name, option in module.ARGUMENTS.items()}
        return [line for line in module.look({**defaults, **asked})["problems"] if line.startswith("mysql: ")]

    return look


def test_mariadbs_client_is_refused_only_where_mysqls_is_installed(check: Callable[..., list[str]]) -> None:
    assert check(False) == []
    assert len(check(False, mysql_client=True)) == 1
    assert len(check(False, mysql_client=True, mysql={"port": 3306})) == 1
    assert check(True, mysql_client=True, mysql={"port": 3306}) == []
