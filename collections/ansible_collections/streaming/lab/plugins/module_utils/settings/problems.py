"""What is wrong with a host's settings, value by value and together, before anything is changed."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.streaming.lab.plugins.module_utils.kafka import options as kafka_options
from ansible_collections.streaming.lab.plugins.module_utils.kafka import topic_plan
from ansible_collections.streaming.lab.plugins.module_utils.settings import kinds as setting_kinds

# Kinds that setting_kinds does not have: choices and booleans are checked by type, some by a role's own code.
UNCHECKED = ("any",)
LONGEST_VALUE = 80
# What decides whether a connector may change settings of its clients; role kafka_connect sets None (KIP-458).
OVERRIDE_POLICY = "connector.client.config.override.policy"
OVERRIDES = ("producer.override.", "consumer.override.", "admin.override.")


def checks_of(text: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Read a checks.yml.

    Args:
        text: setting -> kind, or a dictionary of `kind`, the kind's limits, for ports the `group` that uses it, and
            `empty: true` where a host without that part has an empty text. Heaps have the `group` of their server too.
    Raises:
        ValueError: a kind that is none.
    """
    checks = {name: dict(check) if isinstance(check, Mapping) else {"kind": check} for name, check in text.items()}
    for name, check in checks.items():
        if check["kind"] not in UNCHECKED and not callable(getattr(setting_kinds, check["kind"], None)):
            raise ValueError(f"{name}: {check['kind']} is no kind of setting")
    return checks


def value_problems(
    given: Mapping[str, Any], checks: Mapping[str, Mapping[str, Any]], private: Sequence[str]
) -> list[str]:
    """Settings with a value that their server would refuse.

    Args:
        given: settings with their values, of the right type.
        checks: see `checks_of`.
        private: names of settings that hold a secret; their values are not repeated.
    Returns:
        a sentence each.
    """
    problems = []
    for name, value in given.items():
        check = dict(checks.get(name, {"kind": "any"}))
        kind = check.pop("kind")
        check.pop("group", None)
        may_be_empty = check.pop("empty", False)
        if kind in UNCHECKED or value is None or (may_be_empty and value == ""):
            continue
        why = getattr(setting_kinds, kind)(value, **check)
        if why:
            shown = "" if name in private or isinstance(value, dict | list) else f" {_cut(value)}"
            problems.append(f"{name}{shown}: {why}")
    return problems


def clashes(values: Mapping[str, Any], checks: Mapping[str, Mapping[str, Any]], groups: Sequence[str]) -> list[str]:
    """Ports that two servers of one host would listen on, and ids that two users would have.

    Args:
        values: settings with their values, defaults included.
        checks: see `checks_of`.
        groups: of the host; the ports of other groups' servers are not listened on here.
    """
    problems = []
    for kind, what in (("port", "port"), ("uid", "id")):
        taken: dict[int, str] = {}
        for name, check in checks.items():
            if check["kind"] != kind or name not in values or check.get("group", "all") not in (*groups, "all"):
                continue
            other = taken.setdefault(int(values[name]), name)
            if other != name:
                problems.append(f"{other} and {name} are both {what} {values[name]}; give each its own")
    return problems


def option_problems(given: Mapping[str, Any]) -> list[str]:
    """Options of Kafka that the broker, the worker or a topic would refuse; only for a Kafka with known options.

    Args:
        given: settings with their values, of the right type.
    """
    version, known = kafka_options.read_definitions()
    if str(given.get("kafka_version", version)) != version:
        return []
    problems = []
    for setting, component in (("kafka_server_properties", "broker"), ("kafka_connect_properties", "worker")):
        found = kafka_options.problems(given.get(setting) or {}, known[component], complete=False)
        problems += [f"{setting}: {line}" for line in found]
    for topic in given.get("kafka_topics") or []:
        found = kafka_options.problems(topic.get("config") or {}, known["topic"], complete=True)
        problems += [f"kafka_topics, {topic['name']}: {line}" for line in found]
    return problems


def memory_problems(
    values: Mapping[str, Any], checks: Mapping[str, Mapping[str, Any]], groups: Sequence[str], total_mb: int
) -> list[str]:
    """Heaps and caches of a host's servers that its memory cannot hold, each alone or all together.

    Args:
        values: settings with their values, defaults included.
        checks: see `checks_of`; those of a heap or a cache say by `group` which part has it.
        groups: of the host.
        total_mb: memory of the host in MB; 0 where it is not known here.
    """
    if not total_mb:
        return []
    sizes = {
        name: setting_kinds.bytes_of(str(values[name])) >> 20
        for name, check in checks.items()
        if check["kind"] in ("heap", "mysql_size") and check.get("group") in groups and name in values
    }
    if sum(sizes.values()) <= total_mb:
        return []
    told = ", ".join(f"{name} {values[name]}" for name in sorted(sizes, key=lambda name: -sizes[name]))
    return [f"the servers of this host need {sum(sizes.values())} MB and it has {total_mb} MB: lower {told}"]


