"""Write the settings of each role into its README, from the role's meta/argument_specs.yml.

`--check` writes nothing and exits with 1 if a README differs from its specs.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path("playbooks", "group_vars", "all.yml")
SECTIONS = {"main": "## Variables", "lab": "## Settings of the whole lab"}
"""Heading of the README's section, by entry point of the specs."""
NOTICE = "<!-- Generated from meta/argument_specs.yml by docs/role_variables.py; do not edit. -->"
MARKUP = re.compile(r"\b(?:C\((?P<code>[^)]+)\)|L\((?P<text>[^),]+), *(?P<url>[^)]+)\))")
"""Ansible's markup: C(code) and L(text, url)."""
LONGEST_DEFAULT = 100


def code(text: str) -> str:
    """A code span of Markdown."""
    fence = "``" if "`" in text else "`"
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def escape(text: str) -> str:
    """Plain text as Markdown that shows it unchanged."""
    return re.sub(r"([\\`*_<>\[\]|])", r"\\\1", text)


def markdown(text: str) -> str:
    """A sentence with Ansible's markup as Markdown."""
    parts, end = [], 0
    for match in MARKUP.finditer(text):
        parts.append(escape(text[end : match.start()]))
        link = f"[{escape(match['text'] or '')}]({match['url']})"
        parts.append(code(match["code"]) if match["code"] else link)
        end = match.end()
    return "".join([*parts, escape(text[end:])])


def sentences(option: dict[str, Any]) -> list[str]:
    """The description of an option, as Markdown."""
    description = option["description"]
    return [markdown(text.strip()) for text in ([description] if isinstance(description, str) else description)]


def flow(value: Any) -> str:
    """A value as YAML in one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=sys.maxsize, sort_keys=False, allow_unicode=True)
    return text.removesuffix("...\n").strip()


def block(name: str, value: Any) -> list[str]:
    """A setting as a block of YAML."""
    text = yaml.safe_dump({name: value}, width=100, sort_keys=False, allow_unicode=True, default_flow_style=None)
    return ["", "```yaml", *text.splitlines(), "```"]


def type_of(option: dict[str, Any]) -> str:
    """Type, type of the elements and choices of an option, as Markdown."""
    text = code(option["type"])
    if "elements" in option:
        text += f" of {code(option['elements'])}"
    if "choices" in option:
        text += ": " + ", ".join(code(flow(choice)) for choice in option["choices"])
    return text


def summary(option: dict[str, Any], shared: bool = False) -> str:
    """One line with type and default of an option, as Markdown.

    Args:
        option: the option of the specs.
        shared: playbooks/group_vars/all.yml sets it for all roles.
    """
    text = type_of(option)
    if option.get("required"):
        text += "; required"
    if "default" in option and len(flow(option["default"])) <= LONGEST_DEFAULT:
        text += f"; default {code(flow(option['default']))}"
    if shared:
        text += f"; set in [{SHARED.name}](../../{SHARED.as_posix()})"
    return text


def keys(options: dict[str, Any]) -> list[str]:
    """A table of the keys that each element of an option has."""
    rows = [f"| {code(name)} | {summary(key)} | {' '.join(sentences(key))} |" for name, key in options.items()]
    return ["", "| key | type | description |", "|---|---|---|", *rows]


def option_lines(name: str, option: dict[str, Any], shared: bool) -> list[str]:
    """The part of a section on one option.

    Args:
        name: of the option.
        option: the option of the specs.
        shared: playbooks/group_vars/all.yml sets it for all roles.
    """
    lines = [f"### {name}", "", summary(option, shared), "", *sentences(option)]
    if "options" in option:
        lines += keys(option["options"])
    if len(flow(option.get("default"))) > LONGEST_DEFAULT:
        lines += ["", "Default:", *block(name, option["default"])]
    if "example" in option:
        lines += ["", "Example:", *block(name, option["example"])]
    return [*lines, ""]


def section(heading: str, options: dict[str, Any], shared: set[str]) -> str:
    """A section of a README on all options of an entry point.

    Args:
        heading: first line of the section.
        options: of the entry point.
        shared: names of the settings in playbooks/group_vars/all.yml.
    """
    lines = [heading, "", NOTICE, ""]
    for name, option in options.items():
        lines += option_lines(name, option, name in shared)
    return "\n".join(lines)


def with_sections(page: str, specs: dict[str, Any], shared: set[str]) -> str:
    """A README with its generated sections up to date.

    Args:
        page: the text of the README.
        specs: entry points of the role's specs by name.
        shared: names of the settings in playbooks/group_vars/all.yml.
    Raises:
        ValueError: the README has no heading for an entry point.
    """
    for entry_point, spec in specs.items():
        heading = SECTIONS[entry_point]
        pattern = re.compile(rf"^{heading}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
        if not pattern.search(page):
            raise ValueError(f"no heading {heading!r}")
        text = section(heading, spec["options"], shared)
        page = pattern.sub(lambda match, text=text: text + ("\n" if match.end() < len(match.string) else ""), page)
    return page


def outdated(root: Path) -> dict[Path, str]:
    """READMEs that differ from their specs, each with the text it must have.

    Raises:
        ValueError: a README has no heading for an entry point.
    """
    shared = set(yaml.safe_load((root / SHARED).read_text(encoding="utf-8")))
    texts = {}
    for path in sorted(root.glob("roles/*/meta/argument_specs.yml")):
        readme = path.parents[1] / "README.md"
        page = readme.read_text(encoding="utf-8")
        specs = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]
        try:
            text = with_sections(page, specs, shared)
        except ValueError as error:
            raise ValueError(f"{readme.relative_to(root)}: {error}") from error
        if text != page:
            texts[readme] = text
    return texts


def main(argv: list[str], root: Path = ROOT) -> int:
    """Write the READMEs, or check them.

    Returns:
        exit status: 1 if a README is out of date or has no heading for its settings.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only check; write nothing")
    check = parser.parse_args(argv).check
    try:
        texts = outdated(root)
    except ValueError as error:
        print(f"{error}; add it before the next section")
        return 1
    for readme, text in texts.items():
        if check:
            print(f"{readme.relative_to(root)} is out of date; run .venv/bin/python docs/role_variables.py")
        else:
            readme.write_text(text, encoding="utf-8")
    return 1 if check and texts else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
