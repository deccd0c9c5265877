"""Files of a product: read from folders and archives, with hash, size and mode."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError, LockEntry
from ansible_collections.streaming.lab.plugins.module_utils.products.difference import (
    Difference,
    below,
    describe,
    shorten,
)
from ansible_collections.streaming.lab.plugins.module_utils.products.plan import (
    ProductFile,
    archive_members,
    folder_parts,
    locked_parts,
    merge,
)
from tests.artifacts.kit import sha256


def test_a_locked_file_comes_whole_or_out_of_a_stored_archive():
    entries = [
        LockEntry("g:a:1:jar", "libs/a.jar", "1" * 64, 10),
        LockEntry("g:b:1:jar", "-", "2" * 64, 20),
        LockEntry("g:b:1:jar!/web/x", "x", "3" * 64, 30),
    ]
    assert locked_parts(entries) == [
        ProductFile("libs/a.jar", "1" * 64, 10, "0644", "store", "1" * 64),
        ProductFile("x", "3" * 64, 30, "0644", "member", "2" * 64, "web/x"),
    ]


def test_a_folder_gives_files_with_their_mode_and_links(tmp_path: Path):
    for name, mode in (("bin/run.sh", 0o700), ("bin/lib.sh", 0o644), ("a.txt", 0o664), ("z.pyc", 0o644)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name, encoding="utf-8")
        path.chmod(mode)
    (tmp_path / "bin/.gitkeep").touch()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__/x").touch()
    (tmp_path / "bin/link.sh").symlink_to("run.sh")
    expected = {
        "a.txt": ("0644", "file"),
        "bin/lib.sh": ("0644", "file"),
        "bin/link.sh": ("0777", "link"),
        "bin/run.sh": ("0755", "file"),
    }
    found = folder_parts(str(tmp_path), "to")
    assert [(part.path, part.mode, part.source) for part in found] == [
        (f"to/{name}", *rest) for name, rest in expected.items()
    ]
    assert found[2].link == "run.sh"
    run = found[3]
    assert (run.sha256, run.size, run.origin) == (sha256(b"bin/run.sh"), 10, str(tmp_path / "bin/run.sh"))
    assert run.manifest() == {"sha256": run.sha256, "size": 10, "mode": "0755"}
    assert found[2].manifest() == {"link": "run.sh"}


def tar_of(path: Path, *entries: tuple[str, bytes | None, int, str]) -> None:
    """A tar with entries of name, content (None: a link), mode and target."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content, mode, target in entries:
            info = tarfile.TarInfo(name)
            info.mode = mode
            if content is None:
                info.type, info.linkname = tarfile.SYMTYPE, target
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))


def test_a_tar_gives_its_files_without_the_leading_folder(tmp_path: Path):
    path = tmp_path / "product.tgz"
    tar_of(
        path,
        ("top/bin/run", b"run", 0o755, ""),
        ("./top//docs/a.html", b"no", 0o644, ""),
        ("top/lib/a.jar", b"jar", 0o600, ""),
        ("top/lib/b.jar", None, 0o777, "a.jar"),
        ("top", b"", 0o644, ""),
    )
    assert archive_members(str(path), 1, ["docs/*"]) == [
        ProductFile("bin/run", sha256(b"run"), 3, "0755", "member", str(path), "top/bin/run"),
        ProductFile("lib/a.jar", sha256(b"jar"), 3, "0644", "member", str(path), "top/lib/a.jar"),
        ProductFile("lib/b.jar", "", 0, "0777", "link", link="a.jar"),
    ]


@pytest.mark.parametrize(("mode", "expected"), [(0o755, "0755"), (0o644, "0644"), (0, "0644")])
def test_a_zip_keeps_the_executable_bit(tmp_path: Path, mode: int, expected: str):
    path = tmp_path / "plugin.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("plugin/bin/run")
        info.external_attr = mode << 16
        archive.writestr(info, "run")
    assert archive_members(str(path), 0, []) == [
        ProductFile("plugin/bin/run", sha256(b"run"), 3, expected, "member", str(path), "plugin/bin/run")
    ]


@pytest.mark.parametrize(
    ("name", "shown"), [("../a", "../a"), ("/etc/a", "/etc/a"), ("top/../../a", "top/../../a"), ("/a\nb", "'/a\\nb'")]
)
def test_a_member_that_leaves_the_folder_is_refused_by_name(tmp_path: Path, name: str, shown: str):
    path = tmp_path / "bad.tgz"
    tar_of(path, (name, b"x", 0o644, ""))
    with pytest.raises(ArtifactError) as refused:
        archive_members(str(path), 0, [])
    assert str(refused.value) == f"bad.tgz holds '{shown}', which leaves the folder it is unpacked to"


@pytest.mark.parametrize("content", [b"<html>", b"", b"PK\x03\x04cut"])
def test_a_file_that_is_no_archive_is_named(tmp_path: Path, content: bytes):
    path = tmp_path / "page.zip"
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match=r"page\.zip is damaged or no archive"):
        archive_members(str(path), 0, [])


def test_the_last_layer_wins_and_paths_are_sorted():
    first = [ProductFile("b", "1", 1, "0644", "store"), ProductFile("a", "1", 1, "0644", "store")]
    second = [ProductFile("b", "2", 2, "0755", "file")]
    assert merge(first, second) == [first[1], second[0]]


def test_a_file_in_the_place_of_a_folder_is_refused():
    layers = [ProductFile("a", "1", 1, "0644", "store")], [ProductFile("a/b", "1", 1, "0644", "store")]
    with pytest.raises(ArtifactError, match="the product with its overlay"):
        merge(*layers)


@pytest.mark.parametrize(
    ("path", "folders", "inside"),
    [
        ("libs/a.jar", ["libs"], True),
        ("libs/a.jar", ["/libs/"], True),
        ("libs", ["libs/"], True),
        ("libs2/a.jar", ["libs"], False),
        ("a", [], False),
    ],
)
def test_a_path_below_a_folder(path: str, folders: list[str], inside: bool):
    assert below(path, folders) is inside


def test_a_difference_is_described_line_by_line():
    found = Difference(["m"], ["c"], ["o"], ["e"], ["."])
    assert describe(found, "/opt/x") == {
        "before_header": "/opt/x",
        "after_header": "/opt/x",
        "before": "",
        "after": "take back folder .\ninstall m\nrepair c\nset mode of o\nremove e\n",
    }
    assert found and found.wanted == ["c", "m"]
    assert not Difference()


def test_long_lists_are_cut():
    paths = [f"p{number}" for number in range(12)]
    assert shorten("install", paths[:10]) == [f"install p{number}" for number in range(10)]
    assert shorten("install", paths)[10:] == ["install ... and 2 more"]


def test_the_owner_of_files_is_not_read_from_here(tmp_path: Path):
    path = tmp_path / "a"
    path.touch()
    os.utime(path, (1, 1))
    assert folder_parts(str(tmp_path)) == [ProductFile("a", sha256(b""), 0, "0644", "file", str(path))]
