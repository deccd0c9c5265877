"""The line in which a server says why it ended, among all that it wrote."""

from __future__ import annotations

import json

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.machine.server_errors import (
    is_down,
    last_words,
    words_of_journal,
)

JVM = """\
Invalid initial heap size: -Xmslots
Error: Could not create the Java Virtual Machine.
Error: A fatal exception has occurred. Program will exit.
kafka at 127.0.0.1:9092 not ready within 170 s: the server refuses connections
"""
BROKER = """\
[2026-11-26 01:00:00,001] INFO Registered kafka:type=kafka.Log4jController MBean (kafka.utils)
[2026-11-26 01:00:00,101] ERROR Exiting Kafka due to fatal exception (kafka.Kafka$)
org.apache.kafka.common.config.ConfigException: Invalid value many for configuration num.io.threads: Not a number
\tat org.apache.kafka.common.config.ConfigDef.parseType(ConfigDef.java:757)
\tat kafka.Kafka.main(Kafka.scala)
"""
NAMENODE = """\
2026-11-26 01:00:00,000 ERROR org.apache.hadoop.hdfs.server.namenode.NameNode: Failed to start namenode.
java.net.BindException: Port in use: 0.0.0.0:9870
\tat org.apache.hadoop.http.HttpServer2.constructBindException(HttpServer2.java:1)
Caused by: java.net.BindException: Address already in use
\t... 9 more
2026-11-26 01:00:00,010 INFO org.apache.hadoop.hdfs.server.namenode.NameNode: SHUTDOWN_MSG:
/************************************************************
"""
MYSQL = """\
2026-11-26T01:00:00.000001Z 0 [System] [MY-010116] [Server] /usr/sbin/mysqld (mysqld 8.0.40) starting as process 1
2026-11-26T01:00:00.000002Z 0 [ERROR] [MY-000077] [Server] /usr/sbin/mysqld: Error while setting value '64MB' to 'x'.
2026-11-26T01:00:00.000003Z 0 [System] [MY-010910] [Server] /usr/sbin/mysqld: Shutdown complete (mysqld 8.0.40)
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (JVM, "Invalid initial heap size: -Xmslots"),
        (BROKER, "ConfigException: Invalid value many for configuration num.io.threads: Not a number"),
        (NAMENODE, "java.net.BindException: Address already in use"),
        (MYSQL, "Error while setting value '64MB' to 'x'."),
        ("Unrecognized VM option 'UseNoGC'\nError: Could not create the Java Virtual Machine.\n", "option 'UseNoGC'"),
        ("hdfs-sink: error: argument --rows: invalid int value: 'many'\n", "argument --rows: invalid int value"),
        ("started\nall is well\n", "all is well"),
        (
            "[2026-11-26 01:00:00,001] INFO starting (kafka.server.KafkaServer)\n"
            "kafka at 127.0.0.1:9092 not ready within 60 s: the server refuses connections\n"
            "[2026-11-26 01:01:00,001] ERROR Fatal error during KafkaServer shutdown. (kafka.server.KafkaServer)\n"
            "java.lang.IllegalStateException: Kafka server is still starting up, cannot shut down!\n",
            "not ready within 60 s: the server refuses connections",
        ),
        ("", ""),
    ],
)
def test_the_cause_is_found(text: str, words: str) -> None:
    line = last_words(text.splitlines())
    assert words in line
    assert "\n" not in line and not line.startswith("[2026")


def test_a_servers_text_cannot_move_the_cursor_and_is_of_bearable_length() -> None:
    line = last_words(["Error: \x1b[2J\x1b]0;x\x07 gone " + "x" * 1000])
    assert line.isprintable() and len(line) <= 300


def journal(*starts: list) -> str:
    """What journalctl prints for some starts of a unit."""
    entries = [
        {"MESSAGE": message, "_SYSTEMD_INVOCATION_ID": str(number)}
        for number, messages in enumerate(starts)
        for message in messages
    ]
    return "".join(json.dumps(entry) + "\n" for entry in entries)


def test_a_start_under_way_does_not_hide_why_the_one_before_failed() -> None:
    text = journal(["java.lang.Error: old"], ["all is well"], ["Invalid listener NOPE"], ["waiting for the id"], [])
    assert words_of_journal(text) == "Invalid listener NOPE"


def test_bytes_that_are_no_text_are_read() -> None:
    assert words_of_journal(journal([list(b"Error: \xff gone")])) == "Error: \ufffd gone"


def test_a_server_that_wrote_nothing_has_no_words() -> None:
    assert words_of_journal("") == ""


@pytest.mark.parametrize(
    ("values", "down"),
    [
        ({"ActiveState": "failed", "SubState": "failed", "Result": "exit-code"}, True),
        ({"ActiveState": "activating", "SubState": "auto-restart", "Result": "exit-code"}, True),
        ({"ActiveState": "activating", "SubState": "start-pre", "Result": "success"}, True),
        ({"ActiveState": "active", "SubState": "running", "Result": "success"}, False),
        ({"ActiveState": "inactive", "SubState": "dead", "Result": "success"}, False),
    ],
)
def test_a_unit_is_down_when_it_failed_or_is_tried_again(values: dict[str, str], down: bool) -> None:
    assert is_down(values) is down
