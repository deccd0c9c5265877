"""What `ansible-doc` shows of the project's plugins: YAML, and every option with what it is."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

PLUGINS = Path(__file__).parents[1] / "collections/ansible_collections/streaming/lab/plugins"
BLOCKS = ("DOCUMENTATION", "EXAMPLES", "RETURN")


def blocks(path: Path) -> dict[str, str]:
    """The documentation of a plugin, as text."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in BLOCKS:
            found[node.targets[0].id] = ast.literal_eval(node.value)
    return found


DOCUMENTED = [path for path in sorted(PLUGINS.glob("*/*.py")) if "DOCUMENTATION" in blocks(path)]


def check_options(options: dict[str, Any]) -> None:
    for name, about in options.items():
        assert about.get("description"), name
        check_options(about.get("suboptions") or {})


@pytest.mark.parametrize("path", DOCUMENTED, ids=lambda path: path.stem)
def test_the_documentation_is_yaml_and_describes_each_option(path):
    about = {name: yaml.safe_load(text) for name, text in blocks(path).items()}
    documentation = about["DOCUMENTATION"]
    assert documentation["short_description"]
    assert all(isinstance(line, str) for line in documentation["description"])
    check_options(documentation.get("options") or {})


def test_every_module_is_documented():
    modules = {path for path in PLUGINS.glob("modules/*.py") if path.name != "__init__.py"}
    assert modules <= set(DOCUMENTED)
