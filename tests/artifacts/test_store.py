"""The artifact cache: whole files by their hash, one writer, and the removal of old files."""

from __future__ import annotations

import os
import ssl
import time
import urllib.error
from email.message import Message
from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.download import why
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import (
    ArtifactError,
    LockEntry,
    excluded,
    parse_coordinate,
)
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.maven import dependency_xml
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache, hash_file
from ansible_collections.streaming.lab.plugins.module_utils.products.plan import missing_from_store
from tests.artifacts.kit import sha256

DAY = 86400


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(str(tmp_path / "cache"))


def stored(cache: Cache, tmp_path: Path, content: bytes) -> str:
    """Keep a file; return its hash."""
    path = tmp_path / "download"
    path.write_bytes(content)
    cache.keep(str(path), sha256(content))
    return sha256(content)


def test_a_file_is_kept_under_its_hash_and_read_by_all(cache: Cache, tmp_path: Path):
    digest = stored(cache, tmp_path, b"jar")
    path = Path(cache.stored(digest))
    assert path == tmp_path / "cache/store" / digest[:2] / digest
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"jar", 0o644)
    assert not (tmp_path / "download").exists()
    assert [entry.name for entry in path.parent.iterdir()] == [digest]
    assert hash_file(str(path)) == digest


def test_a_cached_file_of_another_size_is_missing(cache: Cache, tmp_path: Path):
    digest = stored(cache, tmp_path, b"jar")
    assert cache.has(digest, 3)
    assert not cache.has(digest, 4)
    assert not cache.has("0" * 64, 3)
    whole = LockEntry("g:a:1:jar", "a.jar", digest, 3)
    cut = LockEntry("g:b:1:jar", "b.jar", digest, 4)
    member = LockEntry("g:a:1:jar!/x", "x", "0" * 64, 1)
    assert missing_from_store(cache, [whole, cut, member]) == [cut]
    cache.drop(digest)
    cache.drop(digest)
    assert not cache.has(digest, 3)


def test_a_second_writer_is_told_to_wait(cache: Cache):
    with cache.exclusive(), pytest.raises(ArtifactError, match=r"another run has held the cache .* for 0 s: wait"), \
            cache.exclusive(wait=0.0):  # fmt: skip
        pass
    with cache.exclusive(wait=0.0):
        pass


def aged(path: Path, days: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    then = time.time() - days * DAY
    os.utime(path, (then, then))
    return path


def test_products_that_no_run_used_are_removed_with_their_tar(cache: Cache, tmp_path: Path):
    products = tmp_path / "cache/products"
    for name, days in (("old.json", 15), ("old.tar", 1), ("used.json", 13), ("used.tar", 99), ("used.txt", 99)):
        aged(products / name, days)
    for name, days in (("py-3.12.json", 15), ("py-3.12.tar.gz", 15), ("py-3.13.json", 1), ("py-3.13.tar.gz", 15)):
        aged(products / name, days)
    cache.sweep(14)
    left = ["py-3.13.json", "py-3.13.tar.gz", "used.json", "used.tar", "used.txt"]
    assert sorted(path.name for path in products.iterdir()) == left


def test_unfinished_files_of_dead_runs_are_removed_after_a_day(cache: Cache, tmp_path: Path):
    products = tmp_path / "cache/products"
    for name, days in (("a.part", 2), ("b.part", 0.5), ("orphan.tar", 2), ("orphan-3.1.tar.gz", 2), ("new.tar", 0.5)):
        aged(products / name, days)
    cache.sweep(14)
    assert sorted(path.name for path in products.iterdir()) == ["b.part", "new.tar"]


def test_leftovers_beside_mavens_repository_are_removed(cache: Cache, tmp_path: Path):
    maven = tmp_path / "cache/maven"
    for name in ("fetch-x/project/pom.xml", "repository/a.jar"):
        aged(maven / name, 0)
    aged(maven / "old.log", 15)
    aged(maven / "new.log", 13)
    cache.sweep_scratch()
    assert sorted(path.name for path in maven.iterdir()) == ["new.log", "repository"]


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError("long text")
    error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (urllib.error.HTTPError("u", 404, "Not Found", Message(), None), "HTTP 404"),
        (urllib.error.URLError(untrusted()), "TLS certificate not trusted (self-signed certificate)"),
        (urllib.error.URLError(TimeoutError()), "no answer in time"),
        (TimeoutError("x"), "no answer in time"),
        (urllib.error.URLError(OSError(111, "Connection refused")), "Connection refused"),
        (urllib.error.URLError("unknown url type"), "unknown url type"),
        (ValueError("no scheme"), "no scheme"),
    ],
)
def test_why_a_request_failed_is_a_few_words(error: Exception, text: str):
    assert why(error) == text


def test_a_pattern_leaves_artifacts_out():
    assert excluded("org.x:a:1:jar", ["org.y:*", "org.x:a:*"])
    assert not excluded("org.x:ab:1:jar", ["org.x:a:*"])
    assert not excluded("org.x:a:1:jar", [])


def test_a_coordinate_is_written_without_empty_elements():
    expected = "<groupId>g</groupId><artifactId>a&amp;b</artifactId><version>1</version><type>jar</type>"
    assert dependency_xml(parse_coordinate("g:a&b:1:jar")) == expected


def test_progress_is_a_file_while_a_transfer_runs(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    with Cache(str(tmp_path)).progress(200, lambda: 50) as tell:
        tell()
        done, total, began = path.read_text(encoding="ascii").split()
        assert (done, total) == ("50", "200") and int(began) > 0
    assert not path.exists()
