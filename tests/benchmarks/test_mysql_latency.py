"""The benchmark of latency measures the student's own connector, on a table of its own."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.artifacts.kit import ROOT

sys.path.append(str(ROOT / "benchmarks"))

import measure
import mysql_latency

# Importing kafka warns of its own ways, which is nobody's business here.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.mark.parametrize("engine", ["aiven", "debezium", "jdbc"])
def test_connector_reads_the_benchmarks_table_alone(engine: str) -> None:
    file = ROOT / f"roles/course/files/connectors/{engine}/mysql-source.json"
    probe = importlib.import_module("mysql_latency_probe")
    config = probe.connector(str(file), "lab_latency_7", 100, {"poll.interval.ms", "table.whitelist"})
    text = str(config)
    assert "${secrets:/etc/kafka-connect/secrets:mysql_kafka_password}" in text
    assert "temperatures" not in text
    if engine == "debezium":
        assert config["table.include.list"] == "sensors.lab_latency_7"
        assert config["transforms.route.regex"] == "lab_latency_7\\.[^.]+\\.(.+)"
        assert config["transforms.route.replacement"] == "mysql_$1"
        assert config["schema.history.internal.kafka.topic"] == "_schema-history-lab_latency_7"
        assert config["topic.prefix"] == "lab_latency_7"
    else:
        assert (config["table.whitelist"], config["poll.interval.ms"]) == ("lab_latency_7", "100")
        assert config["topic.prefix"] == "mysql_"
        assert "poll.linger.ms" not in config
        newer = probe.connector(str(file), "lab_latency_7", 100, {"poll.interval.ms", "poll.linger.ms"})
        assert newer["poll.linger.ms"] == "100"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 0),
        ({"latency": [0.1] * 50 + [2.5] * 50}, 1),
        ({"missing": [7]}, 1),
        ({"repeated": [7]}, 1),
        ({"rate": 50.0}, 2),
    ],
    ids=["good", "slow", "missing", "repeated", "not steady"],
)
def test_result_is_judged_by_its_bar_and_by_what_arrived(
    change: dict[str, Any], status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"class": "io.confluent.connect.jdbc.JdbcSourceConnector", "rows": 100, "rate": 200.0}
    found |= {"missing": [], "repeated": [], "latency": [number / 100 for number in range(100)], **change}
    monkeypatch.setattr(mysql_latency, "on_host", lambda *_arguments: json.dumps(found))
    monkeypatch.setattr(measure, "ROOT", tmp_path)
    monkeypatch.setattr(measure, "OUTPUT", tmp_path / "out")
    monkeypatch.setattr(sys, "argv", ["mysql_latency.py"])
    assert mysql_latency.main() == status
    if status == 0:
        row = json.loads((tmp_path / "out/mysql_latency-jdbc.json").read_text())["rows"][0]
        assert (row["engine"], row["rows"], row["missing"], row["repeated"]) == ("jdbc", 100, 0, 0)
        assert (row["p50_s"], row["max_s"]) == (pytest.approx(0.495), 0.99)
        assert row["p95_s"] == pytest.approx(0.9405)
