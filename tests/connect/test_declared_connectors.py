"""Every connector that the project declares, against what the real plugins say they read.

`tests/data/connect_plugins/NAME-VERSION.json` is what a worker with that plugin answered to
`GET /connector-plugins/CLASS/config`: name, type, required and default value of each option; and the options that
`PUT .../config/validate` of a config without any calls required. So the files for a plugin that no package repository
carries are checked where it is not available.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.streaming.lab.plugins.module_utils.connect.config import ignored_options, unknown_options
from tests.artifacts.kit import ROOT

DATA = ROOT / "tests" / "data" / "connect_plugins"
PLUGINS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(DATA.glob("*.json"))}
# Connect's short names of its own file connectors.
SHORT = {"FileStreamSource": "FileStreamSourceConnector", "FileStreamSink": "FileStreamSinkConnector"}


def plugins_of(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Kept plugins, in each version, that a connector's class belongs to."""
    name = config["connector.class"]
    short = SHORT.get(name, name).rsplit(".", 1)[-1]
    return {
        stem: plugin
        for stem, plugin in PLUGINS.items()
        if plugin["class"] == name or ("." not in name and plugin["class"].endswith(f".{short}"))
    }


def required(plugin: dict[str, Any]) -> set[str]:
    """Options without which a connector cannot be; its name is beside its config in the notes' files."""
    named = {option["name"] for option in plugin["options"] if option["required"]}
    return (named | set(plugin["required_by_validation"])) - {"name"}


def wrong(config: dict[str, Any], plugin: dict[str, Any]) -> list[str]:
    """What is wrong with a connector's options, a line each."""
    unknown = unknown_options(config, plugin["options"], plugin["kind"])
    missing = sorted(name for name in required(plugin) if name not in config)
    return [
        *(
            f"{name} is no option" + (f"; meant {', '.join(meant)}?" if meant else "")
            for name, meant in unknown.items()
        ),
        *(f"{name} is required" for name in missing),
    ]


def properties(path: Path) -> dict[str, str]:
    """A .properties file of the notes."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def declared() -> Iterator[tuple[str, dict[str, Any]]]:
    """Connectors of the student's files and of the inventories."""
    for path in sorted((ROOT / "roles/course/files/connectors").glob("*/*")):
        where = str(path.relative_to(ROOT))
        if path.suffix == ".json":
            yield where, json.loads(path.read_text(encoding="utf-8"))["config"]
        elif path.suffix == ".properties":
            yield where, properties(path)
    for path in sorted((ROOT / "inventory").rglob("group_vars/**/*.yml")):
        settings = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        lists = [value for name, value in settings.items() if name in ("kafka_connect_connectors", "__declared_files")]
        for connector in (entry for value in lists if isinstance(value, list) for entry in value):
            # One that names a file has that file's options, which are checked above, and adds its own.
            if "connector.class" in (connector.get("config") or {}):
                yield f"{path.relative_to(ROOT)}, {connector['name']}", connector["config"]


DECLARED = dict(declared())
PAIRS = [(where, stem) for where, config in DECLARED.items() for stem in plugins_of(config)]


@pytest.mark.parametrize("where", DECLARED)
def test_the_plugin_of_every_declared_connector_is_kept(where: str) -> None:
    assert plugins_of(DECLARED[where]), f"{DECLARED[where]['connector.class']} is not in {DATA}"


@pytest.mark.parametrize(("where", "stem"), PAIRS)
def test_declared_connector_has_only_options_that_its_plugin_reads(where: str, stem: str) -> None:
    assert wrong(DECLARED[where], PLUGINS[stem]) == []


@pytest.mark.parametrize("where", DECLARED)
def test_declared_connector_has_no_option_that_connect_ignores(where: str) -> None:
    assert ignored_options(DECLARED[where]) == []


@pytest.mark.parametrize("stem", [stem for stem in PLUGINS if "jdbc-source" in stem])
def test_the_notes_option_table_fails_by_name(stem: str) -> None:
    engine = "aiven" if stem.startswith("aiven") else "jdbc"
    config = dict(DECLARED[f"roles/course/files/connectors/{engine}/mysql-source.json"])
    config["table"] = config.pop("table.whitelist")
    found = wrong(config, PLUGINS[stem])
    assert len(found) == 1
    assert found[0].startswith("table is no option; meant ")
    assert "table.whitelist" in found[0]


@pytest.mark.parametrize(
    ("where", "stem", "name"),
    [(where, stem, name) for where, stem in PAIRS for name in sorted(required(PLUGINS[stem]) - {"connector.class"})],
)
def test_required_option_that_is_missing_fails_by_name(where: str, stem: str, name: str) -> None:
    config = {key: value for key, value in DECLARED[where].items() if key != name}
    assert wrong(config, PLUGINS[stem]) == [f"{name} is required"]


@pytest.mark.parametrize("stem", PLUGINS)
def test_kept_answers_are_compact_data_of_one_version(stem: str) -> None:
    plugin = PLUGINS[stem]
    assert set(plugin) == {"class", "kind", "version", "required_by_validation", "options"}
    assert stem.endswith(f"-{plugin['version']}")
    assert all(set(option) == {"name", "type", "required", "default_value"} for option in plugin["options"])
    assert len({option["name"] for option in plugin["options"]}) == len(plugin["options"]) > 0
