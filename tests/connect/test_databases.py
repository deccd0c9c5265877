"""Databases that connectors read: only these of a MySQL with many others are looked into, and all of these."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.streaming.lab.plugins.module_utils.connect import databases as connector_databases
from ansible_collections.streaming.lab.plugins.module_utils.mysql import state as mysql_state
from ansible_collections.streaming.lab.plugins.modules import connector_databases as module
from tests.artifacts.kit import ROOT
from tests.connect.rest_worker import Worker, running_worker

HERE = ["localhost:3306"]
DEBEZIUM = {"connector.class": "io.debezium.connector.mysql.MySqlConnector", "database.hostname": "localhost"}
JDBC = {"connector.class": "io.confluent.connect.jdbc.JdbcSourceConnector"}
DATABASES = ["information_schema", "sensors", "sensors2", "botiga", "wordpress", "my-db"]


def course(engine: str) -> dict[str, str]:
    """The options of the course's connector of an engine."""
    path = ROOT / f"roles/course/files/connectors/{engine}/mysql-source.json"
    return json.loads(path.read_text(encoding="utf-8"))["config"]


class Cursor:
    """Answers as a server with these databases, each with one table that has one column, and notes what is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.rows: list[tuple] = []

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *error: object) -> None:
        """Close nothing."""

    def execute(self, text: str, given: Any = None) -> None:
        self.asked.append(text)
        if text == "SHOW DATABASES":
            self.rows = [(name,) for name in DATABASES]
        elif "information_schema.COLUMNS" in text:
            self.rows = [(name, "t", "moment", "datetime", 1, None, 5, "datetime") for name in given[0]]
        elif text.startswith("SELECT EXISTS"):
            self.rows = [(1,)]
        else:
            self.rows = [("", "", 0)]

    def fetchall(self) -> list[tuple]:
        return self.rows

    def fetchone(self) -> tuple:
        return self.rows[0]


class Connection:
    """A connection to that server."""

    def __init__(self) -> None:
        self.asked = Cursor()

    def cursor(self) -> Cursor:
        return self.asked


def looked_into(patterns: list[str] | None) -> tuple[list[str], list[str]]:
    """Databases of the columns that were read, and what the server was asked."""
    connection = Connection()
    columns = mysql_state.look(connection, patterns)["columns"]
    return [column["database"] for column in columns], connection.asked.asked


@pytest.mark.parametrize(
    ("config", "databases"),
    [
        (course("debezium"), ["sensors"]),
        (course("jdbc"), ["sensors"]),
        (course("aiven"), ["sensors"]),
        ({**JDBC, "connection.url": "jdbc:mysql://localhost:3306/my-db?x=y"}, ["my-db"]),
        ({**JDBC, "connection.url": "jdbc:mysql://localhost/", "table.whitelist": "botiga.a,sensors.b"},
         ["sensors", "botiga"]),
        ({**JDBC, "connection.url": "jdbc:mysql://localhost/", "table.whitelist": "botiga.a,b"}, DATABASES[1:]),
        ({**JDBC, "connection.url": "jdbc:mysql://localhost/", "query": "SELECT 1"}, []),
        ({**JDBC, "connection.url": "jdbc:mysql://localhost/sensors", "query": None}, ["sensors"]),
        ({**JDBC, "connection.url": "jdbc:mysql://localhost/", "table.include.list": "temperatures"}, DATABASES[1:]),
        ({**JDBC, "connection.url": "jdbc:mysql://localhost/", "table.include.list": "temp.*"}, DATABASES[1:]),
        ({**JDBC, "connection.url": "jdbc:mysql://localhost/", "table.include.list": r"botiga\.t.*"}, ["botiga"]),
        ({**JDBC, "connection.url": "jdbc:postgresql://localhost:3306/sensors"}, []),
        ({**JDBC, "connection.url": "jdbc:mysql://elsewhere/sensors"}, []),
        (DEBEZIUM, DATABASES[1:]),
        ({**DEBEZIUM, "database.include.list": "sens.*, BOTIGA"}, ["sensors", "sensors2", "botiga"]),
        ({**DEBEZIUM, "table.include.list": "sensors.temperatures"}, ["sensors"]),
        ({**DEBEZIUM, "table.include.list": r"botiga\.t.*,my-db\.t"}, ["botiga", "my-db"]),
        ({**DEBEZIUM, "table.include.list": "sensors.*"}, ["sensors", "sensors2"]),
        ({**DEBEZIUM, "table.include.list": r"sensors*\.t"}, ["sensors", "sensors2"]),
        ({**DEBEZIUM, "table.include.list": r"sensors\.t|botiga\.t"}, DATABASES[1:]),
        ({**DEBEZIUM, "table.include.list": r".*\.temperatures"}, DATABASES[1:]),
        ({"connector.class": "FileStreamSource", "file": "/tmp/x"}, []),
    ],
)  # fmt: skip
def test_the_databases_that_a_connector_reads_are_looked_into(config: dict[str, str], databases: list[str]) -> None:
    assert looked_into(connector_databases.patterns([config], HERE))[0] == databases


def test_a_server_is_not_searched_where_no_connector_reads_it() -> None:
    databases, asked = looked_into([])
    assert databases == []
    assert not [text for text in asked if "information_schema" in text or "EXISTS" in text]


def test_no_other_database_is_searched_for_values() -> None:
    asked = looked_into(["sensors"])[1]
    assert [text for text in asked if "EXISTS" in text] == [
        next(text for text in asked if "FROM `sensors`.`t`" in text)
    ]


def test_without_the_option_every_database_is_read() -> None:
    assert looked_into(None)[0] == DATABASES[1:]


@pytest.mark.parametrize("pattern", [r"\Qsensors\E", r"\p{Alpha}+", "("])
def test_a_pattern_that_only_java_can_read_stands_for_every_database(pattern: str) -> None:
    config = {**DEBEZIUM, "database.include.list": pattern}
    assert looked_into(connector_databases.patterns([config], HERE))[0] == DATABASES[1:]
    assert looked_into(["botiga", pattern])[0] == DATABASES[1:]


def test_searches_for_values_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mysql_state, "MOST_SECONDS", -1.0)
    connection = Connection()
    columns = mysql_state.look(connection, [".*"])["columns"]
    assert {column["holds"] for column in columns} == {None}
    assert not [text for text in connection.asked.asked if "EXISTS" in text]


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A worker with a connector of the course, and one made by hand that reads another database."""
    with running_worker() as running:
        by_hand = {**JDBC, "connection.url": "jdbc:mysql://localhost:3306/botiga"}
        there = {"a": {"info": {"config": course("debezium")}}, "b": {"info": {"config": by_hand}}}
        running.says("GET", "/connectors?expand=info", (200, there))
        yield running


