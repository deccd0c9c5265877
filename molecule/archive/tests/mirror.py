"""A web server on 127.0.0.1 with tarballs in place of Apache's own, and the table of artifacts that leads to it."""

from __future__ import annotations

import hashlib
import http.server
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from scenario_kit import ROOT

from cli.machine.caches import default_cache

CATALOG = Path("roles/artifacts/vars/main.yml")
# In the copy: the hosts of the lab, as machines.
MACHINES = Path("inventory/machines")
TOP = {"kafka": "kafka_2.13-3.8.1", "hadoop": "hadoop-3.4.1"}


@dataclass
class Mirror:
    """A web server that answers ranges, as Apache's does, and misbehaves when told to.

    ``cut`` and ``changed`` hold, by name, how many of the next answers end half way or have one wrong byte.
    """

    folder: Path
    cut: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0

    def url(self, name: str) -> str:
        """Address of a file."""
        return f"http://127.0.0.1:{self.port}/{name}"

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        """Answer one GET."""
        name, wanted = request.path.lstrip("/"), request.headers.get("Range", "")
        self.requests.append((name, wanted))
        data = (self.folder / name).read_bytes()
        if self.changed.get(name, 0) > 0:
            self.changed[name] -= 1
            middle = len(data) // 2
            data = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        request.send_response(206 if wanted else 200)
        if wanted:
            request.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        body = data[start:]
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if self.cut.get(name, 0) > 0:
            self.cut[name] -= 1
            body = body[: len(body) // 2]
        request.wfile.write(body)


def maven_products(project: Path) -> dict[str, Path]:
    """The tars of Kafka and Hadoop in distribution `maven`, from this user's cache, fetched where it has none."""
    from ansible_collections.streaming.lab.plugins.module_utils.artifacts.products import Fetcher
    from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache

    catalog = yaml.safe_load((ROOT / CATALOG).read_text(encoding="utf-8"))["artifacts_catalog"]
    fetcher = Fetcher(
        catalog, "maven", Cache(str(default_cache())), str(ROOT / "roles/artifacts/files/locks"), str(ROOT),
        str(project / "files/plugins"),
    )  # fmt: skip
    return {name: Path(entry["archive"]) for name, entry in fetcher.run(["hadoop", "kafka"]).items()}


def repack(source: Path, target: Path, top: str) -> None:
    """Pack a product's tar as Apache packs its own: gzipped, below one folder.

    Args:
        source: a tar from the cache.
        target: the .tgz to write.
        top: name of the folder.
    """
    with tarfile.open(source) as old, tarfile.open(target, "w:gz", compresslevel=1) as new:
        for member in old:
            member.name = f"{top}/{member.name}"
            new.addfile(member, old.extractfile(member) if member.isfile() else None)


def write_catalog(project: Path, mirror: Mirror, products: tuple[str, ...] = ("kafka", "hadoop")) -> None:
    """Put the stand-ins' addresses and checksums in the copy's table; the first address of each is dead.

    Args:
        project: the copy.
        mirror: serves the tarballs.
        products: their entries are changed.
    """
    path = project / CATALOG
    table = yaml.safe_load(path.read_text(encoding="utf-8"))
    for product in products:
        archive, name = table["artifacts_catalog"][product]["archive"], f"{TOP[product]}.tgz"
        # Nothing listens on port 9.
        archive["urls"] = [f"http://127.0.0.1:9/{name}", mirror.url(name)]
        archive["sha512"] = hashlib.sha512((mirror.folder / name).read_bytes()).hexdigest()
    path.write_text("---\n" + yaml.safe_dump(table), encoding="utf-8")
