"""Options of Kafka's property files and of topics, against the definitions that Kafka itself has of them.

roles/kafka/files/config_definitions.tsv holds those definitions: component, name, type, validator.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.streaming.lab.plugins.module_utils.kafka.topic_plan import parsed, text_of

DEFINITIONS = Path(__file__).resolve().parents[7] / "roles" / "kafka" / "files" / "config_definitions.tsv"
# Bits of a whole number (ConfigDef.Type).
BITS = {"SHORT": 16, "INT": 32, "LONG": 64}
EXPECTED = {"SHORT": "a whole number", "INT": "a whole number", "LONG": "a whole number", "DOUBLE": "a number",
            "BOOLEAN": "true or false"}  # fmt: skip
# From which likeness on (difflib's ratio, 0..1) an unknown option is a known one misspelt.
NEAR_MISS = 0.9


@dataclass(frozen=True)
class Definition:
    """An option's type (ConfigDef.Type) and its validator as Kafka prints it, such as `[1,...]` or `[a, b]`."""

    kind: str
    validator: str


def read_definitions(path: Path = DEFINITIONS) -> tuple[str, dict[str, dict[str, Definition]]]:
    """Read the definitions.

    Returns:
        Kafka's version, and component (`broker`, `topic`, `worker`) -> name -> definition.
    """
    found: dict[str, dict[str, Definition]] = {}
    lines = path.read_text(encoding="utf-8").splitlines()
    for line in lines:
        if not line.startswith("#"):
            component, name, kind, *validator = line.split("\t")
            found.setdefault(component, {})[name] = Definition(kind, validator[0] if validator else "")
    return lines[0].split()[2].rstrip(":"), found


def problems(options: Mapping[str, Any], known: Mapping[str, Definition], complete: bool) -> list[str]:
    """What Kafka would refuse at its start, or pass over as misspelt.

    Args:
        options: names with their values.
        known: definitions of the component that reads them.
        complete: whether an option without a definition is refused; if not, a plugin may read it.
    """
    wrong = []
    for name, value in options.items():
        if name in known:
            why = refusal(known[name], text_of(value))
            wrong += [f"{name} {text_of(value)!r}: it must be {why}"] * bool(why)
            continue
        close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.6 if complete else NEAR_MISS)
        if close or complete:
            meant = f"; did you mean {close[0]}?" if close else ""
            wrong.append(f"{name} is no option of Kafka{meant}")
    return wrong


def refusal(definition: Definition, text: str) -> str:
    """What a value must be and is not; empty where Kafka takes it.

    Args:
        definition: of the option.
        text: the value as it stands in the file.
    """
    value = parsed(definition.kind, text)
    if definition.kind in EXPECTED and isinstance(value, str):
        return EXPECTED[definition.kind]
    if definition.kind in BITS and not -(2 ** (BITS[definition.kind] - 1)) <= value < 2 ** (BITS[definition.kind] - 1):
        return f"a whole number of {BITS[definition.kind]} bits"
    return _outside(definition.validator, value)


def _outside(validator: str, value: Any) -> str:
    """What a validator of ConfigDef wants and a value is not."""
    if limits := re.fullmatch(r"\[(-?[\d.]+),\.\.\.(?:,(-?[\d.]+))?\]( or -1)?", validator):
        if limits[3] and value == -1:
            return ""
        if value < float(limits[1]) or (limits[2] and value > float(limits[2])):
            return f"{limits[1]} or more" if not limits[2] else f"between {limits[1]} and {limits[2]}"
    elif choices := re.fullmatch(r"(\(case insensitive\) )?\[(.+)\]", validator):
        names = choices[2].split(", ")
        values = value if isinstance(value, list) else [value]
        same = (lambda text: str(text).lower()) if choices[1] else str
        if not {same(one) for one in values} <= {same(name) for name in names}:
            return f"one of {', '.join(names) if len(names) < 10 else f'{names[0]} ... {names[-1]}'}"
    elif validator.startswith("non-empty") and not value:
        return "not empty"
    return ""
