"""Plugins, files and entries of the declared list that are refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.artifacts.kit import make_jar, make_zip
from tests.connect_plugins.kit import ACME, JDBC, SHAPES, Lab


def test_page_in_the_plugins_place_is_never_pinned(lab: Lab) -> None:
    lab.server.files["acme-1.0.zip"] = b"<html>Please log in</html>"
    entry = lab.fetch("acme")[0]["acme"]
    assert not entry["available"]
    assert "is not a zip file" in entry["reason"]
    assert not list((lab.folder / "cache/downloads").glob("*.sha256"))


def test_jdbc_plugin_without_a_driver_is_refused(lab: Lab) -> None:
    lab.drop("jdbc-1.zip", make_zip({"lib/jdbc-1.jar": make_jar(JDBC)}))
    own = {"name": "jdbc", "file": "jdbc-*.zip"}
    line = lab.refused(own)
    assert line.startswith("plugin jdbc lacks mysql-connector-*.jar, which JdbcSourceConnector needs: add extra: ")
    assert lab.fetch({**own, "extra": ["driver"]})[0]["jdbc"]["available"]
    assert lab.fetch({**own, "needs": []})[0]["jdbc"]["available"]


def test_connector_twice_in_one_plugin_is_refused(lab: Lab) -> None:
    lab.drop("acme.zip", make_zip({"lib/acme-1.0.jar": make_jar(ACME), "lib/acme-1.1.jar": make_jar(ACME)}))
    line = lab.refused("acme")
    assert f"{ACME} is there 2 times (1.0 in acme/lib/acme-1.0.jar, 1.1 in acme/lib/acme-1.1.jar): keep one" in line


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("acme-2.zip", b"<html>", "acme-2.zip is not a zip file: download it again"),
        ("acme-2.tgz", b"<html>", "acme-2.tgz is not a tar.gz file"),
        ("acme-2.jar", b"<html>", "acme-2.jar is not a jar file"),
        ("acme-2.zip", make_zip({"readme.txt": b"x"}), "acme-2.zip holds no connector: there is no jar in it"),
        ("acme-2.zip", make_zip({"lib/guava-1.jar": make_jar()}), "acme-2.zip holds no connector jar acme-*.jar"),
        ("acme-2.zip", make_zip({"lib/acme-2.jar": b"junk"}), "lib/acme-2.jar is not a jar"),
        ("acme-2.zip", make_zip({"lib/acme-2.jar": make_jar("b.B")}), f"plugin acme has no connector {ACME}; it has B"),
        ("acme-2.zip", make_zip({"../acme-2.jar": make_jar(ACME), "x/y": b""}), "leaves the folder"),
    ],
)
def test_file_that_is_no_plugin_is_named(lab: Lab, name: str, data: bytes, message: str) -> None:
    lab.drop(name, data)
    assert message in lab.refused("acme")


def test_wrong_checksum_of_a_local_file(lab: Lab) -> None:
    lab.drop("mine.jar", SHAPES["acme-1.0.jar"])
    line = lab.refused({"name": "mine", "file": "mine.jar", "sha256": "0" * 64})
    assert f"{lab.folder}/plugins/mine.jar is not the file that sha256 pins: expected {'0' * 64}, found" in line


def test_what_nobody_declared_is_pointed_out(lab: Lab) -> None:
    lab.drop("other-1.jar", make_jar("org.other.Other"))
    lab.drop("notes.txt", b"x")
    _, call = lab.fetch({"name": "acme", "urls": []})
    assert [warning for warning in call.transfer.warnings if "other-1.jar is of no declared plugin (acme)" in warning]
    assert not [warning for warning in call.transfer.warnings if "notes.txt" in warning]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (["akme"], "kafka_connect_plugins, 'akme' is not in the catalog (acme): say where it comes from"),
        ([{"urls": "x"}], "an entry is a name (acme) or a dictionary with a name"),
        ([{"name": "x", "url": "y"}], "kafka_connect_plugins, 'x': no key url; there are connectors, extra, file"),
        ([{"name": "../x", "urls": "y"}], "a name is that of a folder"),
        ([{"name": "x", "maven": "a:b"}], "'a:b' is no coordinate"),
        (["driver"], "'driver' is no plugin of the catalog"),
        (["acme", {"name": "acme", "urls": []}], "has two entries 'acme' that differ"),
        ([{"name": "x", "file": "y.zip", "extra": [{"form": "z"}]}], "'x', extra: no key form"),
    ],
)
def test_entry_that_is_wrong_is_named(lab: Lab, entries: list[Any], message: str) -> None:
    assert message in lab.refused(*entries)
