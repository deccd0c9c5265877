"""A server that does not start with a setting that nobody could refuse beforehand: its own words, and the way back."""

from __future__ import annotations

import re

from scenario_kit import Scenario


def test_a_broker_that_does_not_start_says_why(scenario: Scenario) -> None:
    ended = scenario.lab(
        "up", "--no-verify", settings={"kafka_server_properties": {"listeners": "NOPE://0.0.0.0:9092"}}
    )
    assert ended.status == 3, ended.text
    (line,) = re.findall(r"kafka: servers that do not run: (kafka: .*)", ended.text)
    assert "NOPE" in line and "(journalctl -u kafka)" in line


def test_and_starts_again_without_it(scenario: Scenario) -> None:
    ended = scenario.lab("up", "--no-verify")
    assert ended.status == 0 and ended.changed > 0, ended.text
