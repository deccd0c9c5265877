"""Fixtures: the project, and a server with its files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.artifacts.kit import FileServer
from tests.connect_plugins.kit import Lab


@pytest.fixture
def server() -> Iterator[FileServer]:
    running = FileServer()
    yield running
    running.close()


@pytest.fixture
def lab(tmp_path: Path, server: FileServer) -> Lab:
    return Lab(tmp_path, server)
