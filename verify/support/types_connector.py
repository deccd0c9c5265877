"""A connector of each engine for the tables of the case mysql-types, from the course's own files."""

from __future__ import annotations

import json
import shlex
from typing import Any, NamedTuple

from cli.lab import ROOT
from verify.support.lab import Lab
from verify.support.mysql_types import TABLES

CLASSES = {
    "debezium": "io.debezium.connector.mysql.MySqlConnector",
    "jdbc": "io.confluent.connect.jdbc.JdbcSourceConnector",
    "aiven": "io.aiven.connect.jdbc.JdbcSourceConnector",
}
ENGINES = tuple(CLASSES)


class Source(NamedTuple):
    """A connector of the case; `not_run` says why there is none."""

    engine: str
    not_run: str = ""

    @property
    def name(self) -> str:
        """Its name, which is also the prefix of its topics."""
        return f"lab-verify-types-{self.engine}"

    def topic(self, table: str) -> str:
        """The topic of one table."""
        return f"{self.name}_{table}"


def reason_not_to_run(lab: Lab, engine: str) -> str:
    """Say why an engine cannot be tried on this lab; empty when it can."""
    if CLASSES[engine] not in {plugin["class"] for plugin in lab.rest("/connector-plugins")}:
        return "plugin missing"
    if engine == "debezium" and lab.mysql_engine != "debezium":
        return f"the lab's engine is {lab.mysql_engine}, so user kafka may not read the binary log"
    return ""


def start(lab: Lab, engine: str) -> Source:
    """POST the connector, wait until it runs."""
    source = Source(engine)
    body = {"name": source.name, "config": config_of(lab, source)}
    command = (
        'curl -sS -o /dev/null -w "%{http_code}" -X POST -H "Content-Type: application/json" '
        f"--data {shlex.quote(json.dumps(body))} {lab.settings['connect']}/connectors"
    )
    assert lab.student(command) == "201"
    lab.running(source.name)
    return source


def config_of(lab: Lab, source: Source) -> dict[str, Any]:
    """The course's connector with other tables, topics and names, and nothing else changed."""
    text = (ROOT / f"roles/course/files/connectors/{source.engine}/mysql-source.json").read_text(encoding="utf-8")
    config = json.loads(text)["config"]
    # By the student, as everything that the student can replace.
    here = json.loads(lab.student("cat config/mysql-source.json"))["config"]
    own = {key: here[key] for key in here if key in config and key.startswith(("database.", "connection."))}
    if source.engine == "debezium":
        bootstrap = "schema.history.internal.kafka.bootstrap.servers"
        return {
            **config,
            **own,
            bootstrap: here[bootstrap],
            "database.server.id": "5498",
            "table.include.list": ",".join(f"sensors.{table}" for table in TABLES),
            "topic.prefix": source.name,
            "schema.history.internal.kafka.topic": f"_schema-history-{source.name}",
            "transforms.route.regex": f"{source.name}\\.[^.]+\\.(.+)",
            "transforms.route.replacement": f"{source.name}_$1",
        }
    if "database.hostname" in here:
        address = f"{here['database.hostname']}:{here['database.port']}"
        own["connection.url"] = config["connection.url"].replace("localhost:3306", address)
    # A task for each table: one that ends must not take the others with it.
    return {
        **config,
        **own,
        "tasks.max": str(len(TABLES)),
        "table.whitelist": ",".join(TABLES),
        "topic.prefix": f"{source.name}_",
    }
