"""Wrong bytes, no bytes and things that are no plugin are refused by name, before anything on a host is changed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from scenario_kit import Scenario

pytestmark = pytest.mark.usefixtures("untouched")
ONE_PRODUCT = {"artifacts_products": ["mysql-connector-j"]}


def test_wrong_checksum(scenario: Scenario, copy: Path, cache: dict[str, str]) -> None:
    lock = copy / "roles/artifacts/files/locks/mysql-connector-j.lock"
    text = lock.read_text(encoding="utf-8")
    pinned = re.search(r"^[0-9a-f]{64}", text, re.MULTILINE)
    wrong = "0" * 64
    lock.write_text(text.replace(pinned[0], wrong), encoding="utf-8")
    before = stored(cache)
    spoilt = Scenario(scenario.name, copy)
    ended = spoilt.lab("up", "-i", "inventory/machines", settings=ONE_PRODUCT, environment=cache)
    ended.refuses("com.mysql:mysql-connector-j", f"expected sha256 {wrong}", f"found sha256 {pinned[0]}", "deleted")
    assert stored(cache) == before, "what was refused is in the cache"


def stored(cache: dict[str, str]) -> set[str]:
    """Names of what the cache holds as verified, and of what it would hand out."""
    folder = Path(cache["XDG_CACHE_HOME"]) / "streaming-lab"
    return {path.name for part in ("store", "products") for path in (folder / part).rglob("*")}


def test_no_network_and_an_empty_cache(scenario: Scenario, no_network: dict[str, str], tmp_path: Path) -> None:
    empty = {**no_network, "XDG_CACHE_HOME": str(tmp_path / "empty")}
    ended = scenario.lab("up", environment=empty)
    ended.refuses("the Maven repositories cannot be reached from this machine", "log:")
    assert Path(no_network["PATH"].split(":")[0], "runs").exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("confluentinc-kafka-connect-jdbc-10.9.9.zip", b"<html>Sign in to the network</html>", "is not a zip file"),
        ("other.zip", b"PK\x05\x06" + b"\0" * 18, "there is no jar in it"),
    ],
    ids=["not-a-zip", "no-jar"],
)
def test_plugin_that_is_none(scenario: Scenario, tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / name).write_bytes(content)
    ended = scenario.lab("up", settings={"artifacts_plugins_dir": str(tmp_path / "plugins")})
    ended.refuses(name, words)
