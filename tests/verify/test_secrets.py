"""The search for secrets finds the ones that it is there for."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.artifacts.kit import write
from verify.support import secrets

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


def test_logs_are_searched_for_secrets_of_the_inventory_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "ROOT", tmp_path)
    write(tmp_path / ".lab/one/secrets/mysql", "generated\n", 0o600)
    for name, text in {"a": "a generated one", "b": f"a given one: {SECRET}", "c": "none"}.items():
        write(tmp_path / f"build/log/{name}.log", text)
    worker = SimpleNamespace(root=lambda *_, **__: f"{SECRET}\n\n")
    lab = SimpleNamespace(values={"lab_name": "one"}, part={"connect": worker}.get)
    assert secrets.in_logs(lab) == ["a.log", "b.log"]
