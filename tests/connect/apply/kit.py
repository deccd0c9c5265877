"""Answers of the worker about one connector, and the ledger of what is declared."""

from __future__ import annotations

import json
from pathlib import Path

CLASS = "org.apache.kafka.connect.file.FileStreamSourceConnector"
CONFIG = {"connector.class": CLASS, "file": "/a", "topic": "t"}
LOOK = "/connectors?expand=info&expand=status"
CHANGE = "/connectors/a/config"
VALIDATE = f"/connector-plugins/{CLASS}/config/validate"
TRACE = """org.apache.kafka.connect.errors.ConnectException: cannot read https://u:geheim@h/
\tat org.apache.kafka.connect.file.FileStreamSourceTask.poll(FileStreamSourceTask.java:100)
Caused by: java.nio.file.AccessDeniedException: /a
\tat java.base/sun.nio.fs.UnixException.translateToIOException(UnixException.java:90)
"""


def status(state: str = "RUNNING", task: str = "RUNNING", trace: str = "") -> dict:
    """What Connect says of a connector with one task."""
    part = {"worker_id": "kafka:8083"}
    return {"connector": {"state": state, **part}, "tasks": [{"id": 0, "state": task, "trace": trace, **part}]}


def there(config: dict, now: dict) -> dict:
    """One connector as the worker lists it."""
    return {"a": {"info": {"config": {**config, "name": "a"}}, "status": now}}


def validated(**errors: str) -> dict:
    """A validation's answer, with errors by option."""
    names = ("name", "connector.class", "file", "topic", "pin")
    return {
        "configs": [
            {
                "definition": {"name": name, "type": "PASSWORD" if name == "pin" else "STRING"},
                "value": {"name": name, "value": None, "errors": [errors[name]] if name in errors else []},
            }
            for name in names
        ]
    }


def noted(ledger: Path) -> dict:
    """What the ledger says of connectors."""
    return json.loads(ledger.read_text(encoding="utf-8"))["connectors"] if ledger.exists() else {}
