"""Which engine a lab takes, from what was asked for and what can be had."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from ansible_collections.streaming.lab.plugins.module_utils.connect_plugins.entries import expand
from tests.artifacts.kit import ROOT

WIRING = yaml.safe_load((ROOT / "playbooks/group_vars/all.yml").read_text(encoding="utf-8"))
ARTIFACTS = yaml.safe_load((ROOT / "roles/artifacts/defaults/main.yml").read_text(encoding="utf-8")) | yaml.safe_load(
    (ROOT / "roles/artifacts/vars/main.yml").read_text(encoding="utf-8")
)


def trusted(value: Any) -> Any:
    """Templates in a setting, marked as those of files are."""
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, list):
        return [trusted(one) for one in value]
    return {key: trusted(one) for key, one in value.items()} if isinstance(value, dict) else value


def value(name: str, **settings: Any) -> Any:
    """A setting of the lab, as Ansible renders it."""
    variables = {**WIRING, **ARTIFACTS, **settings}
    return Templar(DataLoader(), variables=trusted(variables)).template(trusted(variables[name]))


def insisted_on(*labs: dict[str, str]) -> Any:
    """What labs of one host each, with these settings, insist on."""
    hostvars = {f"host{number}": settings for number, settings in enumerate(labs)}
    return value("artifacts_insisted", hostvars=hostvars, groups={"all": list(hostvars)})


def index(*available: str) -> dict[str, Any]:
    """What the artifacts say when just these plugins can be had."""
    names = ("aiven-jdbc", "bluesky", "confluent-jdbc", "debezium-mysql")
    return {name: {"available": name in available} for name in names}


@pytest.mark.parametrize(
    ("asked", "available", "engine"),
    [
        ("auto", ["confluent-jdbc", "aiven-jdbc"], "jdbc"),
        ("auto", ["aiven-jdbc"], "aiven"),
        ("auto", ["debezium-mysql"], "debezium"),
        ("debezium", ["confluent-jdbc"], "debezium"),
        ("aiven", ["confluent-jdbc", "aiven-jdbc"], "aiven"),
    ],
)
def test_engine_of_mysqls_rows(asked: str, available: list[str], engine: str) -> None:
    assert value("lab_mysql_engine", lab_mysql_source=asked, artifacts_index=index(*available)).strip() == engine


@pytest.mark.parametrize(
    ("asked", "available", "engine"),
    [("auto", ["bluesky"], "connector"), ("auto", [], "python"), ("python", ["bluesky"], "python")],
)
def test_engine_of_bluesky(asked: str, available: list[str], engine: str) -> None:
    assert value("lab_bluesky_engine", lab_bluesky_source=asked, artifacts_index=index(*available)).strip() == engine


def test_before_the_artifacts_are_there_nothing_fails() -> None:
    assert value("lab_mysql_engine").strip() == "debezium"
    assert value("lab_bluesky_engine").strip() == "python"


@pytest.mark.parametrize(
    ("mysql", "bluesky", "insisted"),
    [
        ("auto", "auto", {}),
        ("jdbc", "auto", {"confluent-jdbc": "lab_mysql_source is jdbc"}),
        ("aiven", "python", {"aiven-jdbc": "lab_mysql_source is aiven"}),
        (
            "debezium",
            "connector",
            {"debezium-mysql": "lab_mysql_source is debezium", "bluesky": "lab_bluesky_source is connector"},
        ),
    ],
)
def test_what_is_insisted_on(mysql: str, bluesky: str, insisted: dict[str, str]) -> None:
    assert insisted_on({"lab_mysql_source": mysql, "lab_bluesky_source": bluesky}) == insisted


def test_what_one_of_several_labs_insists_on_is_fetched() -> None:
    one = {"lab_mysql_source": "auto", "lab_bluesky_source": "python"}
    two = {"lab_mysql_source": "jdbc", "lab_bluesky_source": "connector"}
    assert insisted_on(one, two) == {
        "confluent-jdbc": "lab_mysql_source is jdbc",
        "bluesky": "lab_bluesky_source is connector",
    }


@pytest.mark.parametrize(("asked", "addresses"), [("auto", 0), ("aiven", 1)])
def test_aivens_address_is_asked_only_for_its_engine(asked: str, addresses: int) -> None:
    entries = value("kafka_connect_plugins", lab_mysql_source=asked)
    plugins = expand(entries, ARTIFACTS["artifacts_catalog"])
    assert sorted(plugins) == ["aiven-jdbc", "bluesky", "confluent-jdbc", "debezium-mysql", "mastodon"]
    assert len(plugins["aiven-jdbc"]["plugin"]["urls"]) == addresses


def test_every_plugin_of_the_catalog_says_what_to_drop_and_which_class_it_brings() -> None:
    for name, spec in ARTIFACTS["artifacts_catalog"].items():
        if "plugin" in spec:
            assert spec["plugin"]["connectors"], name
            assert "drop" in spec["plugin"] or "maven" in spec, name
            assert spec.get("optional") or "maven" in spec, name
