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


def test_definitions_are_read_line_by_line(tmp_path):
    path = tmp_path / "definitions.tsv"
    path.write_text("# Kafka 9.9.9: é\n# a comment\nbroker\ta b\tINT\t[1,...]\ntopic\tc\tSTRING\n", encoding="utf-8")
    assert kafka_options.read_definitions(path) == (
        "9.9.9",
        {
            "broker": {"a b": kafka_options.Definition("INT", "[1,...]")},
            "topic": {"c": kafka_options.Definition("STRING", "")},
        },
    )


@pytest.mark.parametrize(("kind", "bits"), [("SHORT", 16), ("INT", 32), ("LONG", 64)])
def test_a_whole_number_fits_its_bits(kind, bits):
    definition = kafka_options.Definition(kind, "")
    for fits in (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1):
        assert kafka_options.refusal(definition, str(fits)) == ""
    for too_large in (-(2 ** (bits - 1)) - 1, 2 ** (bits - 1)):
        assert kafka_options.refusal(definition, str(too_large)) == f"a whole number of {bits} bits"


NAMES = ", ".join(f"n{number}" for number in range(10))


@pytest.mark.parametrize(
    ("kind", "validator", "text", "why"),
    [
        ("INT", "[1,...]", "1", ""),
        ("INT", "[1,...]", "0", "1 or more"),
        ("INT", "[0,...,5]", "5", ""),
        ("INT", "[0,...,5]", "6", "between 0 and 5"),
        ("INT", "[1,...] or -1", "-1", ""),
        ("INT", "[1,...] or -1", "0", "1 or more"),
        ("STRING", "[a, b]", "a", ""),
        ("STRING", "[a, b]", "A", "one of a, b"),
        ("STRING", "(case insensitive) [PLAIN, Ssl]", "plain", ""),
        ("STRING", "(case insensitive) [straße]", "STRASSE", "one of straße"),
        ("LIST", "[a, b]", "b,a", ""),
        ("STRING", f"[{NAMES}]", "x", "one of n0 ... n9"),
        ("STRING", f"[{NAMES.removesuffix(', n9')}]", "x", f"one of {NAMES.removesuffix(', n9')}"),
        ("STRING", "non-empty string", "", "not empty"),
        ("STRING", "non-empty string", "x", ""),
        ("STRING", "", "", ""),
        ("STRING", "another validator", "", ""),
    ],
)
def test_a_value_within_and_outside_its_validator(kind, validator, text, why):
    assert kafka_options.refusal(kafka_options.Definition(kind, validator), text) == why


def test_a_plugins_option_is_only_refused_when_it_is_nearly_a_known_one():
    known = {"retention.ms": kafka_options.Definition("LONG", "")}
    assert kafka_options.problems({"retention": 1}, known, complete=False) == []
    assert kafka_options.problems({"retentions.ms": 1}, known, complete=False) == [
        "retentions.ms is no option of Kafka; did you mean retention.ms?"
    ]
    assert kafka_options.problems({"retention": 1, "x": 1}, known, complete=True) == [
        "retention is no option of Kafka; did you mean retention.ms?",
        "x is no option of Kafka",
    ]
