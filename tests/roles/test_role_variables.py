"""docs/role_variables.py: the READMEs of roles from their argument specs."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import role_variables

SPECS = """
argument_specs:
  main:
    options:
      demo_port:
        type: int
        default: 80
        description: Port of C(a|b), see L(the page, ../x.md); not {{ x }} or <b>.
      demo_users:
        type: list
        elements: dict
        options: {name: {type: str, required: true, description: Name of the account.}}
        description: [Accounts of the host., "By default, none."]
"""
PAGE = "# demo\n\nText.\n\n## Variables\n\nold\n\n## How it fails\n\nkept\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one role."""
    (tmp_path / "roles/demo/meta").mkdir(parents=True)
    (tmp_path / "playbooks/group_vars").mkdir(parents=True)
    (tmp_path / "playbooks/group_vars/all.yml").write_text("demo_port: 80\n", encoding="utf-8")
    (tmp_path / "roles/demo/meta/argument_specs.yml").write_text(SPECS, encoding="utf-8")
    (tmp_path / "roles/demo/README.md").write_text(PAGE, encoding="utf-8")
    return tmp_path


def test_the_section_is_written_once_and_the_rest_is_kept(project: Path) -> None:
    assert role_variables.main([], project) == 0
    page = (project / "roles/demo/README.md").read_text(encoding="utf-8")
    assert page.startswith("# demo\n\nText.\n\n## Variables\n") and page.endswith("\n\n## How it fails\n\nkept\n")
    assert "old" not in page
    assert "### demo_port\n\n`int`; default `80`; set in [all.yml]" in page
    assert "Port of `a|b`, see [the page](../x.md); not {{ x }} or \\<b\\>." in page
    assert "| `name` | `str`; required | Name of the account. |" in page
    assert role_variables.main(["--check"], project) == 0
    role_variables.main([], project)
    assert (project / "roles/demo/README.md").read_text(encoding="utf-8") == page


def test_check_names_the_page_that_is_out_of_date_and_changes_nothing(project: Path, capsys) -> None:
    assert role_variables.main(["--check"], project) == 1
    assert "roles/demo/README.md is out of date; run .venv/bin/python docs/role_variables.py" in capsys.readouterr().out
    assert (project / "roles/demo/README.md").read_text(encoding="utf-8") == PAGE


def test_a_page_without_the_heading_is_named(project: Path, capsys) -> None:
    (project / "roles/demo/README.md").write_text("# demo\n", encoding="utf-8")
    assert role_variables.main([], project) == 1
    assert "roles/demo/README.md: no heading '## Variables'" in capsys.readouterr().out
