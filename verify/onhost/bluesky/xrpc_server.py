"""A stand-in for Bluesky on this machine alone: just what a search client calls, with errors on demand.

    com.atproto.server.createSession   30 logins in 5 minutes, as Bluesky allows
    com.atproto.server.refreshSession  a refresh token works once
    app.bsky.feed.searchPosts          paging by cursor, `limit`, `since`; newest first
    CONNECT bsky.social:443            with --certificate: the same over TLS, for a client that knows no other host
    /control                           POST {"add": 10, "bad": ["no zone"], "fail": {...}, ...}, GET: what was asked

Usage: python3 -m bluesky.xrpc_server --port 7070 [--certificate FILE.pem] ...
It is no Bluesky: every answer says so in its header `server`.
"""

from __future__ import annotations

import argparse
import base64
import json
import ssl
import sys
import threading
import time
import urllib.parse
from collections import Counter
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .ledger import Post, make

LABEL = "local-XRPC-stand-in"
LOGINS, LOGIN_WINDOW = 30, 300.0
LOGIN, REFRESH, SEARCH = (
    "com.atproto.server.createSession",
    "com.atproto.server.refreshSession",
    "app.bsky.feed.searchPosts",
)


class AnswerError(Exception):
    """An answer other than 200: status, name of the error, message, headers."""

    def __init__(self, status: int, error: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.body, self.headers = status, {"error": error, "message": message}, headers or {}


class Bluesky:
    """The stand-in's state: posts, sessions, what was asked, and what is to fail."""

    def __init__(self, identity: str, password: str, epoch_ms: int, token_seconds: float = 7200) -> None:
        self.identity, self.password, self.epoch_ms, self.token_seconds = identity, password, epoch_ms, token_seconds
        self.posts: list[Post] = []
        self.removed: set[int] = set()
        self.access: dict[str, float] = {}
        self.refresh: set[str] = set()
        self.logins: list[float] = []
        self.asked: Counter[str] = Counter()
        self.served: set[str] = set()
        self.faults: dict[str, dict[str, Any]] = {}
        self.slow = 0.0
        self.tokens = 0
        self.lock = threading.RLock()

    def control(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do what a test orders, and say how things stand.

        Args:
            order: `add`, a number of posts; `bad`, a list of what further posts lack; `future`, a number of posts of
                2099; `remove`, numbers of posts that their authors delete; `slow`, seconds that an answer takes;
                `forget`, whether all sessions end; `password`, a new one; `fail`, {method: {"status": 429, "times": 2,
                "headers": {...}}}, status 0 to drop the connection.
        """
        with self.lock:
            for kind in [*[{}] * order.get("add", 0), *({"bad": bad} for bad in order.get("bad", []))]:
                self.posts.append(make(len(self.posts), self.epoch_ms, **kind))
            for _ in range(order.get("future", 0)):
                self.posts.append(make(len(self.posts), self.epoch_ms, future=True))
            for number in order.get("remove", []):
                self.removed.add(number)
            self.slow = order.get("slow", self.slow)
            self.password = order.get("password", self.password)
            if order.get("forget"):
                self.access.clear()
                self.refresh.clear()
            self.faults |= order.get("fail", {})
            return {
                "server": LABEL,
                "posts": len(self.posts),
                "asked": dict(self.asked),
                "served": sorted(self.served),
            }

    def call(self, method: str, query: dict[str, str], body: dict[str, Any], token: str) -> dict[str, Any]:
        """Answer one call.

        Raises:
            AnswerError: if the answer is no 200.
        """
        time.sleep(self.slow)
        with self.lock:
            self.asked[method] += 1
            fault = self.faults.get(method)
            if fault and fault.get("times", 1) > 0:
                fault["times"] = fault.get("times", 1) - 1
                self.asked[f"{method} {fault['status']}"] += 1
                name = {429: "RateLimitExceeded", 401: "AuthMissing"}.get(fault["status"], "InternalServerError")
                raise AnswerError(fault["status"], fault.get("error", name), "on demand", fault.get("headers", {}))
            if method == LOGIN:
                return self._log_in(body)
            if method == REFRESH:
                if token not in self.refresh:
                    raise AnswerError(400, "ExpiredToken", "Token has been revoked")
                self.refresh.discard(token)
                return self._session()
            if method == SEARCH:
                self._check(token)
                return self._search(query)
        raise AnswerError(501, "MethodNotImplemented", f"{LABEL} has no {method}")

    def _log_in(self, body: dict[str, Any]) -> dict[str, Any]:
        now = time.monotonic()
        self.logins = [*(then for then in self.logins if now - then < LOGIN_WINDOW), now]
        if len(self.logins) > LOGINS:
            reset = {"ratelimit-reset": str(int(time.time() + LOGIN_WINDOW))}
            raise AnswerError(429, "RateLimitExceeded", "Rate Limit Exceeded", reset)
        if (body.get("identifier"), body.get("password")) != (self.identity, self.password):
            raise AnswerError(401, "AuthenticationRequired", "Invalid identifier or password")
        return self._session()

    def _session(self) -> dict[str, Any]:
        until = time.time() + self.token_seconds
        access, refresh = self._token("access", until), self._token("refresh", until + 3600)
        self.access[access] = until
        self.refresh.add(refresh)
        session = {"accessJwt": access, "refreshJwt": refresh}
        return {**session, "handle": self.identity, "did": "did:plc:abcdefghijklmnopqrstuvwx", "active": True}

    def _token(self, scope: str, until: float) -> str:
        self.tokens += 1
        claims = {"scope": f"com.atproto.{scope}", "exp": int(until), "iat": int(time.time()), "jti": str(self.tokens)}
        parts = [json.dumps(part).encode() for part in ({"typ": "JWT", "alg": "none"}, claims)]
        return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "c2ln"])

    def _check(self, token: str) -> None:
        if token not in self.access:
            raise AnswerError(401, "AuthMissing", "Authentication Required")
        if self.access[token] < time.time():
            raise AnswerError(400, "ExpiredToken", "Token has expired")

    def _search(self, query: dict[str, str]) -> dict[str, Any]:
        limit, start = int(query.get("limit", 25)), int(query.get("cursor", 0))
        if not 1 <= limit <= 100 or not query.get("q"):
            raise AnswerError(400, "InvalidRequest", "Error: limit must be between 1 and 100, q be given")
        there = [post for post in self.posts if post.number not in self.removed]
        if since := query.get("since"):
            earliest = datetime.fromisoformat(since).timestamp() * 1000
            there = [post for post in there if post.sort_ms >= earliest]
        found = sorted(there, key=lambda post: (-post.sort_ms, -post.number))
        page = found[start : start + limit]
        self.served.update(post.uri for post in page)
        more = {"cursor": str(start + limit)} if start + limit < len(found) else {}
        return {"posts": [post.view for post in page], "hitsTotal": len(found), **more}


class Handler(BaseHTTPRequestHandler):
    """HTTP to calls."""

    protocol_version = "HTTP/1.1"
    server: Server

    def version_string(self) -> str:
        """What the header `server` says."""
        return LABEL

    def log_message(self, *_arguments: Any) -> None:
        """Print nothing: a test asks /control."""

    def do_GET(self) -> None:
        """Answer a query."""
        self._answer({})

    def do_POST(self) -> None:
        """Answer a procedure."""
        self._answer(json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}"))

    def do_CONNECT(self) -> None:
        """Be the host asked for, over TLS, on this very connection."""
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)

    def _answer(self, body: dict[str, Any]) -> None:
        url = urllib.parse.urlsplit(self.path)
        headers: dict[str, str] = {"ratelimit-limit": "3000", "ratelimit-remaining": "2999"}
        status = 200
        try:
            if url.path == "/control":
                answer = self.server.bluesky.control(body)
            else:
                query = dict(urllib.parse.parse_qsl(url.query))
                token = (self.headers.get("authorization") or "").removeprefix("Bearer ")
                answer = self.server.bluesky.call(url.path.removeprefix("/xrpc/"), query, body, token)
        except AnswerError as other:
            status, answer = other.status, other.body
            headers |= other.headers
        if not status:
            self.close_connection = True
            return
        text = json.dumps(answer, ensure_ascii=False).encode()
        self.send_response(status)
        for name, value in {**headers, "content-type": "application/json", "content-length": str(len(text))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)


class Server(ThreadingHTTPServer):
    """The stand-in on a port of loopback."""

    daemon_threads = True

    def __init__(self, port: int, bluesky: Bluesky, certificate: str = "") -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.bluesky = bluesky
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if certificate:
            self.tls.load_cert_chain(certificate)


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--certificate", default="", help="PEM file with key and certificate for bsky.social")
    parser.add_argument("--identity", default="prova.bsky.social")
    parser.add_argument("--password-file", required=True)
    parser.add_argument("--epoch-ms", type=int, required=True, help="when the first post was indexed, ms since 1970")
    parser.add_argument("--posts", type=int, default=0, help="posts that are there from the start")
    given = parser.parse_args()
    password = Path(given.password_file).read_text(encoding="utf-8").strip()
    bluesky = Bluesky(given.identity, password, given.epoch_ms)
    bluesky.control({"add": given.posts})
    print(f"{LABEL} on http://127.0.0.1:{given.port} (this is not Bluesky)", flush=True)
    Server(given.port, bluesky, given.certificate).serve_forever()


if __name__ == "__main__":
    sys.exit(main())
