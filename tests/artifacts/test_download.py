"""Products that come by URL: official archives and plugins that a user may drop."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.download import download
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.products import Fetcher
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache
from tests.artifacts.kit import FileServer, fetcher, make_jar, make_tgz, make_zip, sha256, write

DATA = bytes(range(256)) * 2000
PLUGIN = make_zip(
    {
        "acme-jdbc-2.0/lib/kafka-connect-jdbc-2.0.jar": make_jar(),
        "acme-jdbc-2.0/doc/x": b"doc",
        "acme-jdbc-2.0/manifest.json": b"{}",
    }
)


@pytest.fixture
def server() -> Iterator[FileServer]:
    running = FileServer()
    running.files["file.tgz"] = DATA
    yield running
    running.close()


def get(server: FileServer, target: Path, *paths: str, digest: str = sha256(DATA)) -> str:
    """Download with a short patience."""
    return download([server.url(path) for path in paths], str(target), "sha256", digest, connect_timeout=2)


def test_interrupted_download_goes_on(server: FileServer, tmp_path: Path) -> None:
    server.cut["file.tgz"] = 1
    get(server, tmp_path / "f", "file.tgz")
    assert (tmp_path / "f").read_bytes() == DATA
    assert server.requests[-1] == ("file.tgz", "bytes=256000-")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f"]


def test_stale_part_of_another_file_is_thrown_away(server: FileServer, tmp_path: Path) -> None:
    write(tmp_path / "f.part", b"z" * 1000)
    get(server, tmp_path / "f", "file.tgz")
    assert (tmp_path / "f").read_bytes() == DATA


def test_part_longer_than_the_file(server: FileServer, tmp_path: Path) -> None:
    write(tmp_path / "f.part", DATA + b"more")
    get(server, tmp_path / "f", "file.tgz")
    assert (tmp_path / "f").read_bytes() == DATA


def test_second_address_when_the_first_lacks_it(server: FileServer, tmp_path: Path) -> None:
    assert get(server, tmp_path / "f", "gone.tgz", "file.tgz") == server.url("file.tgz")


def test_wrong_bytes_once_are_fetched_again(server: FileServer, tmp_path: Path) -> None:
    server.bad["file.tgz"] = 1
    get(server, tmp_path / "f", "file.tgz")
    assert (tmp_path / "f").read_bytes() == DATA


def test_wrong_bytes_twice_are_refused_by_name(server: FileServer, tmp_path: Path) -> None:
    server.bad["file.tgz"] = 9
    with pytest.raises(ArtifactError) as failure:
        get(server, tmp_path / "file.tgz", "file.tgz")
    assert sha256(DATA) in str(failure.value)
    assert sha256(b"X" + DATA[1:]) in str(failure.value)
    assert "file.tgz" in str(failure.value)
    assert list(tmp_path.iterdir()) == []
    assert len(server.requests) == 2


class Lab:
    """A project with an official archive and an optional plugin."""

    def __init__(self, folder: Path, server: FileServer) -> None:
        self.folder, self.server = folder, server
        tgz = make_tgz(
            {"thing-1/bin/run.sh": b"#!/bin/sh\n", "thing-1/libs/a.jar": b"jar", "thing-1/docs/x": b"no"},
            ("thing-1/bin/run.sh",),
            {"thing-1/libs/a-latest.jar": "a.jar"},
        )
        server.files.update({"thing-1.tgz": tgz, "jdbc.zip": PLUGIN})
        write(folder / "extra/bin/ours.sh", "#!/bin/sh\n", 0o755)
        write(folder / "extra/bin/other", "not for the tarball\n")
        write(folder / "locks/driver.lock", "")
        self.catalog: dict[str, Any] = {
            "jdbc": {
                "version": "2.0",
                "optional": True,
                "plugin": {
                    "jar": "kafka-connect-jdbc-*.jar",
                    "urls": [server.url("jdbc.zip")],
                    "sha256": "",
                },
            },
            "thing": {
                "version": "1",
                "overlay": "extra",
                "overlay_archive": ["bin/*.sh"],
                "archive": {
                    "urls": [server.url("moved.tgz"), server.url("thing-1.tgz")],
                    "sha512": hashlib.sha512(tgz).hexdigest(),
                    "exclude": ["docs/*"],
                },
            },
        }

    def fetch(self, name: str, check: bool = False) -> tuple[dict[str, Any], Fetcher]:
        """Have one product; its index entry and the call."""
        call = fetcher(self.folder, self.catalog, "archive", check)
        return call.run([name])[name], call


@pytest.fixture
def lab(tmp_path: Path, server: FileServer) -> Lab:
    return Lab(tmp_path, server)


def names(archive: str) -> dict[str, int]:
    """Mode of each member of a tar."""
    with tarfile.open(archive) as tar:
        return {member.name: member.mode for member in tar}


def test_official_archive_is_packed_with_our_additions(lab: Lab) -> None:
    entry, call = lab.fetch("thing")
    assert names(entry["archive"]) == {
        "bin/run.sh": 0o755,
        "libs/a.jar": 0o644,
        "libs/a-latest.jar": 0o777,
        "bin/ours.sh": 0o755,
    }
    assert (entry["distribution"], call.transfer.fetched) == ("archive", ["moved.tgz"])


def test_official_archive_is_fetched_once(lab: Lab) -> None:
    lab.fetch("thing")
    seen = len(lab.server.requests)
    _, call = lab.fetch("thing")
    assert (call.transfer.fetched, call.built, len(lab.server.requests)) == ([], [], seen)


def test_changed_archive_in_the_cache_is_fetched_again(lab: Lab) -> None:
    entry, _ = lab.fetch("thing")
    Path(entry["archive"]).unlink()
    write(lab.folder / "cache/downloads/moved.tgz", make_tgz({"thing-1/bin/run.sh": b"evil"}))
    entry, call = lab.fetch("thing")
    with tarfile.open(entry["archive"]) as tar:
        assert tar.extractfile("bin/run.sh").read() == b"#!/bin/sh\n"  # type: ignore[union-attr]
    assert any("was damaged in the cache" in warning for warning in call.transfer.warnings)


def test_archive_with_a_path_that_leaves_it(lab: Lab) -> None:
    tgz = make_tgz({"thing-1/../../etc/passwd": b"x"})
    lab.server.files["thing-1.tgz"] = tgz
    lab.catalog["thing"]["archive"]["sha512"] = hashlib.sha512(tgz).hexdigest()
    with pytest.raises(ArtifactError, match="leaves the folder"):
        lab.fetch("thing")


def test_check_mode_of_an_archive_downloads_nothing(lab: Lab) -> None:
    entry, call = lab.fetch("thing", check=True)
    assert (entry["files"], call.transfer.fetched, lab.server.requests) == ({}, ["moved.tgz"], [])
    assert not (lab.folder / "cache").exists()


def test_plugin_by_address_is_pinned_on_first_sight(lab: Lab) -> None:
    entry, call = lab.fetch("jdbc")
    assert sorted(names(entry["archive"])) == ["lib/kafka-connect-jdbc-2.0.jar", "manifest.json"]
    assert any(sha256(PLUGIN) in warning and "pinned" in warning for warning in call.transfer.warnings)
    (lab.folder / "cache/downloads/jdbc.zip").unlink()
    lab.server.files["jdbc.zip"] = make_zip({"a/lib/kafka-connect-jdbc-2.0.jar": b"other"})
    with pytest.raises(ArtifactError, match="is not the file the catalog pins"):
        lab.fetch("jdbc")


def test_optional_plugin_that_cannot_be_had_says_why_and_is_not_asked_again(lab: Lab) -> None:
    del lab.server.files["jdbc.zip"]
    entry, _ = lab.fetch("jdbc")
    assert entry["available"] is False
    assert "HTTP 404" in entry["reason"]
    assert str(lab.folder / "plugins") in entry["reason"]
    asked = len(lab.server.requests)
    entry, _ = lab.fetch("jdbc")
    assert "not asked again" in entry["reason"]
    assert len(lab.server.requests) == asked


def test_dropped_zip_wins_over_the_address(lab: Lab) -> None:
    write(
        lab.folder / "plugins/any name.zip",
        make_zip({"p/lib/kafka-connect-jdbc-3.1.jar": make_jar(), "p/doc/x": b"d"}),
    )
    entry, call = lab.fetch("jdbc")
    assert (entry["version"], list(names(entry["archive"]))) == ("3.1", ["lib/kafka-connect-jdbc-3.1.jar"])
    assert (lab.server.requests, call.transfer.fetched) == ([], [])


def test_dropped_folder(lab: Lab) -> None:
    write(lab.folder / "plugins/jdbc/lib/kafka-connect-jdbc-3.2.jar", make_jar())
    entry, _ = lab.fetch("jdbc")
    assert (entry["version"], list(names(entry["archive"]))) == ("3.2", ["lib/kafka-connect-jdbc-3.2.jar"])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<html>Please log in</html>", r"kafka-connect-jdbc.zip is not a zip file"),
        (make_zip({"readme.txt": b"x"}), r"kafka-connect-jdbc.zip holds no connector: there is no jar"),
        (
            make_zip({"lib/guava-1.jar": b"x"}),
            r"kafka-connect-jdbc.zip holds no connector jar kafka-connect-jdbc-\*",
        ),
    ],
)
def test_bad_plugin_zip_is_named(lab: Lab, data: bytes, message: str) -> None:
    write(lab.folder / "plugins/kafka-connect-jdbc.zip", data)
    with pytest.raises(ArtifactError, match=message):
        lab.fetch("jdbc")


def test_driver_is_added_to_a_plugin_without_one(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = make_jar()
    write(
        lab.folder / "locks/driver.lock",
        f"{sha256(driver)}  {len(driver)}  g:mysql-connector-j:1:jar  mysql-connector-j-1.jar\n",
    )
    cache = Cache(str(lab.folder / "cache"))
    cache.keep(str(write(lab.folder / "d", driver)), sha256(driver))
    lab.catalog["jdbc"]["plugin"]["extra"] = [{"product": "driver", "to": "lib", "unless": "mysql-connector-*.jar"}]
    entry, _ = lab.fetch("jdbc")
    assert "lib/mysql-connector-j-1.jar" in names(entry["archive"])
