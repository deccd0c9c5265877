"""Fixtures: a worker of canned answers, and the work of the module kafka_connector on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.connect import rest as connect_rest
from ansible_collections.streaming.lab.plugins.module_utils.connect import state as connector_state
from ansible_collections.streaming.lab.plugins.module_utils.connect.apply import reconcile
from tests.connect.apply.kit import (
    CLASS,
    CONFIG,
    LOOK,
    VALIDATE,
    status,
    validated,
)
from tests.connect.rest_worker import Worker, running_worker


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """A worker without connectors that finds every config right and runs it at once."""
    monkeypatch.setattr(connect_rest, "PAUSE", 0.001)
    monkeypatch.setattr(connector_state, "PAUSE", 0.001)
    monkeypatch.setattr(connector_state, "SETTLE", 0.01)
    monkeypatch.setattr(connector_state, "RECOVER", 0.05)
    with running_worker() as running:
        running.says("GET", LOOK, (200, {}))
        running.says("GET", "/connectors", (200, []))
        running.says("GET", "/connector-plugins", (200, [{"class": CLASS, "type": "source", "version": "3.8.1"}]))
        running.says("PUT", VALIDATE, (200, validated()))
        running.says("POST", "/connectors", (201, {}))
        running.says("PUT", "/connectors/a/config", (200, {}))
        running.says("GET", "/connectors/a/status", (200, status()))
        yield running


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Where what is declared is noted."""
    return tmp_path / "lib" / "declared.json"


@pytest.fixture
def declare(worker: Worker, ledger: Path) -> Callable[..., dict]:
    """Run the module's work with one connector `a` (or none)."""

    def run(config: dict | None = CONFIG, check: bool = False, none: bool = False, **more: object) -> dict:
        entry = {"name": "a", "config": config, "state": "running", **more}
        options = {
            "url": worker.url, "connectors": [] if none else [entry], "files": None, "ledger": str(ledger),
            "undeclared": "delete", "timeout": 5, "patience": 2,
        }  # fmt: skip
        return reconcile(options, check)

    return run
