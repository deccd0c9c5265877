"""What the tests of the artifacts share: a server for downloads, a stand-in for mvn, and a small catalog."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import struct
import sys
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.products import Fetcher
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache

ROOT = Path(__file__).resolve().parents[2]

FAKE_MVN = """#!{python}
import json, os, pathlib, sys, time, xml.etree.ElementTree as tree
home = pathlib.Path({home!r})
state = json.loads((home / "state.json").read_text())
with (home / "runs").open("a") as runs:
    runs.write(" ".join(sys.argv[1:]) + "\\n")
time.sleep(state.get("sleep", 0))
if state.get("offline"):
    print("[ERROR] Plugin x: Could not transfer artifact x:pom:1: repo.test: Unknown host repo.test")
    sys.exit(1)
if state.get("broken", 0) > 0:
    state["broken"] -= 1
    (home / "state.json").write_text(json.dumps(state))
    print("[ERROR] Could not transfer artifact x:jar:1: Premature end of Content-Length")
    sys.exit(1)
ns = "{{http://maven.apache.org/POM/4.0.0}}"
for pom in pathlib.Path.cwd().glob("part*/pom.xml"):
    for item in tree.parse(pom).iter(ns + "artifactItem"):
        at = lambda name: item.findtext(ns + name)
        name, target = at("destFileName"), pathlib.Path(at("outputDirectory"), at("destFileName"))
        if not (home / "remote" / name).exists():
            print("[ERROR] Could not find artifact " + at("groupId") + ":" + at("artifactId") + " in central")
            sys.exit(1)
        data = (home / "remote" / name).read_bytes()
        if state["bad"].get(name, 0) > 0:
            state["bad"][name] -= 1
            data = data[: len(data) // 2] if state.get("truncate") else b"X" + data[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        with (home / "copied").open("a") as copied:
            copied.write(name + "\\n")
(home / "state.json").write_text(json.dumps(state))
"""


class FakeMaven:
    """A program named mvn that copies from a folder; it can be offline, or give wrong bytes some times."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "remote").mkdir(parents=True)
        self.bin = home / "bin"
        self.bin.mkdir()
        program = self.bin / "mvn"
        program.write_text(FAKE_MVN.format(python=sys.executable, home=str(home)), encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.set()

    def set(self, **state: object) -> None:
        """Say how the next runs go: offline, broken (times), bad ({file: times}), truncate, sleep (s)."""
        (self.home / "state.json").write_text(json.dumps({"bad": {}, **state}), encoding="utf-8")

    def add(self, name: str, data: bytes) -> None:
        """Put a file on offer."""
        (self.home / "remote" / name).write_bytes(data)

    @property
    def runs(self) -> int:
        """How often mvn was run."""
        runs = self.home / "runs"
        return len(runs.read_text(encoding="utf-8").splitlines()) if runs.exists() else 0


class FileServer:
    """An HTTP server on a free port of 127.0.0.1 that answers ranges and can misbehave.

    ``bad`` and ``cut`` hold, by path, how many of the next answers are wrong or end early.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.bad: dict[str, int] = {}
        self.cut: dict[str, int] = {}
        self.requests: list[tuple[str, str]] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.answer(self)

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def url(self, path: str) -> str:
        """Address of a path."""
        return f"http://127.0.0.1:{self.server.server_address[1]}/{path}"

    def close(self) -> None:
        """Stop the server and free its port."""
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one GET."""
        path, wanted = request.path.lstrip("/"), request.headers.get("Range", "")
        self.requests.append((path, wanted))
        if path not in self.files:
            request.send_error(404)
            return
        data = self.files[path]
        if self.bad.get(path, 0) > 0:
            self.bad[path] -= 1
            data = b"X" + data[1:]
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if start >= len(data) > 0:
            request.send_error(416)
            return
        body = data[start:]
        request.send_response(206 if wanted else 200)
        if wanted:
            request.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if self.cut.get(path, 0) > 0:
            self.cut[path] -= 1
            body = body[: len(body) // 2]
        request.wfile.write(body)


def sha256(data: bytes) -> str:
    """Digest of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def make_zip(members: dict[str, bytes]) -> bytes:
    """A zip file with these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def make_class(name: str, above: str, flags: int = 0x21) -> bytes:
    """A class file with nothing in it (JVM specification, 4.1): public class NAME extends ABOVE."""
    pool = b"".join(b"\x01" + struct.pack(">H", len(text)) + text.encode() for text in (name, above))
    # A Long before the classes: it takes two places of the pool.
    pool += b"\x05" + bytes(8) + b"\x07\x00\x01" + b"\x07\x00\x02"
    return struct.pack(">IHHH", 0xCAFEBABE, 0, 61, 7) + pool + struct.pack(">HHHHHHH", flags, 5, 6, 0, 0, 0, 0)


def make_jar(*connectors: str, manifest: bool = True, more: dict[str, bytes] | None = None) -> bytes:
    """A jar with these source connectors, named by a services file or by nothing."""
    base = "org/apache/kafka/connect/source/SourceConnector"
    members = {f"{name.replace('.', '/')}.class": make_class(name.replace(".", "/"), base) for name in connectors}
    if manifest and connectors:
        services = "META-INF/services/org.apache.kafka.connect.source.SourceConnector"
        members[services] = "".join(f"{name}  # ours\n" for name in connectors).encode()
    return make_zip({"META-INF/MANIFEST.MF": b"", **members, **(more or {})})


def make_tgz(members: dict[str, bytes], executable: tuple[str, ...] = (), links: dict[str, str] | None = None) -> bytes:
    """A gzipped tar with these members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755 if name in executable else 0o644
            archive.addfile(info, io.BytesIO(data))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return buffer.getvalue()


def write(path: Path, data: bytes | str, mode: int = 0o644) -> Path:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    path.chmod(mode)
    return path


def on_path(folder: Path) -> str:
    """A PATH that begins with a folder."""
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def open_to_others(folder: Path) -> None:
    """Let other users reach a folder of a test; pytest makes its own folders for one user only."""
    top = Path(tempfile.gettempdir())
    for place in [folder, *folder.parents]:
        if place.is_relative_to(top) and place != top:
            place.chmod(0o755)


def fetcher(
    folder: Path,
    catalog: dict[str, Any],
    distribution: str = "maven",
    check: bool = False,
    entries: Sequence[Any] = (),
    insisted: dict[str, str] | None = None,
) -> Fetcher:
    """A call of the module artifacts_fetch on a project: its cache, locks and plugins are in the project's folder."""
    places = (str(folder / name) for name in ("locks", ".", "plugins"))
    cache = Cache(str(folder / "cache"))
    return Fetcher(catalog, distribution, cache, *places, check, list(entries), insisted or {})
