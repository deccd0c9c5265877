"""The ledger of what was declared: two parts that do not disturb each other, gone when empty, never guessed at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.declared_ledger import LedgerError, read, write


def test_parts_are_kept_apart_and_the_file_goes_with_the_last_entry(tmp_path: Path) -> None:
    path = tmp_path / "lib" / "declared.json"
    assert read(str(path), "topics") == {}
    write(str(path), "topics", {"a": {"config": []}})
    write(str(path), "connectors", {"c": {}})
    assert read(str(path), "topics") == {"a": {"config": []}}
    assert path.stat().st_mode & 0o777 == 0o644
    write(str(path), "topics", {})
    assert json.loads(path.read_text(encoding="utf-8")) == {"connectors": {"c": {}}}
    write(str(path), "connectors", {})
    assert list(path.parent.iterdir()) == [], "neither it nor a half of it"


def test_without_a_ledger_nothing_is_noted() -> None:
    write(None, "topics", {"a": {}})
    assert read(None, "topics") == {}


@pytest.mark.parametrize("text", ["{", "[]", '{"topics": 1}'])
def test_a_file_that_is_no_ledger_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "declared.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LedgerError, match=str(path)):
        read(str(path), "topics")
