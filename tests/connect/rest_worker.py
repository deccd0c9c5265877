"""A worker of Kafka Connect that says what a test tells it to, over real HTTP."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, object]
SILENCE = (0, None)
"""An answer that does not come within the test's patience."""
NO_HTTP = (-1, None)
"""A line of another protocol."""
HALF = (-2, None)
"""An answer that breaks off, as when the worker is killed meanwhile."""


class Worker:
    """Answers by (method, path): a list is used up but for its last."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], list[Answer]] = {}
        self.asked: list[tuple[str, str, object]] = []
        self.url = ""

    def says(self, method: str, path: str, *answers: Answer) -> None:
        """Set the answers to one request; a text body is sent as it is, anything else as JSON."""
        self.answers[method, path] = list(answers)

    def wrote(self) -> list[str]:
        """The requests that change something, `METHOD path`, in order."""
        return [f"{m} {p}" for m, p, _ in self.asked if m != "GET" and not p.endswith("/validate")]


@contextmanager
def running_worker() -> Iterator[Worker]:
    """Serve on a free port of loopback."""
    worker = Worker()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            worker.asked.append((self.command, self.path, body))
            left = worker.answers.get(
                (self.command, self.path), [(404, {"error_code": 404, "message": "no such thing"})]
            )
            status, said = left.pop(0) if len(left) > 1 else left[0]
            if status == SILENCE[0]:
                time.sleep(1)
                return
            if status < 0:
                self.close_connection = True
                self.wfile.write(
                    b"J\x00\x00\x008.0.4\r\n"
                    if status == NO_HTTP[0]
                    else b"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n{"
                )
                return
            text = said if isinstance(said, str) else "" if said is None else json.dumps(said)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - the names that http.server looks for

        def log_message(self, *ignored: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    worker.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield worker
    finally:
        server.shutdown()
        server.server_close()
