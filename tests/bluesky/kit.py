"""The search of Bluesky against the stand-in of verify/onhost/bluesky, in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bluesky_search.api import Bluesky
from bluesky_search.settings import Settings
from verify.onhost.bluesky import xrpc_server

EPOCH_MS = 1_740_000_000_000
IDENTITY, PASSWORD = "prova.bsky.social", "abcd-efgh-ijkl-mnop"


class StandIn:
    """A stand-in for Bluesky, and searches of it with pauses that are noted instead of waited for."""

    def __init__(self, server: xrpc_server.Server, folder: Path) -> None:
        self.bluesky, self.folder = server.bluesky, folder
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.pauses: list[float] = []
        self.reports: list[str] = []

    def order(self, **order: Any) -> dict[str, Any]:
        """Order something of the stand-in; see its `control`."""
        return self.bluesky.control(order)

    def fail(self, method: str, status: int, times: int = 1, **headers: str) -> None:
        """Let the next calls of a method fail; status 0 drops the connection."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.order(fail={method: {"status": status, "times": times, "headers": named}})

    def client(
        self, password: str = PASSWORD, url: str = "", wait: Callable[[float], None] | None = None, timeout: float = 10
    ) -> Bluesky:
        """The service's client, as it is after a start."""
        settings = Settings(IDENTITY, "LaLiga", "t", 1000, url or self.url, "-", password, self.folder)
        return Bluesky(settings, self.reports.append, wait or self._note_pause, timeout)

    def _note_pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        assert len(self.pauses) < 20, f"no answer: {self.reports[-1]}"

    @property
    def logins(self) -> int:
        """How often somebody has tried to log in."""
        return self.bluesky.asked[xrpc_server.LOGIN]


@contextmanager
def stand_in(folder: Path, **more: Any) -> Iterator[StandIn]:
    """A stand-in that serves until the end of the block."""
    server = xrpc_server.Server(0, xrpc_server.Bluesky(IDENTITY, PASSWORD, EPOCH_MS, **more))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield StandIn(server, folder)
    finally:
        server.shutdown()
        server.server_close()
