"""The search for secrets finds the ones that it is there for."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.artifacts_kit import write
from verify.lib import secrets

SECRET = "no-word-of-any-journal-5d1c"


def test_file_that_all_can_read_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "home/.my.cnf", f"[client]\npassword={SECRET}\n", 0o600)
    write(tmp_path / "kafka/config/private", f"key={SECRET}\n", 0o600)
    public = write(tmp_path / "kafka/config/public", f"key={SECRET}\n")
    write(tmp_path / "kafka/config/harmless", "key=\n")
    monkeypatch.setattr(secrets, "FOLDERS", "KAFKA/config")
    shell = SimpleNamespace(root=lambda script, **_: subprocess.check_output(["sh", "-c", script], text=True))
    values = {"course_home": tmp_path / "home", "kafka_connect_port": 9}
    _count, found = secrets.on_host(shell, SimpleNamespace(values=values, home=str(tmp_path / "kafka")))
    assert [line for line in found if "readable" in line] == [f"readable by all: {public}"]