def answer(monkeypatch: pytest.MonkeyPatch, **given: Any) -> dict[str, Any]:
    """What the module answers."""
    answers: list[dict[str, Any]] = []

    class Module:
        def __init__(self, **options: Any) -> None:
            defaults = {"url": "", "connectors": [], "files": None, "mysql_addresses": HERE, "timeout": 5}
            self.params = {**defaults, **given}

        def exit_json(self, **values: Any) -> None:
            answers.append(values)

    monkeypatch.setattr(module, "AnsibleModule", Module)
    module.main()
    return answers[0]


def test_connectors_made_by_hand_count(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = answer(monkeypatch, url=worker.url)
    assert (answered["databases"], answered["reason"]) == (["botiga", "sensors"], "")


def test_declared_connectors_count_and_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    config = {**JDBC, "connection.url": "jdbc:mysql://localhost:3306/botiga", "connection.password": "geheim"}
    folder = str(ROOT / "roles/course/files/connectors/debezium")
    answered = answer(
        monkeypatch, connectors=[{"file": "mysql-source.json"}, {"name": "b", "config": config}], files=folder
    )
    assert answered["databases"] == ["botiga", "sensors"]
    assert "geheim" not in str(answered)


def test_a_worker_that_does_not_answer_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = answer(monkeypatch, url="http://127.0.0.1:9")
    assert answered["databases"] == [] and "no Kafka Connect at" in answered["reason"]


@pytest.mark.parametrize(
    "path", ["playbooks/status.yml", "roles/kafka_connect/tasks/health.yml", "roles/kafka_connect/tasks/connectors.yml"]
)
def test_the_lab_reads_no_other_database(path: str) -> None:
    tasks = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    tasks = tasks[0]["tasks"] if "hosts" in tasks[0] else tasks
    (asks,) = [task for task in tasks if "streaming.lab.connector_databases" in task]
    (reads,) = [task for task in tasks if "streaming.lab.mysql_state" in task]
    assert tasks.index(asks) < tasks.index(reads)
    assert f"{asks['register']}.databases" in reads["streaming.lab.mysql_state"]["databases"]


PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_tasks: TASKS
      vars:
        kafka_connect_port: 9
        lab_mysql_addresses: [localhost:3306]
        lab_mysql_hosts: [localhost]
        __kafka_connect_speaks: true
"""


def test_a_run_says_why_columns_are_not_checked(clone: Path, tmp_path: Path) -> None:
    """Nothing listens on port 9."""
    tasks = yaml.safe_load((ROOT / "roles/kafka_connect/tasks/health.yml").read_text(encoding="utf-8"))
    (tmp_path / "tasks.yml").write_text(yaml.safe_dump(tasks[:2]), encoding="utf-8")
    (tmp_path / "play.yml").write_text(PLAY.replace("TASKS", str(tmp_path / "tasks.yml")), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", str(tmp_path / "play.yml")],
        cwd=clone,
        env={**os.environ, "ANSIBLE_CONFIG": str(clone / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    output = " ".join((done.stdout + done.stderr).split())
    assert "columns not checked: no Kafka Connect at http://127.0.0.1:9" in output


def test_status_keeps_the_reason() -> None:
    tasks = yaml.safe_load((ROOT / "playbooks/status.yml").read_text(encoding="utf-8"))[0]["tasks"]
    (kept,) = [
        task["ansible.builtin.set_fact"]["lab_status"]
        for task in tasks
        if "lab_status" in str(task.get("ansible.builtin.set_fact"))
    ]
    (asks,) = [task["register"] for task in tasks if "streaming.lab.connector_databases" in task]
    assert f"{asks}.reason" in kept["columns_not_checked"]


@pytest.mark.parametrize(
    ("pattern", "databases"),
    [
        (r"sensors\.temperatures", "sensors"),
        ("sensors.temperatures", "sensors"),
        (r"my-db\..*", r"my\-db"),
        ("sensors*.t", "sensor.*"),
        ("sensors?.t", "sensor.*"),
        ("sensors{2}.t", "sensor.*"),
        ("sen.*", "sen.*"),
        ("a.t|b.t", ".*"),
        ("temperatures", ".*"),
    ],
)
def test_a_pattern_of_tables_names_its_databases(pattern: str, databases: str) -> None:
    assert connector_databases.databases_of({**DEBEZIUM, "table.include.list": pattern}) == [databases]
