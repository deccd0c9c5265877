"""The check of every setting's name and type."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.action import settings_check

ROOT = Path(__file__).resolve().parents[2]
ROLES = ROOT / "roles"


def test_a_misspelt_setting_is_named_with_the_one_that_was_meant():
    found = settings_check.unknown_settings(
        ["kafka_heep", "kafka_port", "course_x", "other"], ["kafka_heap", "kafka_port"], ["kafka"]
    )
    assert found == ["kafka_heep is no setting; did you mean kafka_heap?"]


@pytest.mark.parametrize("name", ["kakfa_heap", "zookeper_port", "hadop_replication", "mysqlport", "kafkaheap"])
def test_a_near_miss_is_named_whatever_it_begins_with(name):
    known = list(settings_check.role_settings(ROLES))
    (line,) = settings_check.unknown_settings([name], known, settings_check.role_names(ROLES))
    assert line.startswith(f"{name} is no setting; did you mean ")


def test_a_persons_own_variables_and_ansibles_are_left_alone():
    known = list(settings_check.role_settings(ROLES))
    own = [
        "site_owner",
        "my_kafka_port",
        "classroom",
        "port",
        "ansible_host",
        "inventory_hostname",
        "groups",
        "hostvars",
    ]
    assert settings_check.unknown_settings(own, known, settings_check.role_names(ROLES)) == []


def test_true_and_false_as_text_are_named():
    specs = {"a": {"type": "bool"}, "b": {"type": "bool"}, "c": {"type": "str"}}
    (line,) = settings_check.texts_for_truths({"a": "false", "b": False, "c": "false"}, specs)
    assert line.startswith("a is the text 'false'")


def test_the_memory_of_this_machine_is_read(tmp_path):
    path = tmp_path / "meminfo"
    assert settings_check.memory_total_mb(path) == 0
    path.write_text("MemTotal:        4096000 kB\nMemFree: 1 kB\n", encoding="ascii")
    assert settings_check.memory_total_mb(path) == 4000


def test_settings_of_all_roles_are_read():
    settings = settings_check.role_settings(ROLES)
    assert settings["kafka_port"]["type"] == "int"
    assert settings["lab_name"]["type"] == "str"
    assert "kafka" in settings_check.role_names(ROLES)


def test_the_ubuntu_image_is_one_reference_or_a_list():
    settings = settings_check.role_settings(ROLES)
    given = {"containers_ubuntu_image": "oci-archive:/a.tar", "containers_roles": "host"}
    assert list(settings_check.lists_as_text(given, settings)) == ["containers_roles"]
