"""A worker with the plugins of two engines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connect.health.kit import (
    DEBEZIUM,
    JDBC,
    course,
)
from tests.connect.rest_worker import Worker, running_worker


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A worker with Debezium's and Confluent's plugins."""
    with running_worker() as running:
        plugins = [{"class": name, "type": "source", "version": "1"} for name in (DEBEZIUM, JDBC)]
        running.says("GET", "/connector-plugins", (200, plugins))
        for name in (DEBEZIUM, JDBC):
            engine = "debezium" if name == DEBEZIUM else "jdbc"
            options = {**course(engine), "connection.password": "", "table.whitelist": ""}
            running.says(
                "GET",
                f"/connector-plugins/{name}/config",
                (200, [{"name": option, "type": "STRING"} for option in options]),
            )
        running.says("GET", "/connectors/a/offsets", (200, {"offsets": [{"offset": {"file": "binlog.000003"}}]}))
        yield running
