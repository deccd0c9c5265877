"""The NameNodes of a name service restart one after another: each is ready before the next one goes."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from ansible_collections.streaming.lab.plugins.modules import namenode_state
from tests.playbooks import ansible_playbook

READY = {"NameNodeStatus": {"State": "standby"}, "NameNodeInfo": {"Safemode": ""}, "Runtime": {"StartTime": 5000}}
SAFE_MODE = "Safe mode is ON. The reported blocks 0 needs additional 12 blocks."


class NameNode(ThreadingHTTPServer):
    """A NameNode's web server: `answers` are its beans by name, at each request the next ones."""

    def __init__(self, answers: list[dict]) -> None:
        super().__init__(("127.0.0.1", 0), Pages)
        self.answers = answers
        self.url = f"http://127.0.0.1:{self.server_port}"


class Pages(BaseHTTPRequestHandler):
    """Answers /jmx."""

    server: NameNode

    def do_GET(self) -> None:
        """One bean; a round of questions ends with that of Java's runtime."""
        name = urlsplit(self.path).query.rpartition("=")[2]
        beans = self.server.answers[0]
        if name == "Runtime" and len(self.server.answers) > 1:
            self.server.answers.pop(0)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"beans": [beans[name]] if name in beans else []}).encode())

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def namenode(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., NameNode]]:
    """Starts web servers with these beans."""
    monkeypatch.setattr(namenode_state, "PAUSE_SECONDS", 0.01)
    started = []

    def start(*answers: dict) -> NameNode:
        started.append(NameNode(list(answers)))
        threading.Thread(target=started[-1].serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return started[-1]

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


@pytest.fixture
def closed() -> str:
    """A web address at which nothing answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_ready_namenode_gives_its_state_and_start(namenode: Callable[..., NameNode], dead_proxy: None) -> None:
    assert namenode_state.wait([namenode(READY).url], 0) == ("standby", 5000, "")


def test_the_wait_lasts_through_start_and_safe_mode(namenode: Callable[..., NameNode]) -> None:
    server = namenode(
        {},
        {**READY, "NameNodeStatus": {"State": "initializing"}},
        {"NameNodeStatus": {"State": "standby"}},
        {**READY, "NameNodeInfo": {"Safemode": SAFE_MODE}},
        {**READY, "NameNodeStatus": {"State": "active"}},
    )
    assert namenode_state.wait([server.url], 30) == ("active", 5000, "")
    assert len(server.answers) == 1


@pytest.mark.parametrize(
    ("beans", "reason"),
    [
        ({}, "its state is unknown"),
        ({**READY, "NameNodeStatus": {"State": "initializing"}}, "its state is initializing"),
        ({**READY, "NameNodeInfo": {"Safemode": SAFE_MODE}}, SAFE_MODE),
        ({"NameNodeStatus": {"State": "standby"}}, "it is still starting"),
    ],
)
def test_the_reason_of_a_namenode_that_is_not_ready_is_hadoops(
    namenode: Callable[..., NameNode], beans: dict, reason: str
) -> None:
    url = namenode(beans).url
    assert namenode_state.wait([url], 0.05)[2] == f"NameNode {url} is not ready after 0.05 s ({reason})"


def test_a_namenode_that_does_not_answer_is_named(closed: str) -> None:
    state, started, reason = namenode_state.wait([closed], 0.05)
    assert (state, started) == ("", 0)
    assert reason.startswith(f"NameNode {closed} is not ready after 0.05 s (it does not answer: ")
    assert "refused" in reason


def test_without_safe_mode_the_state_is_waited_for_alone(namenode: Callable[..., NameNode]) -> None:
    safe = {**READY, "NameNodeInfo": {"Safemode": SAFE_MODE}}
    assert namenode_state.wait([namenode(safe).url], 0.05, safe_mode=False) == ("standby", 5000, "")
    still_starting = namenode({"NameNodeStatus": {"State": "standby"}})
    assert "it is still starting" in namenode_state.wait([still_starting.url], 0.05, safe_mode=False)[2]


def test_of_several_addresses_the_hosts_own_is_asked() -> None:
    # 203.0.113.0/24 is for documentation: no machine has such an address.
    other, mine = "http://203.0.113.1:9870", "http://127.0.0.1:9870"
    assert namenode_state.own_urls([other, mine]) == [mine]
    assert namenode_state.own_urls([other]) == [other]
    assert namenode_state.own_urls([other, "http://203.0.113.2:9870"]) == [other, "http://203.0.113.2:9870"]


PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: {name: webhdfs, tasks_from: restart}
"""
SYSTEMCTL = """
case "$*" in
  *ActiveEnterTimestamp*) echo "ActiveEnterTimestamp=$(cat "$RESTARTED.${@: -1}" 2>/dev/null)" ;;
  *show*) printf 'Id=x.service\\nLoadState=loaded\\nActiveState=active\\nSubState=running\\n' ;;
  *restart*) echo "${@: -1}" >>"$RESTARTED" ;;
esac
"""


@pytest.fixture
def restart(tmp_path: Path, fake_commands: Callable[[str, str], Path]) -> Callable[..., tuple[list, str]]:
    """Runs the role's restart on this machine as several hosts; the restarted units, and Ansible's output.

    Of `datanodes` systemd shows these starts, by the host's name.
    """
    folder = fake_commands("systemctl", SYSTEMCTL)
    restarted = tmp_path / "restarted"

    def run(
        servers: dict[str, NameNode],
        changed: bool | str = True,
        datanodes: dict[str, str] | None = None,
        written: int = 0,
    ) -> tuple[list[str], str]:
        local = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "url": "http://127.0.0.1:9",
        }
        hosts = {name: {"url": server.url} for name, server in servers.items()}
        others = datanodes or {}
        for name, start in others.items():
            (tmp_path / f"restarted.{name}.service").write_text(start, encoding="utf-8")
        groups = {"namenode": {"hosts": hosts}, "datanode": {"hosts": {name: {} for name in others}}}
        inventory = {"all": {"vars": local, "children": groups}}
        (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
        (tmp_path / "play.yml").write_text(PLAY, encoding="utf-8")
        settings = {
            "__webhdfs_changed": {"changed": changed, "written": written},
            "__webhdfs_urls": ["{{ url }}"],
            "webhdfs_restart_units": ["{{ inventory_hostname }}.service"],
            "webhdfs_restart_timeout": 2,
        }
        files = ["-i", str(tmp_path / "hosts.yml"), str(tmp_path / "play.yml"), "-e", json.dumps(settings)]
        path = f"{folder}{os.pathsep}{os.environ['PATH']}"
        done = ansible_playbook(*files, PATH=path, RESTARTED=str(restarted))
        units = restarted.read_text(encoding="utf-8").split() if restarted.exists() else []
        return units, " ".join((done.stdout + done.stderr).split())

    return run


ACTIVE = {**READY, "NameNodeStatus": {"State": "active"}}
SAFE = {**READY, "NameNodeInfo": {"Safemode": SAFE_MODE}}


CHANGED = 1_764_000_000
OLD, LATER = "Sat 2000-01-01 00:00:00 UTC", "Fri 2100-01-01 00:00:00 UTC"
RESTARTED = {"Runtime": {"StartTime": 4_102_444_800_000}}
REMAINING = "HDFS on the remaining hosts was not restarted"
Restart = Callable[..., tuple[list, str]]


def test_the_standby_restarts_before_the_active_one(namenode: Callable[..., NameNode], restart: Restart) -> None:
    standby = namenode(READY, SAFE, READY)
    units, output = restart({"nn1": namenode(ACTIVE), "nn2": standby})
    assert units == ["nn2.service", "nn1.service"], output
    assert len(standby.answers) == 1, "it was not asked until it had left safe mode"


def test_the_active_one_stays_while_the_standby_is_not_ready(
    namenode: Callable[..., NameNode], restart: Restart
) -> None:
    starting = {**READY, "NameNodeStatus": {"State": "initializing"}}
    standby = namenode(READY, starting)
    units, output = restart({"nn1": namenode(ACTIVE), "nn2": standby})
    assert units == ["nn2.service"], output
    assert (
        f"NameNode {standby.url} is not ready after 2 s (its state is initializing); {REMAINING}; read its log, "
        "correct the cause, then run this again" in output
    )


def test_safe_mode_is_waited_for_after_the_last_host(namenode: Callable[..., NameNode], restart: Restart) -> None:
    standby = namenode(READY, SAFE)
    units, output = restart({"nn1": namenode(ACTIVE), "nn2": standby}, datanodes={"dn1": ""})
    assert units == ["nn2.service", "nn1.service", "dn1.service"], output
    assert f"NameNode {standby.url} is not ready after 2 s ({SAFE_MODE}); read its log" in output
    assert REMAINING not in output


def test_datanodes_restart_before_their_only_namenode_leaves_safe_mode(
    namenode: Callable[..., NameNode], restart: Restart
) -> None:
    only = namenode(ACTIVE, *[{**ACTIVE, **SAFE}] * 3, ACTIVE)
    units, output = restart({"nn1": only}, datanodes={"dn1": "", "dn2": ""})
    assert units == ["nn1.service", "dn1.service", "dn2.service"], output
    assert len(only.answers) == 1, "it was not asked until it had left safe mode"
    assert "failed=0" in output and "failed=1" not in output


def test_a_namenode_that_an_earlier_run_restarted_is_waited_for(
    namenode: Callable[..., NameNode], restart: Restart
) -> None:
    servers = {"nn1": namenode(ACTIVE), "nn2": namenode({"NameNodeStatus": {"State": "standby"}})}
    units, output = restart(servers, changed="{{ inventory_hostname == 'nn1' }}")
    assert units == [], output
    assert "is not ready after 2 s (it is still starting)" in output


def test_datanodes_that_an_earlier_run_left_out_are_restarted(
    namenode: Callable[..., NameNode], restart: Restart
) -> None:
    servers = {"nn1": namenode({**ACTIVE, **RESTARTED})}
    units, output = restart(servers, changed=False, datanodes={"dn1": OLD, "dn2": LATER, "dn3": ""}, written=CHANGED)
    assert units == ["dn1.service"], output
    units, output = restart(servers, changed=False, datanodes={"dn1": LATER}, written=CHANGED)
    assert units == ["dn1.service"], f"it restarted again: {output}"
