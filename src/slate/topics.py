"""Kafka: topics and consumer groups."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

TIMEOUT = 20
"""Seconds for one answer, and for the brokers to delete topics."""
GROUP_SECONDS = 8
"""Seconds to wait until the members of a group are gone."""


class StoreError(Exception):
    """One line that names the server and what it did not do."""


@contextlib.contextmanager
def _admin(settings: dict[str, str]) -> Iterator[KafkaAdminClient]:
    try:
        admin = KafkaAdminClient(bootstrap_servers=settings["bootstrap"], request_timeout_ms=TIMEOUT * 1000)
    except KafkaError as error:
        raise StoreError(f"Kafka at {settings['bootstrap']} does not answer: {error}") from error
    try:
        yield admin
    finally:
        admin.close()


def existing(settings: dict[str, str], names: dict[str, list[str]]) -> list[tuple[str, str, str]]:
    """List existing topics and groups. The detail of a group is its number of live members, empty if there are none."""
    with _admin(settings) as admin:
        topics = set(admin.list_topics())
        items = [(kind, name, "") for kind in ("topic", "internal") for name in names.get(kind, []) if name in topics]
        if names.get("group"):
            known = {group["group_id"] for group in admin.list_groups()}
            groups = [name for name in names["group"] if name in known]
            for name, group in (admin.describe_groups(groups) if groups else {}).items():
                members = len(group.get("members") or [])
                items.append(("group", name, f"{members} live members" if members else ""))
        return items


def all_names(settings: dict[str, str]) -> tuple[list[str], list[str]]:
    """List all topics and all consumer groups."""
    with _admin(settings) as admin:
        return sorted(admin.list_topics()), sorted(group["group_id"] for group in admin.list_groups())


def delete(settings: dict[str, str], topics: list[str], groups: list[str]) -> None:
    """Delete topics and groups, and wait until the brokers no longer list the topics.

    A group with a killed consumer counts as alive until its session ends; then the empty group stays.

    Raises:
        StoreError: if a topic still exists at the deadline.
    """
    with _admin(settings) as admin:
        if topics:
            admin.delete_topics(topics, raise_errors=False)
        deadline = time.monotonic() + GROUP_SECONDS
        while groups and time.monotonic() < deadline:
            if "NonEmptyGroupError" not in dict(admin.delete_groups(groups)).values():
                break
            time.sleep(0.3)
        deadline = time.monotonic() + TIMEOUT
        while remaining := set(admin.list_topics()).intersection(topics):
            if time.monotonic() > deadline:
                raise StoreError(f"Kafka did not delete {', '.join(sorted(remaining))} within {TIMEOUT} s")
            time.sleep(0.1)
