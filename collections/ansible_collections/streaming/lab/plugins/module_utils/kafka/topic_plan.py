"""What has to be done so that topics are as declared: from what is wanted, what is there and what was declared."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

LEGAL = re.compile(r"[a-zA-Z0-9._-]{1,249}")


@dataclass(frozen=True)
class DeclaredTopic:
    """A declared topic. None: as the broker has it, or makes it."""

    name: str
    partitions: int | None = None
    replication_factor: int | None = None
    config: Mapping[str, str] = field(default_factory=dict)
    present: bool = True


@dataclass(frozen=True)
class ExistingTopic:
    """A topic of the broker: config has every key's value, own those that were set for this topic, types each key's."""

    partitions: int
    replication_factor: int
    config: Mapping[str, str] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    types: Mapping[str, str] = field(default_factory=dict)


@dataclass
class TopicPlan:
    """What to do, and `refused`: why nothing is done."""

    create: list[DeclaredTopic] = field(default_factory=list)
    partitions: dict[str, int] = field(default_factory=dict)
    set: dict[str, dict[str, str]] = field(default_factory=dict)
    reset: dict[str, list[str]] = field(default_factory=dict)
    delete: list[str] = field(default_factory=list)
    adopted: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        """Whether the broker has something to do."""
        return bool(self.create or self.partitions or self.set or self.reset or self.delete)


def text_of(value: object) -> str:
    """A config's value as Kafka writes it: `true`, `1`, `compact,delete`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ",".join(text_of(part) for part in value)
    return str(value)


def parsed(kind: str, text: str) -> object:
    """A config's value as the broker parses it (org.apache.kafka.common.config.ConfigDef.parseType).

    Args:
        kind: the key's type: BOOLEAN, INT, SHORT, LONG, DOUBLE, LIST, and others that stay texts.
        text: the value as it is declared or described.
    Returns:
        what compares equal where the broker sees no difference. A text that is not of the type stays as it is: the
        broker then refuses it with its own words.
    """
    trimmed = text.strip()
    if kind == "BOOLEAN" and trimmed.lower() in ("true", "false"):
        return trimmed.lower() == "true"
    if kind in ("INT", "SHORT", "LONG") and re.fullmatch(r"[+-]?[0-9]+", trimmed):
        return int(trimmed)
    if kind == "DOUBLE" and re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[dDfF]?", trimmed):
        return float(trimmed.rstrip("dDfF"))
    if kind == "LIST":
        return [part.strip() for part in trimmed.split(",")] if trimmed else []
    return trimmed


def wanted_of(entries: Sequence[Mapping]) -> list[DeclaredTopic]:
    """Read the module's list.

    Args:
        entries: each with name, and partitions, replication_factor, config, state (`present` or `absent`) or None.
    """
    return [
        DeclaredTopic(
            entry["name"],
            entry.get("partitions"),
            entry.get("replication_factor"),
            {str(key): text_of(value) for key, value in (entry.get("config") or {}).items()},
            entry.get("state") != "absent",
        )
        for entry in entries
    ]


def plan(
    wanted: Sequence[DeclaredTopic],
    found: Mapping[str, ExistingTopic],
    noted: Mapping[str, Mapping],
    brokers: int,
    delete_undeclared: bool = False,
) -> TopicPlan:
    """Compare.

    Args:
        wanted: what is declared.
        found: what is there, by name.
        noted: what an earlier declaration noted, by name; `config` are the keys it set.
        brokers: how many brokers live.
        delete_undeclared: whether topics that were declared, and are no longer, go with their records.
    Returns:
        the plan; its `refused` says in one line each what cannot be.
    """
    made = TopicPlan(refused=impossible(wanted))
    for topic in wanted:
        there = found.get(topic.name)
        if not topic.present:
            made.delete += [topic.name] * bool(there)
        elif there is None:
            made.create.append(topic)
            if topic.replication_factor and topic.replication_factor > brokers:
                made.refused.append(
                    f"{topic.name}: replication factor {topic.replication_factor} needs "
                    f"{topic.replication_factor} brokers, and {brokers} {'is' if brokers == 1 else 'are'} there"
                )
        else:
            made.adopted += [topic.name] * (topic.name not in noted)
            _compare(made, topic, there, noted.get(topic.name, {}).get("config", []))
    gone = [name for name in noted if name not in {topic.name for topic in wanted}]
    for name in gone:
        if delete_undeclared and name in found:
            made.delete.append(name)
        else:
            made.forgotten.append(name)
    return made


