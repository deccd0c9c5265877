"""The settings of the service, and why a file of them is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bluesky_search.settings import Settings, SettingsError, load


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Settings that are right; the password has a line end, as editors write it."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    (tmp_path / "password").write_text("abcd-efgh\n", encoding="utf-8")
    return {
        "identity": "prova.bsky.social",
        "search_term": "LaLiga",
        "topic": "bluesky",
        "poll_ms": 1000,
        "service_url": "https://bsky.social/",
        "bootstrap": "kafka:9092",
        "password_file": str(tmp_path / "password"),
    }


def saved(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_settings_are_read_with_the_password_and_the_folder_of_the_state(tmp_path, written):
    settings = load(saved(tmp_path, {**written, "of_a_later_release": 1}))
    assert settings == Settings(
        "prova.bsky.social", "LaLiga", "bluesky", 1000, "https://bsky.social/", "kafka:9092", "abcd-efgh",
        tmp_path / "state",
    )  # fmt: skip
    assert settings.host == "bsky.social"
    assert "abcd" not in repr(settings)


@pytest.mark.parametrize("name", ["identity", "search_term", "topic", "poll_ms", "service_url", "bootstrap"])
def test_a_missing_setting_is_named(tmp_path, written, name):
    path = saved(tmp_path, {key: value for key, value in written.items() if key != name})
    with pytest.raises(SettingsError) as refused:
        load(path)
    assert str(refused.value) == f"{path} or the password's file cannot be used ('{name}'); run ./lab up"


def test_a_missing_password_file_is_named(tmp_path, written):
    with pytest.raises(SettingsError, match="No such file or directory: '/nowhere'"):
        load(saved(tmp_path, {**written, "password_file": "/nowhere"}))


def test_a_file_that_is_no_json_is_named(tmp_path, written):
    path = tmp_path / "settings.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"settings\.json or the password's file cannot be used"):
        load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"identity": ""}, "bluesky_identity is empty: set it and run ./lab up (roles/bluesky/README.md)"),
        ({"search_term": " "}, "bluesky_search_term is empty: nothing to search for"),
    ],
)
def test_an_empty_setting_says_what_to_do(tmp_path, written, change, message):
    with pytest.raises(SettingsError) as refused:
        load(saved(tmp_path, {**written, **change}))
    assert str(refused.value) == message


def test_an_empty_password_says_what_to_do(tmp_path, written):
    Path(written["password_file"]).write_text("\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"^bluesky_password is empty: set it and run"):
        load(saved(tmp_path, written))
