"""Connectors are told from a plugin's jars, with and without a manifest."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError
from ansible_collections.streaming.lab.plugins.module_utils.connect_plugins.classes import (
    Connector,
    in_folder,
    in_jar,
    jar_version,
    twice,
)
from tests.artifacts.kit import make_class, make_jar, make_zip, write

SOURCE = "org/apache/kafka/connect/source/SourceConnector"
SINK = "org/apache/kafka/connect/sink/SinkConnector"


def found(jar: bytes) -> list[tuple[str, bool]]:
    """Connectors of a jar, and whether a manifest names them."""
    return [(one.name, one.listed) for one in in_jar(io.BytesIO(jar), "lib/x-1.jar")]


def test_manifest_is_believed() -> None:
    assert found(make_jar("a.One", "a.Two")) == [("a.One", True), ("a.Two", True)]


def test_without_a_manifest_class_files_are_read() -> None:
    jar = make_zip(
        {
            "a/Source.class": make_class("a/Source", SOURCE),
            "a/Sink.class": make_class("a/Sink", SINK),
            "a/Base.class": make_class("a/Base", SOURCE, 0x421),
            "b/Far.class": make_class("b/Far", "b/Near"),
            "b/Near.class": make_class("b/Near", "a/Base"),
            "a/Task.class": make_class("a/Task", "org/apache/kafka/connect/source/SourceTask"),
            "META-INF/versions/11/a/Source.class": make_class("a/Source", SOURCE),
        }
    )
    assert found(jar) == [(name, False) for name in ("a.Sink", "a.Source", "b.Far", "b.Near")]


def test_jar_without_connectors() -> None:
    assert found(make_jar()) == []


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("kafka-connect-jdbc-10.9.7.jar", "10.9.7"),
        ("debezium-connector-mysql-3.0.8.Final.jar", "3.0.8.Final"),
        ("kafka-connect-bluesky-source-0.0.1-jar-with-dependencies.jar", "0.0.1"),
        ("connect-file-3.8.1.jar", "3.8.1"),
        ("plain.jar", ""),
    ],
)
def test_version_in_a_jars_name(name: str, version: str) -> None:
    assert jar_version(name) == version


@pytest.mark.parametrize("damage", ["data", "method", "password"])
def test_jar_that_cannot_be_unpacked_is_passed_over(tmp_path: Path, damage: str) -> None:
    """What zipfile finds out only when it reads a member, each by another error."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as jar:
        jar.writestr("a/Source.class", make_class("a/Source", SOURCE))
    data = bytearray(buffer.getvalue())
    listed = data.index(b"PK\x01\x02")
    if damage == "data":
        start = 30 + len("a/Source.class")
        data[start : start + 8] = b"\xff" * 8
    elif damage == "method":
        data[8] = data[listed + 10] = 99
    else:
        data[6] = data[listed + 8] = 1
    write(tmp_path / "bad-1.jar", bytes(data))
    write(tmp_path / "good-1.jar", make_jar("a.X"))
    assert [one.name for one in in_folder(tmp_path)] == ["a.X"]
    with pytest.raises(ArtifactError, match=r"bad-1\.jar is not a jar: .+; download its plugin again"):
        in_jar(io.BytesIO(data), "bad-1.jar")


def test_class_in_two_folders_is_told_with_versions_and_places(tmp_path: Path) -> None:
    write(tmp_path / "one/x-1.0.jar", make_jar("a.X"))
    write(tmp_path / "two/lib/x-2.0.jar", make_jar("a.X", manifest=False))
    write(tmp_path / "two/lib/broken.jar", b"junk")
    listed = [(str(tmp_path / name), one) for name in ("one", "two") for one in in_folder(tmp_path / name)]
    assert twice(listed) == [
        f"a.X is there 2 times (1.0 in {tmp_path}/one/x-1.0.jar, 2.0 in {tmp_path}/two/lib/x-2.0.jar): keep one"
    ]


def test_same_jar_seen_twice_is_one() -> None:
    one = Connector("a.X", "x-1.jar", "1", True)
    assert twice([("/p", one), ("/p", one)]) == []
