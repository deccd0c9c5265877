"""Secrets that -e gives are not repeated by the command lines that the lab suggests."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml

from cli import lab
from cli import parser as arguments
from cli.engine import ansible
from cli.errors import LabError
from cli.ui.private_settings import PRIVATE, hide

SECRET = "geheim"


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        (f"course_mysql_password={SECRET}", "course_mysql_password=..."),
        (
            f"course_user=anna course_mysql_password='{SECRET} b=c' x=1",
            "course_user=anna course_mysql_password=... x=1",
        ),
        (f'mysql_password="a {SECRET}', "mysql_password=..."),
        (f"mysql_password=a {SECRET} x=1", "mysql_password=... x=1"),
        (f"ansible_become_pass={SECRET}", "ansible_become_pass=..."),
        (f'connectors={{"a": {{"database.password": "{SECRET}"}}}}', "connectors=..."),
        (f'{{"a": 1, "course_mysql_password": "{SECRET}"}}', '{"a": 1, "course_mysql_password": "..."}'),
        (f'{{"a": [{{"b.password": "{SECRET}"}}]}}', '{"a": [{"b.password": "..."}]}'),
        (f'{{"kafka_connect_secrets": {{"key": "{SECRET}"}}}}', '{"kafka_connect_secrets": "..."}'),
        (f"{{a: è, course_mysql_password: {SECRET}}}", '{"a": "è", "course_mysql_password": "..."}'),
        (f"{{course_mysql_password: !vault {SECRET}}}", "..."),
        (f"{{course_mysql_password: [{SECRET}", "..."),
        ("course_user=o'neil b", "course_user=o'neil b"),
        ("{a: b}", "{a: b}"),
        ("@/my/passwords.yml", "@/my/passwords.yml"),
    ],
)
def test_a_secret_of_any_form_is_shown_as_dots(setting: str, shown: str) -> None:
    assert hide(setting).text == shown


def current(*words: str) -> lab.Lab:
    return lab.from_arguments(arguments.parse(["up", *words]))


def test_a_suggested_line_names_what_to_fill_in() -> None:
    line = current("-e", f"course_mysql_password={SECRET}").retype("up")
    assert line == "./lab up -e course_mysql_password=... # fill in course_mysql_password, or use -e @FILE"


def test_a_hint_of_a_module_names_what_to_fill_in() -> None:
    text = current("-e", f"course_mysql_password={SECRET}").complete_hints("run ./lab up (see README)")
    assert text == (
        "run ./lab up -e course_mysql_password=... (see README) (fill in course_mysql_password, or use -e @FILE)"
    )


def test_the_environment_of_tools_has_no_secret_in_its_options() -> None:
    variables = ansible.environment(current("-e", f"course_mysql_password={SECRET}"))
    assert shlex.split(variables["LAB_OPTIONS"]) == ["-e", "course_mysql_password=..."]


@pytest.mark.parametrize("setting", ["course_mysql_password=...", '{"a": 1, "course_mysql_password": "..."}'])
def test_a_suggested_line_that_was_not_filled_in_is_refused(setting: str) -> None:
    with pytest.raises(LabError, match=r"course_mysql_password is '\.\.\.'.* -e @FILE"):
        current("-e", setting)


def test_every_setting_that_ansible_does_not_log_is_private(clone: Path) -> None:
    for path in clone.glob("roles/*/meta/argument_specs.yml"):
        options = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"].get("options", {})
        assert all(PRIVATE.search(name) for name, spec in options.items() if spec.get("no_log")), path
