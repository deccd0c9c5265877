"""What cannot be installed from an archive, or leads out of it, is refused in one line."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError
from ansible_collections.streaming.lab.plugins.module_utils.connect_plugins.content import read
from ansible_collections.streaming.lab.plugins.module_utils.products.plan import archive_members, folder_parts, merge
from tests.artifacts.kit import make_jar, write


def tgz(path: Path, *members: tuple[str, str]) -> str:
    """Write a tar of files (link target '') and links; returns its path."""
    with tarfile.open(path, "w:gz") as tar:
        for name, link in members:
            info = tarfile.TarInfo(name)
            if link:
                info.type, info.linkname = tarfile.SYMTYPE, link
            else:
                info.size = 1
            tar.addfile(info, None if link else io.BytesIO(b"x"))
    return str(path)


OUT = "a link which leaves the folder it is unpacked to"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("lib/a", "."), ("lib/b", "a/../..")], f"'lib/b', {OUT}"),
        ([("lib/b", "a/../.."), ("lib/a", ".")], f"'lib/b', {OUT}"),
        ([("a", "b/c"), ("b/c", "../..")], OUT),
        ([("lib/a", "/etc")], f"'lib/a', {OUT}"),
        ([("lib/a", "../../etc")], f"'lib/a', {OUT}"),
        ([("a", "b"), ("b", "a")], "which leads in a circle"),
        ([("a", ""), ("a", "")], "'a' twice"),
        ([("a", ""), ("./a", "")], "'a' twice"),
        ([("lib", ""), ("lib/a", "")], "'lib' both as a file and as a folder of 'lib/a'"),
        ([("lib", "share"), ("lib/a", "")], "'lib' both as a file and as a folder of 'lib/a'"),
        ([("lib/\x1b]0;x\x07a", "")], r"cannot be printed, 'lib/\x1b]0;x\x07a'"),
        ([("lib/a\nb", "")], r"cannot be printed, 'lib/a\nb'"),
        ([("lib/\u202eraj.x", "")], r"cannot be printed, 'lib/\u202eraj.x'"),
        ([("lib/a", "b\x1b")], r"cannot be printed, 'b\x1b'"),
    ],
)
def test_archive_is_refused_in_one_line(tmp_path: Path, members: list[tuple[str, str]], message: str) -> None:
    archive = tgz(tmp_path / "acme-1.tgz", *members)
    with pytest.raises(ArtifactError) as error:
        archive_members(archive, 0, [])
    assert message in str(error.value)
    assert str(error.value).startswith("acme-1.tgz holds ")
    assert str(error.value).isprintable()


def test_links_that_stay_inside_are_kept(tmp_path: Path) -> None:
    members = [
        ("lib/a.so", "a.so.1"),
        ("lib/a.so.1", ""),
        ("bin/lib", "../lib"),
        ("bin/x", "lib/../lib/a.so"),
        ("no", "gone"),
    ]
    parts = archive_members(tgz(tmp_path / "acme-1.tgz", *members), 0, [])
    assert {part.path: part.link for part in parts} == dict(members)


def test_zip_with_a_name_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "acme-1.zip", "w") as archive:
        archive.writestr("lib/a.jar", b"one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("lib/a.jar", b"two")
    with pytest.raises(ArtifactError, match=r"acme-1.zip holds 'lib/a.jar' twice"):
        archive_members(str(tmp_path / "acme-1.zip"), 0, [])


def test_link_into_a_folder_that_is_taken_off_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "acme/top/a.jar", make_jar())
    (tmp_path / "acme/top/b.jar").symlink_to("../top/a.jar")
    with pytest.raises(ArtifactError, match="leaves the folder"):
        read(str(tmp_path / "acme"))


def test_file_of_one_layer_over_a_folder_of_another_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "one/lib/a.jar", "a")
    write(tmp_path / "two/lib", "a")
    with pytest.raises(ArtifactError, match="'lib' both as a file and as a folder"):
        merge(folder_parts(str(tmp_path / "one")), folder_parts(str(tmp_path / "two")))