def impossible(wanted: Sequence[DeclaredTopic]) -> list[str]:
    """What no broker accepts of a declaration: names, numbers and duplicates."""
    refused = []
    names = [topic.name for topic in wanted]
    for topic in wanted:
        if not LEGAL.fullmatch(topic.name) or topic.name in (".", ".."):
            refused.append(f"{topic.name!r} is no topic's name: letters, digits, '.', '_' and '-', at most 249")
        elif topic.name.startswith("__"):
            refused.append(f"{topic.name} is Kafka's own and not to be declared")
        if topic.partitions is not None and topic.partitions < 1:
            refused.append(f"{topic.name}: a topic has at least one partition, not {topic.partitions}")
        if topic.replication_factor is not None and topic.replication_factor < 1:
            refused.append(f"{topic.name}: a partition has at least one replica, not {topic.replication_factor}")
    refused += [f"{name} is declared twice" for name in sorted(set(names)) if names.count(name) > 1]
    return refused


def _compare(made: TopicPlan, topic: DeclaredTopic, there: ExistingTopic, set_before: Sequence[str]) -> None:
    if topic.replication_factor not in (None, there.replication_factor):
        made.refused.append(
            f"{topic.name} has replication factor {there.replication_factor}, declared is {topic.replication_factor}: "
            "replicas are moved by kafka-reassign-partitions.sh, not here"
        )
    if topic.partitions is not None and topic.partitions < there.partitions:
        made.refused.append(
            f"{topic.name} has {there.partitions} partitions, declared are {topic.partitions}: Kafka takes none away "
            f"(declare {there.partitions}, or delete the topic with its records first)"
        )
    elif topic.partitions is not None and topic.partitions > there.partitions:
        made.partitions[topic.name] = topic.partitions
    differ = {key: value for key, value in topic.config.items() if not _same(there, key, value)}
    if differ:
        made.set[topic.name] = differ
    # Only keys that a declaration set: what someone else set for the topic is theirs.
    over = [key for key in set_before if key not in topic.config and key in there.own]
    if over:
        made.reset[topic.name] = over


def _same(there: ExistingTopic, key: str, value: str) -> bool:
    if key not in there.config:
        return False
    kind = there.types.get(key, "STRING")
    return parsed(kind, there.config[key]) == parsed(kind, value)


def states(made: TopicPlan, found: Mapping[str, ExistingTopic]) -> tuple[dict, dict]:
    """Touched topics before and after, for the diff: partitions, replication factor and the config in question."""
    before: dict[str, dict] = {}
    after: dict[str, dict] = {}
    for topic in made.create:
        after[topic.name] = {
            "partitions": topic.partitions or "the broker's default",
            "replication_factor": topic.replication_factor or "the broker's default",
            "config": dict(topic.config),
        }
    for name in made.delete:
        before[name] = _shown(found[name], sorted(found[name].own))
    for name in sorted({*made.partitions, *made.set, *made.reset}):
        keys = sorted({*made.set.get(name, {}), *made.reset.get(name, [])})
        before[name] = _shown(found[name], keys)
        after[name] = {
            **before[name],
            "partitions": made.partitions.get(name, found[name].partitions),
            "config": {key: made.set.get(name, {}).get(key, "the broker's default") for key in keys},
        }
    return before, after


def _shown(there: ExistingTopic, keys: Sequence[str]) -> dict:
    return {
        "partitions": there.partitions,
        "replication_factor": there.replication_factor,
        "config": {key: there.config.get(key, "") for key in keys},
    }


def say(made: TopicPlan) -> list[str]:
    """One line a change."""
    lines = [f"{name}: taken over, it was made by hand" for name in made.adopted]
    lines += [f"{topic.name}: created" for topic in made.create]
    lines += [f"{name}: {count} partitions" for name, count in made.partitions.items()]
    for name, values in made.set.items():
        lines += [f"{name}: {key} = {value}" for key, value in values.items()]
    for name, keys in made.reset.items():
        lines += [f"{name}: {key} back to the broker's default" for key in keys]
    lines += [f"{name}: deleted with its records" for name in made.delete]
    return lines + [f"{name}: no longer declared; it stays, with its records" for name in made.forgotten]
