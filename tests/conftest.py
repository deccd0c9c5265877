"""Fixtures that several unit tests use."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Programs are copied to hosts from the folders that tests import: bytecode is kept elsewhere.
PYCACHE = ROOT / "build/pycache"
sys.dont_write_bytecode, sys.pycache_prefix = False, str(PYCACHE)


@pytest.fixture(autouse=True)
def no_lab_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person exported for their own lab does not reach the tests."""
    for name in ("LAB_NAME", "LAB_CWD", "LAB_MITOGEN", "LAB_EVENTS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def dead_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy for the Internet that passes nothing on to the lab's own hosts."""
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")


@pytest.fixture(scope="session")
def clone() -> Path:
    """The clone's folder."""
    return ROOT


@pytest.fixture
def write_events(tmp_path: Path) -> Callable[..., Path]:
    """Writes events as the callback does and gives the file."""

    def write(*events: dict) -> Path:
        path = tmp_path / "events"
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(event) + "\n" for event in events)
        return path

    return write


@pytest.fixture
def fake_commands(tmp_path: Path) -> Iterator[Callable[[str, str], Path]]:
    """Puts shell scripts in a folder that stands for PATH; gives the folder."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def make(name: str, script: str) -> Path:
        path = folder / name
        # Never write through a link to the machine's own tool: that would change the machine.
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return folder

    yield make


@pytest.fixture
def real_tools() -> Callable[[Path, tuple[str, ...]], None]:
    """Links this machine's own tools into a folder that stands for PATH."""

    def link(folder: Path, names: tuple[str, ...]) -> None:
        for name in names:
            for place in os.environ["PATH"].split(os.pathsep):
                if (Path(place) / name).exists() and not (folder / name).exists():
                    (folder / name).symlink_to(Path(place) / name)

    return link
