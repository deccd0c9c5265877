"""Topics of a broker through kafka-python's admin client: look, try, do, wait until it is so."""

from __future__ import annotations

import difflib
import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.streaming.lab.plugins.module_utils.kafka.topic_plan import (
    DeclaredTopic,
    ExistingTopic,
    TopicPlan,
)

NO_SUCH_TOPIC = 3
PAUSE = 0.1


class TopicError(Exception):
    """One line that says what of which broker did not go."""


class Topics:
    """The topics of one cluster, by one client."""

    def __init__(self, admin: Any, seconds: float) -> None:
        self.admin = admin
        self.seconds = seconds

    def brokers(self) -> int:
        """How many brokers live."""
        return len(self.admin.describe_cluster()["brokers"])

    def find(self, names: Iterable[str]) -> dict[str, ExistingTopic]:
        """Describe those topics that are there.

        Raises:
            TopicError: for a topic that the broker does not describe.
        """
        from kafka.admin import ConfigResource, ConfigResourceType

        there = self._metadata(names)
        if not there:
            return {}
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in there]
        configs = self.admin.describe_configs(resources, config_filter="all")["topic"]
        return {
            name: ExistingTopic(
                partitions=len(partitions),
                replication_factor=max((len(part["replica_nodes"]) for part in partitions), default=0),
                config={key: str(entry["value"]) for key, entry in configs[name].items()},
                own=frozenset(
                    key for key, entry in configs[name].items() if entry["config_source"] == "DYNAMIC_TOPIC_CONFIG"
                ),
                types={key: str(entry.get("config_type", "STRING")) for key, entry in configs[name].items()},
            )
            for name, partitions in there.items()
        }

    def _metadata(self, names: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
        wanted = sorted(set(names))
        described = self.admin.describe_topics(wanted) if wanted else []
        found = {}
        for topic in described:
            if topic["error_code"] not in (0, NO_SUCH_TOPIC):
                raise TopicError(f"{topic['name']}: the broker does not describe it: {_named(topic['error_code'])}")
            if topic["error_code"] == 0:
                found[topic["name"]] = topic["partitions"]
        return found

    def refusals(self, plan: TopicPlan) -> list[str]:
        """Ask the broker what of a plan it would refuse, changing nothing."""
        return self._apply(plan, validate_only=True)

    def apply(self, plan: TopicPlan) -> None:
        """Do what a plan says and wait until it is so.

        Raises:
            TopicError: with all that the broker refused, or what was not so in time.
        """
        refused = self._apply(plan, validate_only=False)
        if plan.delete:
            answer = self.admin.delete_topics(plan.delete, raise_errors=False)
            refused += _errors(answer["topics"], "deletion", ignored=(0, NO_SUCH_TOPIC))
        if refused:
            raise TopicError("; ".join(refused))
        wanted = {topic.name: topic.partitions or 1 for topic in plan.create} | plan.partitions
        deadline = time.monotonic() + self.seconds
        while late := self._late(wanted, plan.delete):
            if time.monotonic() > deadline:
                raise TopicError(f"not done within {self.seconds:g} s: {', '.join(late)}; is every broker up?")
            time.sleep(PAUSE)

    def _late(self, wanted: dict[str, int], deleted: list[str]) -> list[str]:
        there = self._metadata([*wanted, *deleted])
        late = [f"{name} is still there" for name in deleted if name in there]
        for name, count in wanted.items():
            led = [part for part in there.get(name, []) if part["leader_id"] >= 0]
            late += [f"{name} has {len(led)} partitions with a leader of {count}"] * (len(led) < count)
        return late

    def _apply(self, plan: TopicPlan, validate_only: bool) -> list[str]:
        from kafka.admin import AlterConfigOp, ConfigResource, ConfigResourceType

        refused = []
        if plan.create:
            answer = self.admin.create_topics(
                {topic.name: _new(topic) for topic in plan.create}, validate_only=validate_only, raise_errors=False
            )
            refused += _errors(answer["topics"], "creation")
        if plan.partitions:
            answer = self.admin.create_partitions(plan.partitions, validate_only=validate_only, raise_errors=False)
            refused += _errors(answer.to_dict()["results"], "more partitions")
        resources = []
        for name in sorted({*plan.set, *plan.reset}):
            ops: dict[str, Any] = {key: (AlterConfigOp.SET, value) for key, value in plan.set.get(name, {}).items()}
            ops |= dict.fromkeys(plan.reset.get(name, []), (AlterConfigOp.DELETE, None))
            resources.append(ConfigResource(ConfigResourceType.TOPIC, name, ops))
        if resources:
            answer = self.admin.alter_configs(resources, validate_only, raise_on_unknown=False, incremental=True)
            refused += [f"{name}: {said}" for name, said in answer["topic"].items() if said != "OK"]
        return refused

    def keys(self) -> set[str]:
        """Names of a topic's config, of any topic there is; none where there is no topic."""
        from kafka.admin import ConfigResource, ConfigResourceType

        some = self.admin.list_topics()[:1]
        if not some:
            return set()
        resources = [ConfigResource(ConfigResourceType.TOPIC, some[0])]
        return set(self.admin.describe_configs(resources, config_filter="all")["topic"][some[0]])


@contextmanager
def topics_of(bootstrap: str, seconds: float) -> Iterator[Topics]:
    """Talk to a cluster.

    Args:
        bootstrap: `host:port,...`.
        seconds: for one answer, and for what was ordered to be done.
    Raises:
        TopicError: no kafka-python here, no broker, or what the client library raises, in one line.
    """
    try:
        from kafka import KafkaAdminClient
        from kafka.errors import KafkaError
    except ImportError as error:
        raise TopicError(
            f"this Python has no kafka-python ({error}): set ansible_python_interpreter to one that has, "
            "on a host of the lab /opt/course-venv/bin/python"
        ) from error
    # What goes wrong is raised; the client's own words about it would be lines between Ansible's.
    logging.getLogger("kafka").addHandler(logging.NullHandler())
    milliseconds = int(seconds * 1000)
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=bootstrap.split(","), request_timeout_ms=milliseconds, bootstrap_timeout_ms=milliseconds
        )
    except KafkaError as error:
        raise TopicError(
            f"no broker answers at {bootstrap} within {seconds:g} s ({error}); is it running? (systemctl status kafka)"
        ) from error
    try:
        yield Topics(admin, seconds)
    except KafkaError as error:
        raise TopicError(f"Kafka at {bootstrap}: {' '.join(str(error).split())[:400]}") from error
    finally:
        admin.close()


def unknown_keys(wanted: Iterable[DeclaredTopic], known: set[str]) -> list[str]:
    """Config keys that no topic has, each with the one that was probably meant.

    Args:
        wanted: what is declared.
        known: all keys; none: not known, so nothing is said.
    """
    lines = []
    for topic in wanted:
        for key in topic.config if known else ():
            if key not in known:
                close = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
                meant = f", did you mean {close[0]}?" if close else ""
                lines.append(f"{topic.name}: {key} is no config of a topic{meant}")
    return lines


def _new(topic: DeclaredTopic) -> dict[str, Any]:
    return {
        "num_partitions": topic.partitions or -1,
        "replication_factor": topic.replication_factor or -1,
        "configs": dict(topic.config),
    }


def _errors(entries: Iterable[dict[str, Any]], what: str, ignored: tuple[int, ...] = (0,)) -> list[str]:
    return [
        f"{entry['name']}: {what} refused: {entry.get('error_message') or _named(entry['error_code'])}"
        for entry in entries
        if entry["error_code"] not in ignored
    ]


def _named(code: int) -> str:
    from kafka.errors import for_code

    return for_code(code).__name__
