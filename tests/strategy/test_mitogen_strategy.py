"""Compiled templates are kept where ./lab keeps Ansible itself, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import mitogen.minify
import pytest
from ansible._internal._datatag._tags import Origin
from ansible.constants import DEFAULT_LOCAL_TMP

from ansible_collections.streaming.lab.plugins.plugin_utils import mitogen_strategy
from cli.lab import ROOT


def test_an_environment_of_lab_keeps_compiled_templates(tmp_path: Path) -> None:
    (tmp_path / "lab-stamp").touch()
    for _ in range(2):
        assert mitogen_strategy.template_folder(tmp_path) == str(tmp_path / "templates")
    assert (tmp_path / "templates").stat().st_mode & 0o022 == 0


def test_another_environment_gets_no_folder(tmp_path: Path) -> None:
    assert mitogen_strategy.template_folder(tmp_path) == DEFAULT_LOCAL_TMP
    assert not list(tmp_path.iterdir())


def test_an_environment_of_another_user_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lab-stamp").touch()
    monkeypatch.setattr(mitogen_strategy.os, "access", lambda path, mode: path != tmp_path)
    assert mitogen_strategy.template_folder(tmp_path) == DEFAULT_LOCAL_TMP
    (tmp_path / "templates").mkdir()
    monkeypatch.setattr(mitogen_strategy.os, "access", lambda path, mode: path == tmp_path)
    assert mitogen_strategy.template_folder(tmp_path) == DEFAULT_LOCAL_TMP


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("roles/kafka/templates/kafka.service.j2", True),
        ("playbooks/group_vars/all.yml", True),
        ("inventory/containers/group_vars/all.yml", False),
        ("roles-of-somebody/main.yml", False),
    ],
)
def test_templates_of_roles_and_playbooks_are_the_labs_own(path: str, own: bool) -> None:
    assert mitogen_strategy.is_own(Origin(path=str(ROOT / path)).tag("{{ text }}")) is own


def test_a_template_of_unknown_origin_is_not_the_labs_own() -> None:
    assert not mitogen_strategy.is_own("{{ text }}")


def test_the_sources_of_mitogen_are_sent_as_they_are() -> None:
    assert mitogen.minify.minimize_source(b"x = 1  # a comment\n") == "x = 1  # a comment\n"