def declared_problems(given: Mapping[str, Any], brokers: int) -> list[str]:
    """Topics, connectors and sinks that cannot be as they are declared.

    Args:
        given: settings with their values, of the right type.
        brokers: hosts of the lab's group kafka.
    """
    topics = topic_plan.wanted_of(given.get("kafka_topics") or [])
    problems = topic_plan.impossible(topics)
    problems += [
        f"{topic.name}: replication factor {topic.replication_factor} needs {topic.replication_factor} brokers; "
        f"the lab has {brokers}"
        for topic in topics
        if brokers and topic.replication_factor and topic.replication_factor > brokers
    ]
    connectors = [str(entry.get("name") or "") for entry in given.get("kafka_connect_connectors") or []]
    problems += [f"kafka_connect_connectors: {why}" for name in connectors if name and (why := connector_name(name))]
    return problems + override_problems(given) + sink_problems(given.get("hdfs_sink_jobs") or [])


def override_problems(given: Mapping[str, Any]) -> list[str]:
    """Connectors with settings of clients, which a worker of the lab refuses unless its policy allows them.

    Args:
        given: settings with their values, of the right type. Options in a connector's file are not looked at.
    """
    policy = str((given.get("kafka_connect_properties") or {}).get(OVERRIDE_POLICY) or "None").strip()
    if policy != "None":
        return []
    problems = []
    for entry in given.get("kafka_connect_connectors") or []:
        options = sorted(str(option) for option in entry.get("config") or {})
        refused = [option for option in options if option.startswith(OVERRIDES)]
        if refused and entry.get("state") != "absent":
            problems.append(
                f"kafka_connect_connectors, {entry.get('name') or entry.get('file')}: the worker refuses "
                f"{', '.join(refused)} ({OVERRIDE_POLICY}=None); remove it, or set kafka_connect_properties: "
                f"{{{OVERRIDE_POLICY}: All}}"
            )
    return problems


def sink_problems(jobs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Sinks that hdfs-sink or systemd would refuse.

    Args:
        jobs: the setting hdfs_sink_jobs.
    """
    names = [str(job.get("name")) for job in jobs]
    problems = [f"{name} is declared twice" for name in sorted({name for name in names if names.count(name) > 1})]
    for job, name in zip(jobs, names, strict=True):
        words = [str(word) for word in job.get("arguments") or []]
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", name):
            problems.append(f"{name!r}: a sink's name has 1 to 100 letters, digits, dashes and underscores")
        elif any(not word or word.startswith("@") or setting_kinds.CONTROL.search(word) for word in words):
            problems.append(f"{name}: an argument is empty, begins with @ or has several lines")
        elif why := _sink_refuses(["--topic", str(job.get("topic")), *words]):
            problems.append(f"{name}: {why}")
    return [f"hdfs_sink_jobs: {problem}" for problem in problems]


def _sink_refuses(words: list[str]) -> str:
    """Ask hdfs-sink about its arguments; returns its reason to refuse them, empty if it accepts them or is not here."""
    program = str(Path(__file__).resolve().parents[7] / "src")
    sys.path.insert(0, program)
    try:
        from hdfs_sink import arguments
    except ImportError:
        return ""
    finally:
        sys.path.remove(program)
    output = io.StringIO()
    try:
        with contextlib.redirect_stderr(output), contextlib.redirect_stdout(output):
            arguments.read(words)
    except SystemExit as ended:
        reason = output.getvalue().strip().rpartition("error: ")[2]
        # The host has other packages than this machine.
        return "" if not ended.code or "needs confluent-kafka" in reason else " ".join(reason.split())
    return ""


def replication_problems(given: Mapping[str, Any], datanodes: int) -> list[str]:
    """More copies of a block than DataNodes: HDFS would refuse each append to a file.

    Args:
        given: settings with their values, of the right type.
        datanodes: how many DataNodes the cluster has; 0 where the host belongs to none.
    """
    copies = given.get("hadoop_replication")
    if not copies or not datanodes or int(copies) <= datanodes:
        return []
    there = f"{datanodes} DataNode{'s' * (datanodes != 1)}"
    return [f"hadoop_replication {copies}: there {'is' if datanodes == 1 else 'are'} {there}; set {datanodes} or less"]


def host_problems(name: str) -> list[str]:
    """A host's name in the inventory that servers and clients cannot use."""
    why = setting_kinds.host(name) if name else ""
    return [f"host {name} of the inventory: {why}"] if why else []


def connector_name(name: str) -> str:
    """Why Connect refuses a connector's name, or trims it (ConnectorConfig, NAME_CONFIG)."""
    if setting_kinds.CONTROL.search(name) or name != name.strip():
        return f"{name!r}: a connector's name has no control characters, and no blanks at its ends"
    return f"{name[:20]}...: a connector's name has at most 200 characters" if len(name) > 200 else ""


def _cut(value: Any) -> str:
    text = repr(str(value))
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "..."
