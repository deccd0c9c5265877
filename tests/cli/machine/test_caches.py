"""The artifact cache that a lab uses, and what `down --purge` removes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.commands import doctor
from cli.lab import ROOT, Lab
from cli.machine import caches


@pytest.fixture
def machines(tmp_path: Path) -> Path:
    """An inventory of two hosts."""
    folder = tmp_path / "inventory"
    (folder / "group_vars").mkdir(parents=True)
    (folder / "hosts.yml").write_text("all: {hosts: {a: {}, b: {}}}", encoding="utf-8")
    return folder


def test_the_default_is_the_users_cache(machines: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert caches.cache_folders(Lab("lab", machines)) == [tmp_path / "streaming-lab"]


def test_the_inventorys_setting_counts_and_the_command_line_wins(machines: Path) -> None:
    (machines / "group_vars/all.yml").write_text("artifacts_cache: /srv/cache\n", encoding="utf-8")
    assert caches.cache_folders(Lab("lab", machines)) == [Path("/srv/cache")]
    assert caches.cache_folders(Lab("lab", machines, ("artifacts_cache=/mnt/usb",))) == [Path("/mnt/usb")]


def test_doctor_looks_at_the_cache_in_use(machines: Path) -> None:
    (finding,) = doctor.caches(Lab("lab", machines, ("artifacts_cache=/nowhere/usb",)))
    assert "/nowhere/usb is empty" in finding.text


def test_without_the_environment_the_default_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    current = Lab("lab", tmp_path, ("artifacts_cache=/srv/cache",), root=tmp_path)
    assert caches.cache_folders(current) == [tmp_path / "streaming-lab"]


def test_a_purge_leaves_what_is_not_the_labs(tmp_path: Path) -> None:
    for name in ("store/ab/file", "products/x.tar", "lock", "thesis/chapter"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    caches.remove_cache(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis"]


def test_a_purge_removes_a_cache_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "cache" / "maven").mkdir(parents=True)
    caches.remove_cache(tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_the_code_knows_each_folder_of_a_cache() -> None:
    """A folder of the cache that a role adds and `down --purge` does not know would stay for ever."""
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "collections").rglob("*.py"))
    for name in caches.CONTENTS:
        assert f'"{name}"' in text, name
