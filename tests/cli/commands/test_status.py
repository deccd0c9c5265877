"""What status and shell make of a host."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator

import pytest

from cli.commands import shell, status
from cli.engine import inventory


def unit(name: str, **more: object) -> dict:
    return {"name": name, "state": "active", "enabled": True, "since": "", "restarts": 0, "memory_mb": None, **more}


def test_table_has_a_line_a_service_and_a_line_a_silent_host() -> None:
    states = {"kafka": {"services": [unit("kafka", memory_mb=402), unit("zookeeper", restarts=2)], "groups": ["kafka"]}}
    assert status.table(states, ["hadoopmaster"]) == [
        "  hadoopmaster  does not answer",
        "  kafka         kafka             active, 402 MB",
        "                zookeeper         active, restarted 2 times",
    ]


def test_connectors_have_a_line_each_and_what_failed_says_why() -> None:
    found = [
        {"name": "a", "state": "RUNNING", "detail": "1 task", "notes": ["sensors.t.v (TIME): a note"]},
        {"name": "b", "state": "STOPPED", "detail": "0 tasks", "notes": []},
        {"name": "mysql-temperatures2", "state": "FAILED", "detail": "task 1: Error: no route", "notes": []},
    ]
    states = {"kafka": {"services": [], "connectors": found}, "hadoopmaster": {"services": []}}
    assert status.connectors(states) == [
        "  connectors on kafka:",
        "    a                    running, 1 task",
        "                         sensors.t.v (TIME): a note",
        "    b                    stopped, 0 tasks",
        "    mysql-temperatures2  failed, task 1: Error: no route",
    ]
    assert [found["state"] for found in status.connectors_of(states)] == ["RUNNING", "STOPPED", "FAILED"]
    assert status.connectors({"kafka": {"services": [], "connectors": []}}) == []


def test_columns_that_were_not_checked_say_why() -> None:
    found = [{"name": "a", "state": "RUNNING", "detail": "1 task", "notes": []}]
    state = {"services": [], "connectors": found, "columns_not_checked": "no Kafka Connect at http://127.0.0.1:8083"}
    assert status.connectors({"kafka": state})[-1] == (
        "  kafka: columns not checked: no Kafka Connect at http://127.0.0.1:8083"
    )
    assert len(status.connectors({"kafka": {**state, "columns_not_checked": ""}})) == 2


def test_a_unit_without_a_part_on_the_host_is_left_out() -> None:
    idle = unit("mysql", state="inactive", enabled=False)
    assert status.units_of({"services": [idle], "groups": ["namenode"]}) == []
    assert status.units_of({"services": [idle], "groups": ["mysql"]}) == [idle]
    assert status.describe(idle) == "inactive, not started at boot"


@pytest.mark.parametrize(
    "words",
    [["printf", "%s|", "a b", "$HOME", "it's", '"x"', "*"], ["printf '%s|' 'a b' '$HOME' \"it's\" '\"x\"' '*'"]],
)
def test_a_command_arrives_as_it_was_given(words: list[str]) -> None:
    remote = shell.ssh_arguments("kafka", {}, shell.remote_command(None, words), terminal=False)[-1]
    # What sshd does with the line it is sent: the login shell reads it.
    arrived = subprocess.run(["bash", "-c", remote], capture_output=True, text=True, check=True)
    assert arrived.stdout == 'a b|$HOME|it\'s|"x"|*|'


def test_ssh_gets_the_inventorys_values_and_paths_with_blanks() -> None:
    host = {
        "ansible_host": "10.0.0.5",
        "ansible_port": 2222,
        "ansible_user": "ubuntu",
        "ansible_ssh_private_key_file": "/my clone/id",
        "ansible_ssh_common_args": '-o UserKnownHostsFile="/my clone/known_hosts" -o StrictHostKeyChecking=accept-new',
    }
    argv = shell.ssh_arguments("kafka", host, ["true"], terminal=False)
    assert argv[-2:] == ["10.0.0.5", "true"]
    assert {'IdentityFile="/my clone/id"', 'UserKnownHostsFile="/my clone/known_hosts"', "2222", "ubuntu"} <= set(argv)


def test_who_works_where() -> None:
    assert shell.user_of({"groups": ["kafka", "workspace"], "course_user": "alumne"}) == "alumne"
    assert shell.user_of({"groups": ["datanode"]}) == "hadoop"
    assert shell.user_of({"groups": ["mysql"]}) is None


@pytest.fixture
def greeter() -> Iterator[socket.socket]:
    """A server of one connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.mark.parametrize(("greeting", "answers"), [(b"SSH-2.0-OpenSSH\r\n", True), (b"", False)])
def test_a_host_answers_when_its_ssh_server_greets(greeter: socket.socket, greeting: bytes, answers: bool) -> None:
    def serve() -> None:
        connection, _ = greeter.accept()
        with connection:
            connection.sendall(greeting)

    thread = threading.Thread(target=serve)
    thread.start()
    host = {"ansible_host": "127.0.0.1", "ansible_port": greeter.getsockname()[1]}
    assert inventory._answers(("kafka", host)) is answers
    thread.join()


def test_what_nobody_wants_is_left_out_and_what_a_unit_says_is_shown() -> None:
    idle = unit("bluesky-search", state="inactive", enabled=False)
    failed = unit("bluesky-search", state="failed", enabled=False, says="ended: bsky.social refuses the login")
    watching = unit("kafka-connect-watchdog", says="bluesky-laliga: RUNNING; restarted 2 times")
    assert status.units_of({"services": [idle, watching]}) == [watching]
    assert status.units_of({"services": [failed]}) == [failed]
    assert status.describe(failed) == "failed, not started at boot, ended: bsky.social refuses the login"
    assert status.describe(watching) == "active, bluesky-laliga: RUNNING; restarted 2 times"
