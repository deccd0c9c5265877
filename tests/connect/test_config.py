"""Options that a connector's plugin does not know are found by name, and no option that something reads is refused."""

from __future__ import annotations

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.connect.config import (
    defined_names,
    ignored_options,
    meant,
    say_unknown,
    unknown_options,
)

# The shape of GET /connector-plugins/CLASS/config, in short.
JDBC = [
    {"name": name, "type": kind}
    for name, kind in {
        "connection.url": "STRING", "connection.user": "STRING", "connection.password": "PASSWORD",
        "table.whitelist": "LIST", "table.blacklist": "LIST", "table.types": "LIST", "topic.prefix": "STRING",
        "mode": "STRING", "incrementing.column.name": "STRING", "poll.interval.ms": "INT",
    }.items()
]  # fmt: skip
JDBC_CLASS = "io.confluent.connect.jdbc.JdbcSourceConnector"
GOOD = {"connector.class": JDBC_CLASS, "tasks.max": "1", "connection.url": "jdbc:mysql://h/d", "topic.prefix": "mysql_"}


def unknown(kind: str = "source", **more: str) -> dict[str, list[str]]:
    """What is unknown in the good config with more options, `__` standing for a dot."""
    return unknown_options(GOOD | {name.replace("__", "."): value for name, value in more.items()}, JDBC, kind)


def test_the_notes_table_is_no_option_and_the_right_one_is_named():
    found = unknown(table="temperatures")
    assert list(found) == ["table"]
    assert "table.whitelist" in found["table"]


def test_a_misspelt_option_is_named_with_the_one_meant():
    found = unknown(toppic__prefix="x", incrementing__column="id")
    assert found == {"toppic.prefix": ["topic.prefix"], "incrementing.column": ["incrementing.column.name"]}
    assert say_unknown(found, "JdbcSourceConnector").startswith(
        "toppic.prefix is no option of JdbcSourceConnector, did you mean topic.prefix?"
    )


def test_what_the_plugin_or_connect_or_a_client_reads_is_known():
    assert not unknown(
        mode="bulk", errors__tolerance="all", value__converter__schemas__enable="false", topic__creation__groups="a",
        topic__creation__default__partitions="1", topic__creation__a__cleanup__policy="compact",
        producer__override__linger__ms="5", transforms="t", transforms__t__type="X", transforms__t__field="f",
        connection__useSSL="false", config__action__reload="none",
    )  # fmt: skip


def test_errors_are_not_taken_on_trust():
    assert unknown(errors__tolerence="all") == {"errors.tolerence": ["errors.tolerance"]}


def test_an_option_of_the_other_kind_is_unknown():
    assert "topics" in unknown(topics="a")
    assert not unknown_options({"connector.class": "Sink", "topics": "a", "file": "f"}, [{"name": "file"}], "sink")
    assert list(
        unknown_options({"topics": "a", "topic.creation.default.partitions": "1"}, [{"name": "file"}], "sink")
    ) == ["topic.creation.default.partitions"]


def test_an_alias_that_no_list_names_is_unknown():
    assert list(unknown(transforms="unwrap", transforms__unwarp__type="X")) == ["transforms.unwarp.type"]
    assert list(unknown(predicates__p__type="X")) == ["predicates.p.type"]
    assert list(unknown(topic__creation__logs__partitions="1")) == ["topic.creation.logs.partitions"]


def test_options_of_a_transformation_are_checked_where_its_class_was_asked():
    asked = [*JDBC, *[{"name": f"transforms.r.{own}"} for own in ("type", "predicate", "negate", "regex")]]
    config = {
        **GOOD,
        "transforms": "r",
        "transforms.r.type": "org.apache.kafka.connect.transforms.RegexRouter",
        "transforms.r.regexx": "a",
        "transforms.r.regex": "a",
    }
    assert unknown_options(config, asked, "source") == {"transforms.r.regexx": ["transforms.r.regex"]}
    assert not unknown_options(config, JDBC, "source"), "not asked: what the class reads is not known"
    other = {**config, "transforms.r.type": "io.debezium.transforms.ExtractNewRecordState"}
    assert not unknown_options(other, asked, "source"), "other makers' classes read more than they define"


