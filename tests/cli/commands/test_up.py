"""./lab up fills an empty cache while the image is built, and ends that when it ends itself."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli.commands import up
from cli.lab import Lab


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A lab of containers; a process that would take a minute stands for Ansible."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(up.ansible, "playbook_arguments", slow)
    monkeypatch.setattr(Lab, "is_containers", True)
    return Lab("lab", tmp_path / "inventory", root=tmp_path)


def slow(_lab: Lab, playbook: list[str], _extra: list[str]) -> list[str]:
    return [sys.executable, "-c", f"import time; print({playbook!r}, flush=True); time.sleep(60)"]


def hosts(**values: str) -> Any:
    """What stands for an inventory of one host."""
    return SimpleNamespace(hosts={"kafka": values}, stop=lambda: None)


def add_product(cache: Path) -> None:
    (cache / "products").mkdir(parents=True)
    (cache / "products/kafka-3.8.1-abc.tar").touch()


def test_a_cache_with_products_needs_no_fetching(lab: Lab, tmp_path: Path) -> None:
    add_product(tmp_path / "streaming-lab")
    assert up.start_fetching(lab, hosts())._child is None


def test_a_cache_that_the_inventory_names_counts(lab: Lab, tmp_path: Path) -> None:
    add_product(tmp_path / "usb")
    assert up.start_fetching(lab, hosts(artifacts_cache=str(tmp_path / "usb")))._child is None


def test_an_empty_cache_is_filled_meanwhile(lab: Lab) -> None:
    fetching = up.start_fetching(lab, hosts())
    try:
        assert fetching.ended() == []
        assert fetching.running()[0].startswith("  Downloads ....")
    finally:
        fetching.stop()
    assert "log: build/log/fetch-" in fetching.ended()[0]


@pytest.mark.parametrize("check", [False, True])
def test_the_fetching_ends_with_the_command(lab: Lab, monkeypatch: pytest.MonkeyPatch, check: bool) -> None:
    seen: list[Any] = []

    def start(*given: Any) -> Any:
        seen.append(real(*given))
        return seen[-1]

    def fail(*_given: Any, **_more: Any) -> int:
        raise KeyboardInterrupt

    real = up.start_fetching
    monkeypatch.setattr(up, "start_fetching", start)
    monkeypatch.setattr(up, "provision", fail)
    monkeypatch.setattr(up, "own_words", lambda _: [])
    monkeypatch.setattr(up.Inventory, "start", lambda _: hosts())
    with pytest.raises(KeyboardInterrupt):
        up.run(lab, Namespace(check=check, no_verify=True))
    assert [fetching._child.poll() is not None for fetching in seen] == [True] * (not check)
