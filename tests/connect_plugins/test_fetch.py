"""The declared list of plugins: the source of each, in every shape."""

from __future__ import annotations

import hashlib
import os
import time
from typing import Any

import pytest

from tests.artifacts.kit import FakeMaven, make_jar, make_tgz, on_path, sha256, write
from tests.connect_plugins.kit import ACME, SHAPES, Lab, names


@pytest.mark.parametrize("shape", SHAPES)
def test_plugin_is_taken_as_it_was_downloaded(lab: Lab, shape: str) -> None:
    lab.drop(shape, SHAPES[shape])
    entry = lab.fetch("acme")[0]["acme"]
    assert any(name.endswith("acme-1.0.jar") for name in names(entry))
    assert (entry["version"], entry["origin"]) == ("1.0", str(lab.folder / "plugins" / shape))
    assert [(one["name"], one["listed"], one["version"]) for one in entry["connectors"]] == [(ACME, True, "1.0")]
    assert entry["paths"] == names(entry)
    assert not lab.server.requests, "its address was asked"


@pytest.mark.parametrize("shape", SHAPES)
def test_plugin_of_the_users_own_by_address_in_any_shape(lab: Lab, shape: str) -> None:
    lab.server.files[shape] = SHAPES[shape]
    own = {"name": "mine", "urls": [lab.server.url("gone.zip"), lab.server.url(shape)], "sha256": sha256(SHAPES[shape])}
    # The name in the cache is that of the first address, which tells what it is.
    own["urls"][0] = lab.server.url(f"gone/{shape}")
    entry = lab.fetch(own)[0]["mine"]
    assert entry["origin"] == lab.server.url(shape)
    assert entry["connectors"][0]["name"] == ACME
    seen = len(lab.server.requests)
    again, call = lab.fetch(own)
    assert (again["mine"]["origin"], call.transfer.fetched, len(lab.server.requests)) == ("the cache", [], seen)


def test_hub_layout_leaves_manuals_out(lab: Lab) -> None:
    lab.drop("acme.zip", SHAPES["acme-1.0.zip"])
    assert names(lab.fetch("acme")[0]["acme"]) == ["lib/acme-1.0.jar", "manifest.json"]


def test_folder_and_newest_of_two(lab: Lab) -> None:
    lab.drop("acme/lib/acme-1.9.jar", make_jar(ACME))
    lab.drop("acme-1.10.jar", make_jar(ACME))
    index, call = lab.fetch("acme")
    assert index["acme"]["version"] == "1.10"
    assert any("acme, which is older, is not" in warning for warning in call.transfer.warnings)


def test_broken_connection_goes_on_and_a_wrong_file_is_fetched_again_once(lab: Lab) -> None:
    data = SHAPES["acme-1.0.zip"]
    lab.server.files["a.zip"] = data
    lab.server.cut["a.zip"] = 1
    own = {"name": "mine", "urls": lab.server.url("a.zip"), "sha512": hashlib.sha512(data).hexdigest()}
    lab.fetch(own)
    assert lab.server.requests[-1][1].startswith("bytes="), "it was not resumed"
    lab.server.files["b.zip"] = data
    lab.server.bad["b.zip"] = 1
    assert lab.fetch({**own, "name": "other", "urls": [lab.server.url("b.zip")]})[0]["other"]["available"]
    lab.server.bad["c.zip"], lab.server.files["c.zip"] = 9, data
    line = lab.refused({**own, "name": "third", "urls": [lab.server.url("c.zip")]})
    assert "is not the file the catalog pins: expected sha512" in line
    assert [path for path, _ in lab.server.requests].count("c.zip") == 2
    assert not list((lab.folder / "cache/downloads/third").iterdir())