def test_what_debezium_passes_on_is_known():
    config = {
        "connector.class": "io.debezium.connector.mysql.MySqlConnector", "driver.allowPublicKeyRetrieval": "true",
        "schema.history.internal.kafka.topic": "t", "converters": "isbn", "isbn.type": "X", "isbn.schema.name": "y",
    }  # fmt: skip
    assert not unknown_options(config, [{"name": "converters"}], "source")
    assert "isbn.type" in unknown_options({**config, "converters": ""}, [{"name": "converters"}], "source")


def test_names_that_a_person_vouches_for():
    config = {**GOOD, "odd": "1", "vendor.a": "1", "vendor.b": "2"}
    assert not unknown_options(config, JDBC, "source", allowed=["odd", "vendor.*"])
    assert list(unknown_options(config, JDBC, "source", allowed=["vendor.a"])) == ["odd", "vendor.b"]


def test_definitions_of_a_validation_are_read_too():
    configs = [{"definition": {"name": "file", "type": "STRING"}, "value": {"name": "file", "errors": []}}]
    assert defined_names(configs) == {"file"}


def test_nothing_close_suggests_nothing():
    assert meant("zzz", {"file", "topics"}) == []


def test_a_kind_is_source_or_sink():
    with pytest.raises(ValueError, match="source or a sink"):
        unknown_options({}, [], "transformation")


@pytest.mark.parametrize("converter", ["key.converter", "value.converter", "header.converter"])
def test_options_of_a_converter_that_the_connector_does_not_name_are_refused_in_one_line(converter):
    options = {f"{converter}.decimal.format": "NUMERIC", f"{converter}.schemas.enable": "false"}
    (line,) = ignored_options({**GOOD, **options})
    assert line.startswith(f"{converter}.decimal.format, {converter}.schemas.enable has no effect")
    assert f"add {converter}=org.apache.kafka.connect." in line and "\n" not in line
    assert ignored_options({**GOOD, **options, converter: " "}), "a blank names no converter"
    assert not ignored_options({**GOOD, **options, converter: "org.apache.kafka.connect.json.JsonConverter"})
    assert not ignored_options({**GOOD, **options}, allowed=[f"{converter}.*"])


def test_options_that_need_another_one_are_refused_without_it():
    alone = {"errors.log.include.messages": "true", "errors.deadletterqueue.context.headers.enable": "true"}
    said = ignored_options({**GOOD, **alone, "errors.log.enable": "false"})
    assert [line.partition(";")[0] for line in said] == [
        "errors.log.include.messages has no effect without errors.log.enable",
        "errors.deadletterqueue.context.headers.enable has no effect without errors.deadletterqueue.topic.name",
    ]
    together = {"errors.log.enable": "true", "errors.deadletterqueue.topic.name": "dead"}
    assert not ignored_options({**GOOD, **alone, **together})


@pytest.mark.parametrize(
    ("name", "default", "other"),
    [
        ("errors.log.include.messages", "false", "true"),
        ("errors.log.include.messages", False, True),
        ("errors.deadletterqueue.context.headers.enable", "false", "true"),
        ("errors.retry.delay.max.ms", "60000", "1000"),
        ("errors.deadletterqueue.topic.replication.factor", 3, 1),
    ],
)
def test_an_option_with_kafkas_default_needs_no_other_option(name, default, other):
    assert ignored_options({**GOOD, name: default}) == []
    assert len(ignored_options({**GOOD, name: other})) == 1


def test_a_misspelt_option_of_kafkas_own_converter_is_named():
    asked = [*JDBC, {"name": "value.converter.schemas.enable"}, {"name": "value.converter.decimal.format"}]
    json_converter = {"value.converter": "org.apache.kafka.connect.json.JsonConverter"}
    config = {**GOOD, **json_converter, "value.converter.decimal.fromat": "NUMERIC"}
    assert unknown_options(config, asked, "source") == {
        "value.converter.decimal.fromat": ["value.converter.decimal.format"]
    }
    avro = {**config, "value.converter": "io.confluent.connect.avro.AvroConverter"}
    assert not unknown_options(avro, asked, "source"), "another maker's converter reads more than it defines"
    assert not unknown_options(config, JDBC, "source"), "the worker did not list the converter's options"
