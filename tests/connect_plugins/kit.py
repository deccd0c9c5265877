"""A project with one plugin in its catalog, and the plugin in every shape."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.products import Fetcher
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache
from tests.artifacts.kit import FileServer, fetcher, make_jar, make_tgz, make_zip, sha256, write

ACME = "org.acme.AcmeSource"
JDBC = "io.confluent.connect.jdbc.JdbcSourceConnector"
DRIVER = make_jar(more={"com/mysql/cj/jdbc/Driver.class": b"x"})
SHAPES = {
    "acme-1.0.zip": make_zip(
        {"acme-1.0/manifest.json": b"{}", "acme-1.0/lib/acme-1.0.jar": make_jar(ACME), "acme-1.0/doc/x": b"d"}
    ),
    "acme-1.0.tar.gz": make_tgz({"acme-1.0/acme-1.0.jar": make_jar(ACME), "acme-1.0/LICENSE": b"l"}),
    "acme-1.0.tgz": make_tgz({"acme-1.0.jar": make_jar(ACME)}),
    "acme-1.0.jar": make_jar(ACME),
}


class Lab:
    """A project with one plugin in its catalog, a driver in its store, and a server."""

    def __init__(self, folder: Path, server: FileServer) -> None:
        self.folder, self.server = folder, server
        write(
            folder / "locks/driver.lock",
            f"{sha256(DRIVER)}  {len(DRIVER)}  g:mysql-connector-j:9:jar  mysql-connector-j-9.jar\n",
        )
        cache = Cache(str(folder / "cache"))
        cache.keep(str(write(folder / "driver", DRIVER)), sha256(DRIVER))
        self.catalog: dict[str, Any] = {
            "acme": {
                "version": "1.0",
                "optional": True,
                "plugin": {"jar": "acme-*.jar", "connectors": [ACME], "urls": [server.url("acme-1.0.zip")]},
            },
            "driver": {"version": "9", "maven": {"alone": ["g:mysql-connector-j:9:jar"]}},
        }

    def fetch(self, *entries: Any, check: bool = False, **insisted: str) -> tuple[dict[str, Any], Fetcher]:
        """Have the plugins of a list; the index and the call."""
        call = fetcher(self.folder, self.catalog, check=check, entries=entries, insisted=insisted)
        return call.run([]), call

    def refused(self, *entries: Any, **insisted: str) -> str:
        """The one line with which a list is refused."""
        with pytest.raises(ArtifactError) as failure:
            self.fetch(*entries, **insisted)
        assert "\n" not in str(failure.value)
        return str(failure.value)

    def drop(self, name: str, data: bytes) -> Path:
        """Put a file into the user's folder."""
        return write(self.folder / "plugins" / name, data)


def names(entry: dict[str, Any]) -> list[str]:
    """Files of a packed plugin."""
    with tarfile.open(entry["archive"]) as tar:
        return sorted(tar.getnames())