def test_plugin_by_maven_coordinate(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    mvn = FakeMaven(lab.folder / "mvn")
    monkeypatch.setenv("PATH", on_path(mvn.bin))
    data = SHAPES["acme-1.0.tar.gz"]
    mvn.add("acme-1.0-plugin.tar.gz", data)
    own = {"name": "mine", "maven": "org.acme:acme:1.0:plugin:tar.gz", "sha256": sha256(data)}
    entry = lab.fetch(own)[0]["mine"]
    assert (entry["origin"], entry["version"], names(entry)) == (own["maven"], "1.0", ["LICENSE", "acme-1.0.jar"])
    assert lab.fetch(own)[0]["mine"]["origin"] == "the cache"
    assert mvn.runs == 1
    mvn.set(bad={"acme-1.0-plugin.tar.gz": 9})
    (lab.folder / "cache/downloads/mine/acme-1.0-plugin.tar.gz").unlink()
    assert "expected sha256" in lab.refused(own)


def test_maven_is_the_fallback_of_the_addresses(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    mvn = FakeMaven(lab.folder / "mvn")
    monkeypatch.setenv("PATH", on_path(mvn.bin))
    mvn.add("acme-1.0.jar", SHAPES["acme-1.0.jar"])
    own = {"name": "mine", "urls": [lab.server.url("acme-1.0.jar")], "maven": "org.acme:acme:1.0:jar"}
    assert lab.fetch(own)[0]["mine"]["origin"] == own["maven"]


def test_what_cannot_be_had_is_told_and_remembered_for_an_hour(lab: Lab) -> None:
    entry = lab.fetch("acme")[0]["acme"]
    empty = {"key": "", "archive": "", "manifest": "", "available": False, "connectors": []}
    assert entry == {"version": "1.0", "distribution": "plugin", "reason": entry["reason"], **empty}
    assert "HTTP 404" in entry["reason"] and f"in {lab.folder / 'plugins'}" in entry["reason"]
    seen = len(lab.server.requests)
    assert "not asked again for" in lab.fetch("acme")[0]["acme"]["reason"]
    assert len(lab.server.requests) == seen
    noted = lab.folder / "cache/downloads/acme.unreachable"
    os.utime(noted, (time.time() - 3601,) * 2)
    lab.server.files["acme-1.0.zip"] = SHAPES["acme-1.0.zip"]
    assert lab.fetch("acme")[0]["acme"]["available"]
    assert not noted.exists()


def test_check_mode_asks_nobody(lab: Lab) -> None:
    entry = lab.fetch("acme", check=True)[0]["acme"]
    assert "check mode does not ask" in entry["reason"]
    assert not lab.server.requests


def test_engine_that_is_insisted_on_says_where_its_file_goes(lab: Lab) -> None:
    line = lab.refused(acme="lab_mysql_source is acme")
    assert line.startswith("lab_mysql_source is acme, but its plugin acme is not available: ")
    assert line.endswith(f"in {lab.folder / 'plugins'}")
    # Nor has it to wait for an hour after the network came back.
    lab.server.files["acme-1.0.zip"] = SHAPES["acme-1.0.zip"]
    index, _ = lab.fetch(acme="lab_mysql_source is acme")
    assert index["acme"]["insisted"]


def test_entry_of_the_catalog_takes_what_was_dropped_alone(lab: Lab) -> None:
    entry = {"name": "acme", "urls": []}
    assert "it has no address" in lab.fetch(entry)[0]["acme"]["reason"]
    assert not lab.server.requests
    lab.drop("acme-1.0.jar", SHAPES["acme-1.0.jar"])
    assert lab.fetch(entry)[0]["acme"]["available"]


def test_dropped_plugin_wins_over_the_locked_one(lab: Lab) -> None:
    lab.catalog["driver"]["plugin"] = {"jar": "acme-*.jar"}
    assert lab.fetch("driver")[0]["driver"]["origin"] == "Maven, locked"
    lab.drop("acme-1.2.jar", make_jar(ACME))
    entry = lab.fetch("driver")[0]["driver"]
    assert (entry["version"], names(entry)) == ("1.2", ["acme-1.2.jar"])


def test_locked_plugin_of_another_version_comes_from_where_the_entry_says(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.catalog["driver"]["plugin"] = {"jar": "acme-*.jar"}
    mvn = FakeMaven(lab.folder / "mvn")
    monkeypatch.setenv("PATH", on_path(mvn.bin))
    data = make_tgz({"acme-1.2.jar": make_jar(ACME)})
    mvn.add("acme-1.2-plugin.tar.gz", data)
    newer = {"name": "driver", "version": "1.2", "maven": "org.acme:acme:1.2:plugin:tar.gz", "sha256": sha256(data)}
    entry = lab.fetch(newer)[0]["driver"]
    assert (entry["version"], entry["origin"], names(entry)) == ("1.2", newer["maven"], ["acme-1.2.jar"])
    assert "expected sha256 000" in lab.refused({**newer, "sha256": "0" * 64})
    line = lab.refused({"name": "driver", "version": "1.2"})
    assert line == (
        "kafka_connect_plugins, 'driver': version 1.2 is not 9, which is locked: say where it comes from by urls, "
        "maven or file"
    )
    assert lab.fetch({"name": "driver", "version": "9"})[0]["driver"]["origin"] == "Maven, locked"


def test_extra_files_of_every_kind_are_laid_into_the_plugin(lab: Lab) -> None:
    lab.server.files["more-2.jar"] = make_jar(more={"x": b"1"})
    lab.drop("acme.zip", SHAPES["acme-1.0.zip"])
    local = write(lab.folder / "near/helper-3.jar", make_jar(more={"y": b"2"}))
    extra: list[Any] = [
        "driver",
        {"urls": [lab.server.url("more-2.jar")], "sha256": sha256(lab.server.files["more-2.jar"])},
        {"file": str(local), "to": "lib/near"},
        {"product": "driver", "to": "second", "unless": "mysql-connector-*.jar"},
    ]
    entry = lab.fetch({"name": "acme", "extra": extra})[0]["acme"]
    assert names(entry) == [
        "lib/acme-1.0.jar",
        "lib/more-2.jar",
        "lib/mysql-connector-j-9.jar",
        "lib/near/helper-3.jar",
        "manifest.json",
    ]
