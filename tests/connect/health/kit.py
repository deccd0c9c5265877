"""One connector as the worker lists it, and the report on it."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.streaming.lab.plugins.module_utils.connect.health import Connect, report
from tests.artifacts.kit import ROOT
from tests.connect.rest_worker import Worker

LOOK = "/connectors?expand=info&expand=status"
DEBEZIUM = "io.debezium.connector.mysql.MySqlConnector"
JDBC = "io.confluent.connect.jdbc.JdbcSourceConnector"
HERE = ["localhost:3306"]
LOGS = {"binary_logs": ["binlog.000003"], "gtid_purged": "", "gtid_executed": "", "columns": []}


def course(engine: str, **more: str) -> dict[str, str]:
    """The course's connector of an engine; `__` in an option's name stands for a dot."""
    path = ROOT / f"roles/course/files/connectors/{engine}/mysql-source.json"
    config = json.loads(path.read_text(encoding="utf-8"))["config"]
    return {**config, **{key.replace("__", "."): value for key, value in more.items()}}


def entry(
    config: dict[str, str], state: str = "RUNNING", task: str | None = "RUNNING", trace: str = ""
) -> dict[str, Any]:
    """A connector as the worker lists it, with one task or none."""
    tasks = [] if task is None else [{"id": 0, "state": task, "trace": trace, "worker_id": "kafka:8083"}]
    status = {"connector": {"state": state, "worker_id": "kafka:8083"}, "tasks": tasks}
    return {"info": {"config": {**config, "name": "a"}}, "status": status}


def look(
    worker: Worker, found: dict[str, Any], server: dict[str, Any] | None = None, journal: str = ""
) -> dict[str, Any]:
    """What is said of one connector."""
    worker.says("GET", LOOK, (200, {"a": found}))
    return report(Connect(worker.url, 5, 0.2), server or {}, HERE, journal)[0]


def old_position(worker: Worker) -> Connect:
    """A worker of which the stored offset is no longer in the server's logs, and that takes every order."""
    worker.says("GET", "/connectors/a/offsets", (200, {"offsets": [{"offset": {"file": "binlog.000001"}}]}))
    for verb in ("stop", "resume"):
        worker.says("PUT", f"/connectors/a/{verb}", (202, None))
    worker.says("DELETE", "/connectors/a/offsets", (200, {"message": "reset"}))
    return Connect(worker.url, 5, 0.2)
