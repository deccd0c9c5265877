#!/usr/bin/env python3
"""Wait until a server answers in its own protocol.

The systemd units use it, so that `systemctl start` returns when the server is ready.

Usage:
  ready zookeeper HOST:PORT          four-letter command `srvr` answers (ZooKeeper's administrator guide)
  ready kafka HOST:PORT[,...] [ZOOKEEPERS]
                                     Metadata of one broker has a live controller, and all topics of ZooKeeper
  ready broker-id HOST:PORT[,...] ID  no broker with this id is registered in ZooKeeper
                                     (a killed one is, until its session ends)
  ready mysql HOST:PORT              the server sends its handshake (MySQL protocol, version 10)
  ready http URL                     HTTP 200
  ready hdfs URL                     the NameNode at URL answers and is out of safe mode
  ready datanode URL HOST            the NameNode at URL counts HOST among its live DataNodes
  ready tcp HOST:PORT                the port accepts connections
Options: --timeout SECONDS (90). Exits 0, or 1 with one line that names the missing condition.
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

ATTEMPT_SECONDS = 5.0
PAUSE_SECONDS = 0.1
NO_NODE = -101


class NotReadyError(Exception):
    """The missing condition in a few words."""


UNREADY = (NotReadyError, OSError, ValueError, KeyError, IndexError, struct.error)


def connect(address: str) -> socket.socket:
    """A connection to HOST:PORT."""
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=ATTEMPT_SECONDS)


def receive(connection: socket.socket, size: int) -> bytes:
    """Read exactly `size` bytes; raises NotReadyError if the server closes the connection before."""
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


def kafka(addresses: str, zookeepers: str = "") -> None:
    """One of the brokers is ready; a cluster works without the others. See `broker`."""
    reasons = []
    for address in addresses.split(","):
        try:
            return broker(address, zookeepers)
        except UNREADY as error:
            reasons.append(str(error) or type(error).__name__)
    raise NotReadyError("; ".join(dict.fromkeys(reasons)))


def broker(address: str, zookeepers: str = "") -> None:
    """The broker answers Metadata (version 1), and knows a live controller and all topics of ZooKeeper.

    A broker that just started denies the existence of topics until the controller sends them.
    """
    client = b"ready"
    # A length of -1 asks for all topics.
    body = struct.pack(">hhih", 3, 1, 1, len(client)) + client + struct.pack(">i", -1)
    with connect(address) as connection:
        connection.sendall(struct.pack(">i", len(body)) + body)
        (size,) = struct.unpack(">i", receive(connection, 4))
        answer = receive(connection, size)
    brokers, controller, topics = read_metadata(answer)
    if controller not in brokers:
        raise NotReadyError("the cluster has no controller yet")
    unknown = sorted(set(zookeeper_topics(zookeepers)) - topics) if zookeepers else []
    if unknown:
        raise NotReadyError(f"the controller has not told the broker of {', '.join(unknown[:3])} yet")


def read_metadata(answer: bytes) -> tuple[set[int], int, set[str]]:
    """Read the ids of the brokers, the id of the controller, and the topics from an answer to Metadata version 1."""
    position = 4

    def number(kind: str) -> int:
        nonlocal position
        (value,) = struct.unpack_from(f">{kind}", answer, position)
        position += struct.calcsize(f">{kind}")
        return value

    def text() -> str:
        nonlocal position
        length = max(number("h"), 0)
        position += length
        return answer[position - length : position].decode()

    brokers, topics = set(), set()
    for _ in range(number("i")):
        brokers.add(number("i"))
        text(), number("i"), text()
    controller = number("i")
    for _ in range(number("i")):
        number("h")
        topics.add(text())
        number("b")
        for _ in range(number("i")):
            number("h"), number("i"), number("i")
            for _ in range(2):
                replicas = number("i")
                position += 4 * replicas
    return brokers, controller, topics


def ask_zookeeper(addresses: str, kind: int, path: str) -> tuple[int, bytes]:
    """Send one request about a node to one member of an ensemble, in ZooKeeper's protocol (zookeeper.jute).

    Args:
        addresses: of the ensemble, `host:port` with commas between them.
        kind: code of the operation: 3 exists, 8 getChildren.
        path: of the node.

    Returns:
        The error (0: none) and the rest of the answer.
    """
    node = path.encode()
    requests = [
        struct.pack(">iqiqi16s?", 0, 0, 10000, 0, 16, b"", False),
        struct.pack(">iii", 1, kind, len(node)) + node + b"\0",
        struct.pack(">ii", 2, -11),
    ]
    with connect(random.choice(addresses.split(","))) as connection:  # noqa: S311 - any member will do
        answers = []
        for request in requests:
            connection.sendall(struct.pack(">i", len(request)) + request)
            (size,) = struct.unpack(">i", receive(connection, 4))
            answers.append(receive(connection, size))
    (error,) = struct.unpack_from(">i", answers[1], 12)
    return error, answers[1][16:]


def zookeeper_topics(addresses: str) -> list[str]:
    """List the topics that are registered in ZooKeeper."""
    error, data = ask_zookeeper(addresses, 8, "/brokers/topics")
    if error == NO_NODE:
        return []
    if error:
        raise NotReadyError(f"ZooKeeper answers with error {error}")
    (count,) = struct.unpack_from(">i", data)
    position, topics = 4, []
    for _ in range(count):
        (length,) = struct.unpack_from(">i", data, position)
        topics.append(data[position + 4 : position + 4 + length].decode())
        position += 4 + length
    return topics


def broker_id(addresses: str, number: str) -> None:
    """No broker with this id is registered in ZooKeeper."""
    error, _ = ask_zookeeper(addresses, 3, f"/brokers/ids/{number}")
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
    """Read the body of an HTTP 200 answer."""
    # Servers of the lab are never behind a proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=ATTEMPT_SECONDS) as answer:
        if answer.status != 200:
            raise NotReadyError(f"HTTP {answer.status}")
        return answer.read()


def http(url: str) -> None:
    """A web server answers 200."""
    read(url)


def name_node(url: str) -> dict:
    """Read the NameNode's report (bean NameNodeInfo of its JMX servlet)."""
    return json.loads(read(f"{url}/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo"))["beans"][0]


