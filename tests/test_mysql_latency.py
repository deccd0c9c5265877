"""The benchmark of latency measures the student's own connector, on a table of its own."""

from __future__ import annotations

import sys

import pytest

from tests.artifacts_kit import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

import mysql_latency_probe as probe


@pytest.mark.parametrize("engine", ["aiven", "debezium", "jdbc"])
def test_connector_reads_the_benchmarks_table_alone(engine: str) -> None:
    file = ROOT / f"roles/course/files/connectors/{engine}/mysql-source.json"
    config = probe.connector(str(file), "lab_latency_7", 100)
    text = str(config)
    assert "${secrets:/etc/kafka-connect/secrets:mysql_kafka_password}" in text
    assert "temperatures" not in text
    if engine == "debezium":
        assert config["table.include.list"] == "sensors.lab_latency_7"
        assert config["transforms.route.regex"] == ".*\\.(lab_latency_7)$"
        assert config["transforms.route.replacement"] == "mysql_$1"
        assert config["schema.history.internal.kafka.topic"] == "_schema-history-lab_latency_7"
        assert config["topic.prefix"] == "lab_latency_7"
    else:
        assert (config["table.whitelist"], config["poll.interval.ms"]) == ("lab_latency_7", "100")
        assert config["topic.prefix"] == "mysql_"
