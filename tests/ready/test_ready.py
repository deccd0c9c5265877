"""The readiness check against small servers that speak just enough of each protocol."""

from __future__ import annotations

import http.server
import json
import os
import socketserver
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ready import ready

SCRIPT = Path(ready.__file__)


@contextmanager
def serving(answer) -> Iterator[str]:
    """A TCP server on a free port; its connections are given to `answer(socket)`. Gives HOST:PORT."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            answer(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@contextmanager
def web(pages: dict[str, tuple[int, bytes]]) -> Iterator[str]:
    """A web server of fixed pages; gives its URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = pages.get(self.path, (404, b""))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Silent."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def metadata(controller: int, names: tuple[str, ...] = ()) -> bytes:
    """Kafka's answer to Metadata version 1: one broker with id 7, a controller, and topics of one partition."""
    host = b"kafka"
    brokers = struct.pack(">iih", 1, 7, len(host)) + host + struct.pack(">ih", 9092, -1)
    topics = b""
    for name in names:
        partition = struct.pack(">hiiiiii", 0, 0, 7, 1, 7, 1, 7)
        topics += struct.pack(">hh", 0, len(name)) + name.encode() + struct.pack(">bi", 0, 1) + partition
    body = struct.pack(">i", 1) + brokers + struct.pack(">ii", controller, len(names)) + topics
    return struct.pack(">i", len(body)) + body


def test_zookeeper_that_serves_and_one_that_does_not():
    with serving(lambda s: (s.recv(4), s.sendall(b"Zookeeper version: 3.8.4\nMode: standalone\n"))) as address:
        assert ready.wait(ready.CHECKS["zookeeper"], [address], 1) == ""
    silent = b"This ZooKeeper instance is not currently serving requests\n"
    with serving(lambda s: (s.recv(4), s.sendall(silent))) as address:
        assert "not currently serving" in ready.wait(ready.CHECKS["zookeeper"], [address], 0)


def test_a_broker_is_ready_when_the_cluster_has_a_controller():
    with serving(lambda s: (s.recv(100), s.sendall(metadata(7)))) as address:
        assert ready.wait(ready.CHECKS["kafka"], [address], 1) == ""
    with serving(lambda s: (s.recv(100), s.sendall(metadata(-1)))) as address:
        assert "no controller" in ready.wait(ready.CHECKS["kafka"], [address], 0)


def test_a_cluster_is_ready_when_one_of_its_brokers_is():
    with serving(lambda s: (s.recv(100), s.sendall(metadata(7)))) as address:
        assert ready.wait(ready.CHECKS["kafka"], [f"127.0.0.1:1,{address}"], 0) == ""
    assert "refused" in ready.wait(ready.CHECKS["kafka"], ["127.0.0.1:1,127.0.0.1:1"], 0)


def test_a_broker_that_was_not_told_of_its_topics_is_not_ready():
    names = ("tema-json", "tema-grups")
    listed = struct.pack(">i", len(names)) + b"".join(struct.pack(">i", len(name)) + name.encode() for name in names)

    def zookeeper(connection) -> None:
        for reply in (b"\0" * 37, struct.pack(">iqi", 1, 0, 0) + listed, struct.pack(">iqi", 2, 0, 0)):
            connection.recv(200)
            connection.sendall(struct.pack(">i", len(reply)) + reply)

    with serving(zookeeper) as zookeepers:
        with serving(lambda s: (s.recv(100), s.sendall(metadata(7, ("tema-json",))))) as address:
            assert "told the broker of tema-grups" in ready.wait(ready.CHECKS["kafka"], [address, zookeepers], 0)
        with serving(lambda s: (s.recv(100), s.sendall(metadata(7, names)))) as address:
            assert ready.wait(ready.CHECKS["kafka"], [address, zookeepers], 1) == ""


@pytest.mark.parametrize(("error", "missing"), [(0, "is registered"), (-101, ""), (-112, "error -112")])
def test_a_brokers_id_is_free_when_zookeeper_has_no_node_of_it(error, missing):
    def answer(connection) -> None:
        for reply in (b"\0" * 37, struct.pack(">iqi", 1, 0, error), struct.pack(">iqi", 2, 0, 0)):
            connection.recv(200)
            connection.sendall(struct.pack(">i", len(reply)) + reply)

    with serving(answer) as address:
        found = ready.wait(ready.CHECKS["broker-id"], [address, "0"], 0)
    assert missing in found
    assert bool(found) == bool(missing)


def test_mysql_greets_or_refuses():
    with serving(lambda s: s.sendall(b"\x4a\0\0\0\x0a9.7.4\0")) as address:
        assert ready.wait(ready.CHECKS["mysql"], [address], 1) == ""
    with serving(lambda s: s.sendall(b"\x17\0\0\0\xff\x10\x04Too many")) as address:
        assert "refuses" in ready.wait(ready.CHECKS["mysql"], [address], 0)


def test_hdfs_in_safe_mode_and_its_datanodes():
    def bean(safe_mode: str) -> tuple[int, bytes]:
        nodes = json.dumps({"hadoopmaster:9866": {}})
        return 200, json.dumps({"beans": [{"Safemode": safe_mode, "LiveNodes": nodes}]}).encode()

    page = "/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo"
    with web({page: bean("")}) as url:
        assert ready.wait(ready.CHECKS["hdfs"], [url], 1) == ""
        assert ready.wait(ready.CHECKS["datanode"], [url, "hadoopmaster"], 1) == ""
        assert "worker1 is not among" in ready.wait(ready.CHECKS["datanode"], [url, "worker1"], 0)
    with web({page: bean("Safe mode is ON.")}) as url:
        assert "safe mode" in ready.wait(ready.CHECKS["hdfs"], [url], 0)


def test_a_web_server_that_answers_500_is_not_ready():
    with web({"/connectors": (500, b"")}) as url:
        assert "500" in ready.wait(ready.CHECKS["http"], [f"{url}/connectors"], 0)


def test_the_command_ends_with_one_line_when_nothing_listens():
    done = subprocess.run(
        [sys.executable, SCRIPT, "tcp", "127.0.0.1:1", "--timeout", "0"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "127.0.0.1:1 not ready" in done.stderr


def test_it_does_not_wait_for_a_server_that_ended():
    ended = subprocess.Popen(["true"])
    ended.wait()
    done = subprocess.run(
        [sys.executable, SCRIPT, "tcp", "127.0.0.1:1", "--timeout", "60"],
        capture_output=True, text=True, check=False, timeout=20, env={**os.environ, "MAINPID": str(ended.pid)},
    )  # fmt: skip
    assert "the server ended" in done.stderr


def test_a_server_that_is_still_roots_process_has_not_ended(monkeypatch):
    """The check starts while systemd sets up the process, which ProtectProc= hides from other users."""
    hidden = subprocess.Popen(["true"])
    hidden.wait()
    monkeypatch.setenv("MAINPID", str(hidden.pid))

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(ready.os, "kill", refuse)
    assert ready.server_ended() is False
