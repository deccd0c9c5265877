"""A project with one product of locked artifacts, and its mvn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.products import Fetcher
from tests.artifacts.kit import FakeMaven, fetcher, make_zip, sha256, write

ONE, TWO = b"first jar " * 500, b"second jar " * 500
WEB = make_zip({"webapps/index.html": b"<html>", "org/x.class": b"no"})


class Lab:
    """A project with one product of two jars, an unpacked page and an overlay."""

    def __init__(self, folder: Path, mvn: FakeMaven) -> None:
        self.folder, self.mvn = folder, mvn
        mvn.add("one-1.jar", ONE)
        mvn.add("two-1.jar", TWO)
        mvn.add("web-1-tests.jar", WEB)
        write(
            folder / "locks/thing.lock",
            "".join(
                f"{sha256(data)}  {len(data)}  {coordinate}  {path}\n"
                for data, coordinate, path in (
                    (ONE, "g:one:1:jar", "libs/one-1.jar"),
                    (TWO, "g:two:1:jar", "libs/two-1.jar"),
                    (WEB, "g:web:1:tests:jar", "-"),
                    (b"<html>", "g:web:1:tests:jar!/webapps/index.html", "web/index.html"),
                )
            ),
        )
        self.script = write(folder / "dist/bin/start.sh", "#!/bin/sh\n", 0o755)
        self.catalog: dict[str, Any] = {
            "thing": {
                "version": "1",
                "overlay": "dist",
                "maven": {
                    "roots": ["g:one:1:jar"],
                    "unpack": [{"artifact": "g:web:1:tests:jar", "from": "webapps/", "to": "web/"}],
                },
            }
        }

    def fetcher(self, check: bool = False) -> Fetcher:
        """A fresh call."""
        return fetcher(self.folder, self.catalog, check=check)

    def fetch(self, check: bool = False) -> tuple[dict[str, Any], Fetcher]:
        """Have the product; its index entry and the call."""
        fetcher = self.fetcher(check)
        return fetcher.run(["thing"])["thing"], fetcher
