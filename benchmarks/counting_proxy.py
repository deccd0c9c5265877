"""An HTTP proxy that counts what each client receives from the internet (RFC 9110: GET, HEAD and CONNECT)."""

from __future__ import annotations

import http.client
import os
import selectors
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 300
CHUNK = 2**16
# RFC 9110, 7.6.1: these concern one connection, not the message.
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}


@dataclass(frozen=True)
class Request:
    """What one client asked for.

    Args:
        client: its address.
        url: of a GET or HEAD; `HOST:PORT` of a CONNECT, for the rest is encrypted.
        size: bytes of the answer's body; of a CONNECT all bytes that came back.
    """

    client: str
    url: str
    size: int


def upstream(scheme: str) -> tuple[str, int] | None:
    """Address of the proxy that this machine must use itself, by the variable http_proxy or https_proxy."""
    value = os.environ.get(f"{scheme}_proxy") or os.environ.get(f"{scheme}_proxy".upper())
    if not value:
        return None
    parts = urlsplit(value if "://" in value else f"http://{value}")
    return str(parts.hostname), parts.port or 80


class CountingProxy(ThreadingHTTPServer):
    """The proxy; it serves in a thread from `start` on.

    Args:
        address: of this machine, where clients reach it; the port is free to choose.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: str) -> None:
        super().__init__((address, 0), Handler)
        self.requests: list[Request] = []

    def start(self) -> str:
        """Serve. Returns the proxy's URL."""
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return f"http://{self.server_address[0]}:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that are gone."""

    def take(self) -> list[Request]:
        """The requests that ended since the last call."""
        taken, self.requests = self.requests, []
        return taken


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT_SECONDS
    server: CountingProxy

    def log_message(self, format: str, *args: object) -> None:
        """Write no log; the requests are kept."""

    def note(self, size: int) -> None:
        """Keep the request."""
        self.server.requests.append(Request(self.client_address[0], self.path, size))

    def do_GET(self) -> None:
        """Pass on a request and its answer."""
        parts = urlsplit(self.path)
        proxy = upstream("http")
        host, port = proxy or (str(parts.hostname), parts.port or 80)
        target = self.path if proxy else f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(self.command, target, headers=headers)
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self.send_error(502, str(error))
            return
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        if answer.length is None:
            self.send_header("Connection", "close")
        self.end_headers()
        self.note(copy(answer.read1, self.wfile.write))
        connection.close()

    do_HEAD = do_GET  # noqa: N815

    def do_CONNECT(self) -> None:
        """Pass on bytes in both directions until one side ends."""
        proxy = upstream("https")
        host, _, port = self.path.rpartition(":")
        try:
            far = socket.create_connection(proxy or (host, int(port)), timeout=TIMEOUT_SECONDS)
            if proxy:
                tunnel(far, self.path)
        except OSError as error:
            self.send_error(502, str(error))
            return
        self.send_response_only(200, "Connection established")
        self.end_headers()
        self.close_connection = True
        with far:
            self.note(relay(self.connection, far))


def copy(read: Callable[[int], bytes], write: Callable[[bytes], object]) -> int:
    """Copy to the end. Returns the number of bytes."""
    size = 0
    while chunk := read(CHUNK):
        write(chunk)
        size += len(chunk)
    return size


def tunnel(far: socket.socket, target: str) -> None:
    """Ask the next proxy for a tunnel.

    Raises:
        OSError: it refused.
    """
    far.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        if not (byte := far.recv(1)):
            raise OSError("the next proxy closed the connection")
        head += byte
    if head.split()[1] != b"200":
        raise OSError(f"the next proxy answered {head.splitlines()[0].decode(errors='replace')}")


def relay(near: socket.socket, far: socket.socket) -> int:
    """Pass on bytes between two sockets until one ends. Returns how many came from the far one."""
    size = 0
    with selectors.DefaultSelector() as selector:
        selector.register(near, selectors.EVENT_READ, far)
        selector.register(far, selectors.EVENT_READ, near)
        try:
            while True:
                for key, _ in selector.select(TIMEOUT_SECONDS) or [(None, 0)]:
                    if key is None or not (chunk := key.fileobj.recv(CHUNK)):  # type: ignore[union-attr]
                        return size
                    key.data.sendall(chunk)
                    size += len(chunk) if key.fileobj is far else 0
        except OSError:
            return size
