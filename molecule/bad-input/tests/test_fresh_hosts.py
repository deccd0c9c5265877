"""What is wrong on a host is said before anything on it is changed; a dry run tells all and changes nothing."""

from __future__ import annotations

import pytest
from scenario_kit import Scenario

from verify.support.machine import Machine
from verify.support.waits import until

pytestmark = pytest.mark.usefixtures("untouched")


def test_setting_of_the_wrong_type(scenario: Scenario) -> None:
    ended = scenario.lab("up", settings={"kafka_uid": "many"})
    ended.refuses("kafka_uid", "many", hosts=["hadoopmaster", "kafka"])


def test_host_with_too_little_memory(scenario: Scenario) -> None:
    ended = scenario.lab("up", settings={"preflight_memory_mb": 9000000})
    ended.refuses("memory:", "9000000 MB needed", hosts=["hadoopmaster", "kafka"])


def test_host_with_too_little_disk(scenario: Scenario) -> None:
    ended = scenario.lab("up", settings={"preflight_disk_mb": 900000000})
    ended.refuses("disk:", "900000000 MB needed", hosts=["hadoopmaster", "kafka"])


def test_port_of_a_server_taken_on_a_host(scenario: Scenario, fresh: dict[str, Machine]) -> None:
    kafka = fresh["kafka"]
    kafka.root("systemd-run --quiet --collect --unit=squatter python3 -m http.server 9092")
    try:
        until(lambda: kafka.root("ss -Hltn sport = :9092", check=False), bool, 10, "a listener on 9092")
        ended = scenario.lab("up", "--limit", "kafka")
    finally:
        kafka.root("systemctl stop squatter")
    ended.refuses("port: 9092 is taken by process", "http.server", hosts=["kafka"])


def test_dry_run(scenario: Scenario) -> None:
    ended = scenario.lab("up", "--check")
    assert ended.status == 0, ended.text
    for would in (
        "would change kafka: kafka : Install Kafka's programs",
        "would change kafka: kafka : Write the broker's unit",
        "would change hadoopmaster: hadoop : Write the units",
        "nothing was changed",
    ):
        assert would in ended.text, f"{would!r} is not in\n{ended.text}"
