"""The comparison of published files with the ledger of acknowledged ids."""

from __future__ import annotations

from pathlib import Path

import pytest

from verify.onhost import sink_ledger


def compare(files: dict[str, list[int]], folder: Path, monkeypatch: pytest.MonkeyPatch, *recreated: str) -> dict:
    """Compare files (ids by path) with a ledger of ids 0 to 3."""
    (folder / "ledger").write_text("0\n1\n2\n3\n", encoding="ascii")
    lines = {name: [f"{number},1.5" for number in ids] for name, ids in files.items()}
    monkeypatch.setattr(sink_ledger, "published", lambda *_: lines)
    return sink_ledger.compare("http://unused", "/sink", str(folder / "ledger"), *recreated)


def test_names_of_files_of_a_topic_created_again_take_turns_with_those_of_the_deleted_topic(
    tmp_path, monkeypatch
) -> None:
    files = {"t+0+000.csv": [0], "t+0+000+3a2d.csv": [2], "t+0+001.csv": [3], "t+0+002.csv": [1]}
    counts = compare(files, tmp_path, monkeypatch, "2")
    assert (counts["missing"], counts["doubled"], counts["disordered"], counts["files"]) == (0, 0, 0, 4)
    files["t+0+000.csv"], files["t+0+002.csv"] = [1], [0]
    assert compare(files, tmp_path, monkeypatch, "2")["disordered"] == 1, "within the deleted topic"
    files["t+0+000+3a2d.csv"], files["t+0+001.csv"] = [3], [2]
    assert compare(files, tmp_path, monkeypatch, "2")["disordered"] == 2, "and within the new one"


def test_missing_doubled_and_disordered_ids_are_counted(tmp_path, monkeypatch) -> None:
    files = {"dt=1/t+0+000.csv": [1, 0], "dt=1/t+0+002.csv": [2], "dt=2/t+1+000.csv": [2]}
    counts = compare(files, tmp_path, monkeypatch)
    assert (counts["missing"], counts["doubled"], counts["disordered"], counts["folders"]) == (1, 1, 1, 2)
    assert (counts["first_missing"], counts["first_doubled"]) == ([3], [2])
