"""Every role keeps its contract: documented defaults, typed settings that agree with them, a page on itself."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.streaming.lab.plugins.module_utils.settings import problems as settings_problems

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.parent.parent.name for path in ROOT.glob("roles/*/tasks/main.yml"))
# Settings without a default in the role: playbooks/group_vars/all.yml makes them, for they are secrets.
MADE_BY_THE_LAB = {"mysql_kafka_password", "mysql_student_password"}


@functools.cache
def read(path: Path) -> dict:
    """A YAML file, empty where there is none."""
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {} if path.exists() else {}


def options(role: str, entry_point: str = "main") -> dict:
    """The settings of a role as its argument_specs have them."""
    return read(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"][entry_point].get("options", {})


def defaults(role: str) -> dict:
    """The role's defaults."""
    return read(ROOT / "roles" / role / "defaults" / "main.yml")


def is_template(value: object) -> bool:
    """Whether a value is only known when Ansible renders it."""
    return "{{" in str(value)


@pytest.mark.parametrize("role", ROLES)
def test_defaults_and_argument_specs_name_the_same_settings(role):
    assert set(options(role)) - MADE_BY_THE_LAB == set(defaults(role))


@pytest.mark.parametrize("role", ROLES)
def test_defaults_and_argument_specs_have_the_same_values(role):
    for name, option in options(role).items():
        if "default" in option:
            assert option["default"] == defaults(role)[name], name
        elif name not in MADE_BY_THE_LAB:
            value = defaults(role)[name]
            assert is_template(value) or not value or isinstance(value, dict), (
                f"{name} has a plain default that its spec does not give"
            )


@pytest.mark.parametrize("role", ROLES)
def test_settings_carry_the_roles_name_and_are_typed(role):
    for name, option in options(role).items():
        assert name.startswith(f"{role}_") or name in wiring() or role == "preflight", name
        assert option["type"]


@pytest.mark.parametrize("role", ROLES)
def test_each_setting_has_a_kind_that_its_default_is_of(role):
    checks = settings_problems.checks_of(read(ROOT / "roles" / role / "meta" / "checks.yml"))
    specs = options(role) | (options(role, "lab") if role == "preflight" else {})
    typed = {name for name, option in specs.items() if option["type"] == "bool" or "choices" in option}
    assert set(checks) == set(specs) - typed
    plain = {name: value for name, value in defaults(role).items() if not is_template(value)}
    assert (
        settings_problems.value_problems(
            {name: plain[name] for name in checks if name in plain},
            checks | {name: {"kind": "any"} for name, value in plain.items() if value in ("", [], {})},
            [],
        )
        == []
    )


def described() -> dict[str, list[str]]:
    """The sentences of each setting of the project, and of each key of a setting's elements, by name."""
    specs = {name: option for role in ROLES for name, option in options(role).items()} | options("preflight", "lab")
    keys = {f"{name}.{key}": spec for name, option in specs.items() for key, spec in option.get("options", {}).items()}
    return {
        name: [spec["description"]] if isinstance(spec["description"], str) else spec["description"]
        for name, spec in (specs | keys).items()
    }


def test_no_two_settings_share_a_sentence():
    owners: dict[str, list[str]] = {}
    for name, sentences in described().items():
        for sentence in sentences:
            owners.setdefault(sentence, []).append(name)
    assert {sentence: names for sentence, names in owners.items() if len(names) > 1} == {}


@pytest.mark.parametrize(("name", "sentences"), described().items(), ids=described())
def test_a_description_has_one_sentence_in_each_item(name, sentences):
    # A plain text with a colon would be a dictionary in YAML.
    assert sentences and all(isinstance(sentence, str) for sentence in sentences)
    assert [sentence for sentence in sentences if not re.fullmatch(r"(C\(|systemd |[A-Z]).*\.", sentence)] == []
    assert [sentence for sentence in sentences if re.search(r"[.!?] [A-Z]", sentence)] == []


@pytest.mark.parametrize("role", ROLES)
def test_specs_hold_no_template(role):
    """Ansible renders the specs of a role when it validates arguments."""
    specs = (ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    assert re.findall(r"\{[{%#]", specs) == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_the_projects_license(role):
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert read(ROOT / "roles" / role / "meta" / "main.yml")["galaxy_info"]["license"] == "Apache-2.0"


def wiring() -> dict:
    """Settings that more than one role reads."""
    return read(ROOT / "playbooks" / "group_vars" / "all.yml")


def test_the_labs_own_settings_are_typed():
    typed = options("preflight", "lab")
    # Known only after the hosts were asked.
    assert {name for name in wiring() if name.startswith("lab_")} - set(typed) == {"lab_installed_packages"}


def test_shared_settings_have_the_value_of_the_roles_default():
    shared = wiring()
    for role in ROLES:
        for name, value in defaults(role).items():
            if name in shared and not is_template(value) and not is_template(shared[name]):
                assert shared[name] == value, f"{name} in role {role}"


def test_no_default_is_asked_of_a_key_that_is_a_method_of_dictionaries():
    """Without the key, Jinja gives x['values'] the dictionary's method, which is defined; x.get('values', {}) works."""
    pattern = re.compile(r"\['(?:values|items|keys|get|pop|copy|update)'\] *\| *default")
    files = [*ROOT.glob("roles/**/*.yml"), *ROOT.glob("playbooks/**/*.yml")]
    assert [str(path) for path in files if pattern.search(path.read_text(encoding="utf-8"))] == []
