#!/usr/bin/env python3
"""Wait until a server answers in its own protocol.

The systemd units use it, so that `systemctl start` returns when the port serves.

Usage:
  ready zookeeper HOST:PORT          four-letter command `srvr` answers (ZooKeeper's administrator guide)
  ready kafka HOST:PORT              ApiVersions answers, and Metadata names a controller (KIP-35, protocol guide)
  ready broker-id HOST:PORT[,...] ID  no broker is registered under ID in ZooKeeper
                                     (a killed one is, until its session ends)
  ready mysql HOST:PORT              the server sends its handshake (MySQL protocol, version 10)
  ready http URL                     HTTP 200
  ready hdfs URL                     the NameNode at URL answers and is out of safe mode
  ready datanode URL HOST            the NameNode at URL counts HOST among its live DataNodes
  ready tcp HOST:PORT                something accepts connections
Options: --timeout SECONDS (90). Exits 0, or 1 with one line that says what was still missing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import struct
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

ATTEMPT_SECONDS = 5.0
PAUSE_SECONDS = 0.1
NO_NODE = -101


class NotReadyError(Exception):
    """What is still missing, in a few words."""


def connect(address: str) -> socket.socket:
    """A connection to HOST:PORT."""
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=ATTEMPT_SECONDS)


def receive(connection: socket.socket, size: int) -> bytes:
    """Exactly `size` bytes; raises NotReadyError when the server closes before."""
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise NotReadyError("the connection was closed")
        data += part
    return data


def zookeeper(address: str) -> None:
    """ZooKeeper serves requests."""
    with connect(address) as connection:
        connection.sendall(b"srvr")
        answer = b""
        while part := connection.recv(4096):
            answer += part
    if b"Mode:" not in answer:
        raise NotReadyError(answer.decode(errors="replace").strip()[:80] or "an empty answer")


def kafka(address: str) -> None:
    """The broker answers Metadata (version 1) and the cluster has a controller that is alive."""
    client = b"ready"
    body = struct.pack(">hhih", 3, 1, 1, len(client)) + client + struct.pack(">i", 0)
    with connect(address) as connection:
        connection.sendall(struct.pack(">i", len(body)) + body)
        (size,) = struct.unpack(">i", receive(connection, 4))
        answer = receive(connection, size)
    (count,) = struct.unpack_from(">i", answer, 4)
    position, brokers = 8, []
    for _ in range(count):
        (node,) = struct.unpack_from(">i", answer, position)
        (length,) = struct.unpack_from(">h", answer, position + 4)
        position += 6 + length + 4
        (rack,) = struct.unpack_from(">h", answer, position)
        position += 2 + max(rack, 0)
        brokers.append(node)
    (controller,) = struct.unpack_from(">i", answer, position)
    if controller not in brokers:
        raise NotReadyError("the cluster has no controller yet")


def broker_id(addresses: str, number: str) -> None:
    """ZooKeeper has no registration of a broker's id (request `exists` on /brokers/ids/ID, in ZooKeeper's protocol)."""
    path = f"/brokers/ids/{number}".encode()
    requests = [
        struct.pack(">iqiqi16s?", 0, 0, 10000, 0, 16, b"", False),
        struct.pack(">iii", 1, 3, len(path)) + path + b"\0",
        struct.pack(">ii", 2, -11),
    ]
    with connect(random.choice(addresses.split(","))) as connection:  # noqa: S311 - any member will do
        answers = []
        for request in requests:
            connection.sendall(struct.pack(">i", len(request)) + request)
            (size,) = struct.unpack(">i", receive(connection, 4))
            answers.append(receive(connection, size))
    (error,) = struct.unpack_from(">i", answers[1], 12)
    if error == 0:
        raise NotReadyError(f"a broker with id {number} is registered: killed a moment ago, or another one")
    if error != NO_NODE:
        raise NotReadyError(f"ZooKeeper answers with error {error}")


def mysql(address: str) -> None:
    """MySQL greets its clients."""
    with connect(address) as connection:
        greeting = receive(connection, 5)
    if greeting[4] != 10:
        raise NotReadyError("the server refuses connections")


def read(url: str) -> bytes:
    """The body of an HTTP 200 answer."""
    # No proxy: a lab's servers are its own.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=ATTEMPT_SECONDS) as answer:
        if answer.status != 200:
            raise NotReadyError(f"HTTP {answer.status}")
        return answer.read()


def http(url: str) -> None:
    """A web server answers 200."""
    read(url)


def name_node(url: str) -> dict:
    """The NameNode's own report (bean NameNodeInfo of its JMX servlet)."""
    return json.loads(read(f"{url}/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo"))["beans"][0]


def hdfs(url: str) -> None:
    """HDFS takes writes."""
    safe_mode = name_node(url)["Safemode"]
    if safe_mode:
        raise NotReadyError(f"the NameNode is in safe mode: {safe_mode[:120]}")


def datanode(url: str, host: str) -> None:
    """A DataNode is registered and alive."""
    alive = [name.split(":")[0] for name in json.loads(name_node(url)["LiveNodes"])]
    if host not in alive and not any(name.split(".")[0] == host for name in alive):
        raise NotReadyError(f"{host} is not among the live DataNodes ({', '.join(alive) or 'none'})")


def tcp(address: str) -> None:
    """Something accepts connections."""
    connect(address).close()


CHECKS: dict[str, Callable[..., None]] = {
    "zookeeper": zookeeper,
    "kafka": kafka,
    "broker-id": broker_id,
    "mysql": mysql,
    "http": http,
    "hdfs": hdfs,
    "datanode": datanode,
    "tcp": tcp,
}


def server_ended() -> bool:
    """Whether the server that systemd started has ended (systemd names its process in MAINPID, systemd.exec(5))."""
    process = os.environ.get("MAINPID", "")
    return process.isdigit() and not Path(f"/proc/{process}").exists()


def wait(check: Callable[..., None], arguments: list[str], timeout: float) -> str:
    """Repeat a check until it passes.

    Returns an empty string, or what was still missing after `timeout` seconds or when the server ended.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            check(*arguments)
            return ""
        except (NotReadyError, OSError, ValueError, KeyError, IndexError, struct.error) as error:
            missing = str(error) or type(error).__name__
        if server_ended():
            return f"the server ended ({missing})"
        if time.monotonic() > deadline:
            return missing
        time.sleep(PAUSE_SECONDS)


def main(argv: list[str] | None = None) -> int:
    """The command's entry. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="ready", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=sorted(CHECKS))
    parser.add_argument("arguments", nargs="+")
    parser.add_argument("--timeout", type=float, default=90.0)
    options = parser.parse_args(argv)
    missing = wait(CHECKS[options.what], options.arguments, options.timeout)
    if missing:
        where = " ".join(options.arguments)
        print(f"{options.what} at {where} not ready within {options.timeout:g} s: {missing}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
