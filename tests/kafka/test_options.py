"""Options of Kafka: what the broker, a topic and the worker would refuse."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.streaming.lab.plugins.module_utils.kafka import options as kafka_options

ROOT = Path(__file__).resolve().parents[2]
VERSION, KNOWN = kafka_options.read_definitions()


def test_the_definitions_are_those_of_the_labs_kafka():
    wiring = yaml.safe_load((ROOT / "playbooks/group_vars/all.yml").read_text(encoding="utf-8"))
    assert str(wiring["kafka_version"]) == VERSION
    assert {component: len(names) > 30 for component, names in KNOWN.items()} == {
        "broker": True,
        "topic": True,
        "worker": True,
    }


@pytest.mark.parametrize(
    ("component", "name", "value"),
    [
        ("broker", "num.io.threads", 8),
        ("broker", "num.io.threads", " 8 "),
        ("broker", "log.retention.bytes", -1),
        ("broker", "log.cleaner.min.cleanable.ratio", "5e-1"),
        ("broker", "auto.create.topics.enable", "FALSE"),
        ("broker", "log.cleanup.policy", "compact, delete"),
        ("broker", "compression.type", "zstd"),
        ("broker", "inter.broker.protocol.version", "3.8-IV0"),
        ("broker", "my.plugins.option", "x"),
        ("topic", "cleanup.policy", ["compact", "delete"]),
        ("topic", "compression.gzip.level", -1),
        ("worker", "plugin.discovery", "hybrid_warn"),
        ("worker", "producer.compression.type", "zstd"),
        ("worker", "rest.extension.classes", ""),
    ],
)
def test_an_option_that_kafka_takes_passes(component, name, value):
    assert kafka_options.problems({name: value}, KNOWN[component], component == "topic") == []


@pytest.mark.parametrize(
    ("component", "name", "value", "why"),
    [
        ("broker", "num.io.threads", "many", "it must be a whole number"),
        ("broker", "num.io.threads", 0, "it must be 1 or more"),
        ("broker", "num.io.threads", "8.0", "it must be a whole number"),
        ("broker", "num.io.threads", 2**31, "a whole number of 32 bits"),
        ("broker", "log.cleaner.min.cleanable.ratio", 1.5, "between 0 and 1"),
        ("broker", "auto.create.topics.enable", "yes", "true or false"),
        ("broker", "log.cleanup.policy", "archive", "one of compact, delete"),
        ("broker", "compression.type", "ZSTD", "one of uncompressed, zstd"),
        ("broker", "num.partitons", 3, "did you mean num.partitions?"),
        ("topic", "retention.ms", "7d", "a whole number"),
        ("topic", "retention.m", 1, "is no option of Kafka; did you mean retention.ms?"),
        ("topic", "colour", "x", "colour is no option of Kafka"),
        ("worker", "offset.flush.interval.ms", "soon", "a whole number"),
        ("worker", "plugin.discovery", "some", "one of ONLY_SCAN"),
    ],
)
def test_an_option_that_kafka_would_refuse_or_pass_over_is_named(component, name, value, why):
    (line,) = kafka_options.problems({name: value}, KNOWN[component], component == "topic")
    assert line.startswith(name) and why in line
