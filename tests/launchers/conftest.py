"""A machine with the launchers of Kafka and Hadoop, and a stand-in for java."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.launchers.kit import HADOOP, KAFKA, program


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder with a java that prints its arguments, a systemctl that knows no unit, and two jars in each home."""
    program(tmp_path / "path/java", "printf '%s\\n' \"$@\"")
    program(tmp_path / "path/systemctl", "echo inactive; exit 3")
    shutil.copytree(KAFKA / "dist", tmp_path / "kafka")
    shutil.copytree(HADOOP / "dist", tmp_path / "hadoop")
    for folder in ("kafka/libs", "hadoop/share/hadoop/lib"):
        for jar in ("b-1.jar", "a-1.jar", "Z-1.jar", "connect-file-3.8.1.jar"):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / jar).touch()
    return tmp_path
