"""The packed product in the cache: when it counts as built, and which file is named when its bytes are wrong."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache
from ansible_collections.streaming.lab.plugins.module_utils.products import pack
from ansible_collections.streaming.lab.plugins.module_utils.products.pack import (
    WrongBytes,
    build,
    is_built,
    product_paths,
    read_manifest,
)
from ansible_collections.streaming.lab.plugins.module_utils.products.plan import ProductFile
from tests.artifacts.kit import make_zip, sha256

ABOUT = {"product": "thing", "version": "1", "distribution": "maven", "key": "k" * 64}


class Built:
    """A product of one file and one link, in a cache."""

    def __init__(self, folder: Path) -> None:
        self.cache = Cache(str(folder / "cache"))
        self.file = folder / "run.sh"
        self.file.write_bytes(b"run")
        self.parts = [
            ProductFile("bin/run.sh", sha256(b"run"), 3, "0755", "file", str(self.file)),
            ProductFile("bin/start.sh", "", 0, "0777", "link", link="run.sh"),
        ]
        self.archive, self.manifest = product_paths(self.cache, "thing", "1", ABOUT["key"])

    def build(self) -> None:
        build(self.cache, self.archive, self.manifest, ABOUT, self.parts)

    def is_built(self) -> bool:
        return is_built(self.archive, self.manifest, self.parts)


@pytest.fixture
def built(tmp_path: Path) -> Built:
    made = Built(tmp_path)
    made.build()
    return made


def test_a_product_is_a_tar_with_a_manifest(built: Built):
    assert built.archive.endswith(f"/products/thing-1-{'k' * 16}.tar")
    with tarfile.open(built.archive) as tar:
        run, start = tar.getmembers()
        content = tar.extractfile(run)
        assert content is not None and content.read() == b"run"
    assert (run.name, run.mode, run.mtime, run.uname) == ("bin/run.sh", 0o755, pack.MTIME, "root")
    assert (start.name, start.issym(), start.linkname) == ("bin/start.sh", True, "run.sh")
    found = Path(built.archive).stat()
    text = Path(built.manifest).read_text(encoding="utf-8")
    expected = {
        **ABOUT,
        "archive": {
            "sha256": sha256(Path(built.archive).read_bytes()),
            "size": found.st_size,
            "times": [found.st_mtime_ns, found.st_ctime_ns],
        },
        "files": {"bin/run.sh": built.parts[0].manifest(), "bin/start.sh": {"link": "run.sh"}},
    }
    assert text == json.dumps(expected, indent=1, sort_keys=True)
    for path in (built.archive, built.manifest):
        assert Path(path).stat().st_mode & 0o777 == 0o644
    assert len(list(Path(built.archive).parent.iterdir())) == 2


def test_an_unchanged_product_is_not_hashed_again(built: Built, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pack, "hash_file", lambda path: pytest.fail("hashed"))
    os.utime(built.manifest, (1, 1))
    assert built.is_built()
    assert Path(built.manifest).stat().st_mtime > 1, "the sweeper sees that it is in use"


def test_a_copied_product_is_hashed_once(built: Built, monkeypatch: pytest.MonkeyPatch):
    os.utime(built.archive, (5, 5))
    before = Path(built.manifest).read_text(encoding="utf-8")
    assert built.is_built()
    after = Path(built.manifest).read_text(encoding="utf-8")
    assert json.loads(after)["archive"]["times"][0] == 5 * 10**9
    assert after.count("\n") == before.count("\n")
    monkeypatch.setattr(pack, "hash_file", lambda path: pytest.fail("hashed"))
    assert built.is_built()


def test_a_product_with_other_bytes_or_size_is_not_built(built: Built):
    archive = Path(built.archive)
    content = archive.read_bytes()
    archive.write_bytes(content[:-1] + b"x")
    assert not built.is_built()
    archive.write_bytes(content + b"x")
    assert not built.is_built()
    archive.unlink()
    assert not built.is_built()


def test_a_product_with_other_files_is_not_built(built: Built):
    assert is_built(built.archive, built.manifest, None)
    built.parts.pop()
    assert not built.is_built()


@pytest.mark.parametrize("text", ["", "[]", '"x"', "{}", '{"files": []}', '{"files": null}'])
def test_a_manifest_that_is_none_is_passed_over(built: Built, text: str):
    Path(built.manifest).write_text(text, encoding="utf-8")
    assert read_manifest(built.manifest) is None
    assert not is_built(built.archive, built.manifest, None)


def test_a_manifest_without_its_archive_is_not_built(built: Built):
    Path(built.manifest).write_text('{"files": {}}', encoding="utf-8")
    assert not is_built(built.archive, built.manifest, None)


@pytest.mark.parametrize("content", [b"ruN", b"ru", b"runs", None])
def test_a_file_with_other_bytes_is_named(built: Built, content: bytes | None):
    if content is None:
        built.file.unlink()
    else:
        built.file.write_bytes(content)
    with pytest.raises(WrongBytes) as wrong:
        built.build()
    assert (wrong.value.sha256, wrong.value.path) == (sha256(b"run"), str(built.file))


@pytest.mark.parametrize("content", [b"no zip", make_zip({"other": b"x"}), make_zip({"inside": b"y"}), None])
def test_a_stored_archive_with_other_bytes_is_named_by_its_hash(tmp_path: Path, content: bytes | None):
    made = Built(tmp_path)
    origin = "a" * 64
    made.parts = [ProductFile("x", sha256(b"x"), 1, "0644", "member", origin, "inside")]
    stored = Path(made.cache.stored(origin))
    stored.parent.mkdir(parents=True)
    if content is not None:
        stored.write_bytes(content)
    with pytest.raises(WrongBytes) as wrong:
        made.build()
    assert (wrong.value.sha256, wrong.value.path) == (origin, str(stored))
