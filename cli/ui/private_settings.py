"""Settings that hold a secret: command lines that the lab suggests show `...` instead of their values."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

PLACEHOLDER = "..."
PRIVATE = re.compile(r"pass|secret", re.IGNORECASE)
"""In the name of a setting that holds a secret: what plugins/action/settings_check.py calls private, and Ansible's own
ansible_become_pass and ansible_ssh_pass."""
KEY_IN_TEXT = re.compile(r"[\w.-]*(pass|secret)[\w.-]*[\"']?\s*[:=]", re.IGNORECASE)
PAIR = re.compile(
    r"""(?<!\S)(?P<name>[A-Za-z_]\w*)=
    (?P<value>(?: "(?:\\.|[^"\\])*(?:"|$) | '(?:\\.|[^'\\])*(?:'|$) | (?!\s+[A-Za-z_]\w*=). )*)""",
    re.VERBOSE | re.DOTALL,
)
"""One of the pairs of an `-e`; a quote that is not closed reaches to the end of the text."""


@dataclass
class Hidden:
    """A setting of -e as command lines show it.

    Args:
        text: the setting without its secrets.
        names: settings with a value that is not shown.
        unfilled: those of them that have the placeholder as their value.
    """

    text: str
    names: list[str] = field(default_factory=list)
    unfilled: list[str] = field(default_factory=list)

    def add(self, name: str, value: Any) -> str:
        """Note a private setting; returns what is shown as its value."""
        self.names.append(name)
        if value == PLACEHOLDER:
            self.unfilled.append(name)
        return PLACEHOLDER


def hide(setting: str) -> Hidden:
    """Replace the secrets in a setting of -e.

    Args:
        setting: KEY=VALUE pairs, a dictionary in JSON or YAML, or @FILE, which is shown as it is.
    """
    hidden = Hidden(setting)
    if setting.startswith("@") or not PRIVATE.search(setting):
        return hidden
    if not setting.startswith("{"):
        hidden.text = PAIR.sub(lambda pair: f"{pair['name']}={_shown(pair['name'], pair['value'], hidden)}", setting)
        return hidden
    values = _read(setting)
    if values is None:
        hidden.text = hidden.add("the settings", None)
        return hidden
    shown = _shown_values(values, hidden)
    hidden.text = json.dumps(shown, ensure_ascii=False, default=str) if hidden.names else setting
    return hidden


def _shown(name: str, value: str, hidden: Hidden) -> str:
    """The value of a pair; one that holds a dictionary with a secret is hidden as a whole."""
    return hidden.add(name, value) if PRIVATE.search(name) or KEY_IN_TEXT.search(value) else value


def _shown_values(value: Any, hidden: Hidden) -> Any:
    """A dictionary or list without the secrets in it."""
    if isinstance(value, dict):
        return {
            key: hidden.add(str(key), part) if PRIVATE.search(str(key)) else _shown_values(part, hidden)
            for key, part in value.items()
        }
    return [_shown_values(part, hidden) for part in value] if isinstance(value, list) else value


def _read(text: str) -> dict[str, Any] | None:
    """A dictionary in JSON or YAML; None where it cannot be read, as before .venv has a reader of YAML."""
    try:
        values = json.loads(text)
    except ValueError:
        try:
            import yaml
        except ImportError:
            return None
        try:
            values = yaml.safe_load(text)
        except (ValueError, yaml.YAMLError):
            return None
    return values if isinstance(values, dict) else None
