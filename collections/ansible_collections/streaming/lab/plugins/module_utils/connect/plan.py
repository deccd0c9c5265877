"""What has to be done so that connectors are as declared: from what is wanted, what is there and what was declared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.streaming.lab.plugins.module_utils.connect.secrets import masked
from ansible_collections.streaming.lab.plugins.module_utils.connect.state import STATES, failures
from ansible_collections.streaming.lab.plugins.module_utils.kafka.topic_plan import text_of


class DeclarationError(Exception):
    """One line that says what in the declaration cannot be."""


@dataclass(frozen=True)
class DeclaredConnector:
    """A declared connector. `config` is without `name`; None: only its state is declared."""

    name: str
    config: Mapping[str, str] | None
    state: str = "running"
    reset_offsets: bool = False
    unchecked: Sequence[str] = ()

    @property
    def options(self) -> Mapping[str, str]:
        """The configuration; empty where only the state is declared."""
        return self.config or {}


@dataclass
class ConnectorPlan:
    """What to do, in this order, and `refused`: why nothing is done."""

    delete: dict[str, bool] = field(default_factory=dict)  # whether its offsets go too
    create: list[DeclaredConnector] = field(default_factory=list)
    change: list[DeclaredConnector] = field(default_factory=list)
    order: dict[str, str] = field(default_factory=dict)
    restart: list[str] = field(default_factory=list)
    wait: dict[str, str] = field(default_factory=dict)
    adopted: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        """Whether the workers have something to do."""
        return bool(self.delete or self.create or self.change or self.order or self.restart)


def wanted_of(entries: Sequence[Mapping[str, Any]], folder: str | None) -> list[DeclaredConnector]:
    """Read the module's list.

    Args:
        entries: each with name, file, config, state, reset_offsets, unchecked, or None.
        folder: where the files are.
    Raises:
        DeclarationError: with all entries that cannot be.
    """
    wanted, wrong = [], []
    for entry in entries:
        try:
            wanted.append(_wanted(entry, folder))
        except DeclarationError as error:
            wrong.append(str(error))
    names = [connector.name for connector in wanted]
    wrong += [f"{name} is declared twice" for name in sorted(set(names)) if names.count(name) > 1]
    if wrong:
        raise DeclarationError("; ".join(wrong))
    return wanted


def _wanted(entry: Mapping[str, Any], folder: str | None) -> DeclaredConnector:
    name, given = entry.get("name"), entry.get("config")
    options: dict[str, Any] = {}
    if entry.get("file"):
        found = _read(Path(folder or ".") / entry["file"])
        name, options = name or found.get("name"), found["config"]
    if not name:
        raise DeclarationError(f"a connector without a name: {sorted(masked(given or {}).items())[:2]}")
    options = {**options, **(given or {})}
    if options.pop("name", name) != name:
        raise DeclarationError(f"{name}: its config has another name; leave `name` out of it")
    empty = [key for key, value in options.items() if value is None]
    if empty:
        raise DeclarationError(f"{name}: {', '.join(empty)} has no value; leave it out, or write ''")
    if options and "connector.class" not in options:
        raise DeclarationError(f"{name}: its config lacks connector.class")
    return DeclaredConnector(
        name,
        {str(key): text_of(value) for key, value in options.items()} or None,
        entry.get("state") or "running",
        bool(entry.get("reset_offsets")),
        tuple(entry.get("unchecked") or ()),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        there = ", ".join(sorted(other.name for other in path.parent.glob("*.json")))
        raise DeclarationError(f"there is no connector's file {path} (in that folder: {there or 'none'})") from error
    except (OSError, ValueError) as error:
        raise DeclarationError(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("config"), dict):
        raise DeclarationError(f'{path} is no connector\'s file: {{"name": ..., "config": {{...}}}}')
    return found


def plan(
    wanted: Sequence[DeclaredConnector],
    found: Mapping[str, Mapping[str, str]],
    status: Mapping[str, Mapping[str, Any]],
    noted: Mapping[str, Mapping],
    delete_undeclared: bool = True,
) -> ConnectorPlan:
    """Compare.

    Args:
        wanted: what is declared.
        found: the options of the connectors that are there, by name.
        status: what Connect says of them, by name.
        noted: what an earlier declaration noted, by name; `reset_offsets`.
        delete_undeclared: whether connectors that were declared, and are no longer, go.
    """
    made = ConnectorPlan()
    for connector in wanted:
        name, there = connector.name, found.get(connector.name)
        if connector.state == "absent":
            if there is not None:
                made.delete[name] = connector.reset_offsets
            continue
        made.adopted += [name] * (there is not None and name not in noted)
        if there is None or connector.state == "fresh":
            _begin(made, connector, there is not None)
        else:
            _compare(made, connector, there, status.get(name, {}))
    for name in (name for name in noted if name not in {connector.name for connector in wanted}):
        if delete_undeclared and name in found:
            made.delete[name] = bool(noted[name].get("reset_offsets"))
        else:
            made.forgotten.append(name)
    return made


def _begin(made: ConnectorPlan, connector: DeclaredConnector, there: bool) -> None:
    if connector.config is None:
        made.refused.append(f"{connector.name}: nothing is declared to make it from; give config or file")
        return
    if there:
        made.delete[connector.name] = True
    made.create.append(connector)
    made.wait[connector.name] = connector.state if connector.state in STATES else "running"


def _compare(
    made: ConnectorPlan, connector: DeclaredConnector, there: Mapping[str, str], status: Mapping[str, Any]
) -> None:
    name = connector.name
    if connector.config is not None and connector.config != without_name(there):
        made.change.append(connector)
    failed = bool(failures(status))
    now = status.get("connector", {}).get("state")
    if connector.state == "restarted":
        if failed:
            made.restart.append(name)
        if failed or connector in made.change:
            made.wait[name] = "running"
        return
    made.wait[name] = connector.state
    stands_still = now in (STATES["paused"], STATES["stopped"])
    if now != STATES[connector.state] if connector.state != "running" else stands_still:
        made.order[name] = connector.state
    # A resumed one leaves its failed tasks as they are.
    if failed and connector.state == "running" and connector not in made.change:
        made.restart.append(name)


def failed_at_rest(made: ConnectorPlan, status: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """One line for each connector that is to be paused and of which something failed: it is no error, and stays so.

    Args:
        made: the plan.
        status: what Connect says of the connectors, by name.
    """
    changed = {connector.name for connector in [*made.create, *made.change]}
    return [
        f"{name}: {'; '.join(failures(status.get(name)))}; it is to be paused, and what failed is restarted when it is "
        "to run again"
        for name, state in made.wait.items()
        if state == "paused" and name not in changed and failures(status.get(name))
    ]


def without_name(config: Mapping[str, str]) -> dict[str, str]:
    """Options without the name, which Connect adds to them."""
    return {key: value for key, value in config.items() if key != "name"}


def states(
    made: ConnectorPlan,
    found: Mapping[str, Mapping[str, str]],
    status: Mapping[str, Mapping[str, Any]],
    passwords: Mapping[str, set[str]],
) -> tuple[dict, dict]:
    """Touched connectors before and after, for the diff, secrets masked.

    Args:
        made: the plan.
        found: options of those that are there.
        status: what Connect says of them.
        passwords: by connector, which options its plugin defines as such.
    """
    after_by_name = {connector.name: connector for connector in [*made.create, *made.change]}
    before, after = {}, {}
    for name in sorted({*made.delete, *after_by_name, *made.order, *made.restart}):
        hidden = passwords.get(name, set())
        old = without_name(found[name]) if name in found else None
        now = status.get(name, {}).get("connector", {}).get("state", "")
        if old is not None:
            failed = " (failed)" * bool(failures(status.get(name)))
            before[name] = {"config": masked(old, hidden), "state": now.lower() + failed}
        if name in made.delete and name not in after_by_name:
            continue
        wanted = after_by_name.get(name)
        new = dict(wanted.config or {}) if wanted else old or {}
        shown = masked(new, hidden)
        for key, value in new.items():
            if old is not None and old.get(key, value) != value and masked(old, hidden).get(key) == shown[key]:
                shown[key] += " (another)"
        after[name] = {"config": shown, "state": made.wait.get(name) or made.order.get(name) or now.lower()}
    return before, after


def say(made: ConnectorPlan, found: Mapping[str, Mapping[str, str]]) -> list[str]:
    """One line a change; of values only the options' names."""
    created = {connector.name for connector in made.create}
    lines = [f"{name}: taken over, it was made by hand" for name in made.adopted]
    lines += [
        f"{name}: deleted{' with its offsets' * offsets}"
        for name, offsets in made.delete.items()
        if name not in created
    ]
    lines += [
        f"{name}: {'created again without its offsets' if name in made.delete else 'created'}"
        for name in sorted(created)
    ]
    for connector in made.change:
        old, new = without_name(found[connector.name]), dict(connector.config or {})
        keys = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        lines.append(f"{connector.name}: changed {', '.join(keys)}")
    lines += [f"{name}: {state}" for name, state in made.order.items()]
    lines += [f"{name}: what failed of it restarted" for name in made.restart]
    return lines + [f"{name}: no longer declared; left as it is" for name in made.forgotten]
