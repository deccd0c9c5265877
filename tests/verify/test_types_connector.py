"""The case mysql-types reads the student's files as the student."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from tests.artifacts.kit import ROOT
from verify.support import types_connector


@pytest.mark.parametrize("engine", types_connector.ENGINES)
def test_the_students_file_is_read_by_the_student(engine: str) -> None:
    text = (ROOT / f"roles/course/files/connectors/{engine}/mysql-source.json").read_text(encoding="utf-8")

    def student(command: str) -> str:
        assert command == "cat config/mysql-source.json"
        return text

    config = types_connector.config_of(SimpleNamespace(student=student), types_connector.Source(engine))
    assert config["connector.class"] == json.loads(text)["config"]["connector.class"]
