"""Fixtures of the tests of artifacts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.artifacts.kit import FakeMaven, on_path
from tests.artifacts.one_product import Lab


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    mvn = FakeMaven(tmp_path / "mvn")
    monkeypatch.setenv("PATH", on_path(mvn.bin))
    return Lab(tmp_path, mvn)