def hdfs(url: str) -> None:
    """HDFS accepts writes."""
    safe_mode = name_node(url)["Safemode"]
    if safe_mode:
        raise NotReadyError(f"the NameNode is in safe mode: {safe_mode[:120]}")


def datanode(url: str, host: str) -> None:
    """A DataNode is registered and alive."""
    alive = [name.split(":")[0] for name in json.loads(name_node(url)["LiveNodes"])]
    if host not in alive and not any(name.split(".")[0] == host for name in alive):
        raise NotReadyError(f"{host} is not among the live DataNodes ({', '.join(alive) or 'none'})")


def tcp(address: str) -> None:
    """The port accepts connections."""
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
    """Whether the server that systemd started has ended (its process is MAINPID, systemd.exec(5)).

    /proc does not tell: until the process has become the server's user it is root's, which ProtectProc= hides.
    """
    process = os.environ.get("MAINPID", "")
    if not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except OSError as error:
        return isinstance(error, ProcessLookupError)
    return False


def wait(check: Callable[..., None], arguments: list[str], timeout: float) -> str:
    """Repeat a check until it passes.

    Returns:
        An empty text, or the missing condition after `timeout` seconds or when the server ended.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            check(*arguments)
            return ""
        except UNREADY as error:
            missing = str(error) or type(error).__name__
        if server_ended():
            return f"the server ended ({missing})"
        if time.monotonic() > deadline:
            return missing
        time.sleep(PAUSE_SECONDS)


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="ready", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("check", choices=sorted(CHECKS))
    parser.add_argument("arguments", nargs="+")
    parser.add_argument("--timeout", type=float, default=90.0)
    options = parser.parse_args(argv)
    missing = wait(CHECKS[options.check], options.arguments, options.timeout)
    if missing:
        where = " ".join(options.arguments)
        print(f"{options.check} at {where} not ready within {options.timeout:g} s: {missing}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
