"""Where the notes' data lies - Kafka, Kafka Connect, MySQL, HDFS, folders -, and how to look at it and wipe it.

Each store is only asked when a name of its kind is given, so that a stopped HDFS is no hindrance to a case
without HDFS.
"""

from __future__ import annotations

import json
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

Names = dict[str, list[str]]
Found = tuple[str, str, str]
TIMEOUT = 20
"""Seconds for one answer, and for a store to have done what it was told."""


class StoreError(Exception):
    """One line that says which server did not do what."""


def held(settings: dict, names: Names) -> list[Found]:
    """List what the names hold, as (kind, name, detail)."""
    found: list[Found] = []
    if names.get("connector"):
        found += held_connectors(settings, names["connector"])
    if names.get("topic") or names.get("internal") or names.get("group"):
        found += held_in_kafka(settings, names)
    if names.get("table"):
        found += held_tables(settings, names["table"])
    if names.get("hdfs") or names.get("folder"):
        found += held_hdfs(settings, names.get("hdfs", []), names.get("folder", []))
    if names.get("tree"):
        found += held_trees(settings, names["tree"])
    for kind in ("file", "trace"):
        found += [(kind, name, "") for name in names.get(kind, []) if Path(name).exists()]
    return found


def wipe(settings: dict, names: Names, there: list[Found]) -> None:
    """Remove what `held` found, in the order that data flows, so that nothing is written again behind our back."""
    kinds: Names = {}
    for kind, name, _ in there:
        kinds.setdefault(kind, []).append(name)
    if kinds.get("connector"):
        wipe_connectors(settings, kinds["connector"])
    if kinds.get("offsets"):
        wipe_offsets(settings, kinds["offsets"])
    if kinds.get("topic") or kinds.get("internal") or kinds.get("group"):
        wipe_kafka(settings, kinds.get("topic", []) + kinds.get("internal", []), kinds.get("group", []))
    if kinds.get("table"):
        wipe_tables(settings, kinds["table"])
    for name in kinds.get("tree", []):
        _webhdfs(settings, "DELETE", name, "DELETE", recursive="true")
    if kinds.get("hdfs") or kinds.get("folder"):
        wipe_hdfs(settings, kinds.get("hdfs", []), kinds.get("folder", []))
    for name in kinds.get("file", []) + kinds.get("trace", []):
        if Path(name).is_dir():
            shutil.rmtree(name)
        else:
            Path(name).unlink(missing_ok=True)


# Kafka


def _admin(settings: dict) -> Any:
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    try:
        return KafkaAdminClient(bootstrap_servers=settings["bootstrap"], request_timeout_ms=TIMEOUT * 1000)
    except KafkaError as error:
        raise StoreError(f"Kafka at {settings['bootstrap']} does not answer: {error}") from error


def held_in_kafka(settings: dict, names: Names) -> list[Found]:
    """Look for topics and groups. A group's detail says how many members are alive; none: it is a trace."""
    admin = _admin(settings)
    try:
        there = set(admin.list_topics())
        found: list[Found] = [
            (k, name, "") for k in ("topic", "internal") for name in names.get(k, []) if name in there
        ]
        if names.get("group"):
            known = {group["group_id"] for group in admin.list_groups()}
            present = [name for name in names["group"] if name in known]
            for name, group in (admin.describe_groups(present) if present else {}).items():
                members = len(group.get("members") or [])
                found.append(("group", name, f"{members} live members" if members else ""))
        return found
    finally:
        admin.close()


def wipe_kafka(settings: dict, topics: list[str], groups: list[str]) -> None:
    """Delete topics and groups, and wait until the broker no longer lists the topics.

    A group whose consumer was killed counts as alive until its session ends; it is left then, an empty name.

    Raises:
        StoreError: if a topic is still there at the deadline.
    """
    admin = _admin(settings)
    try:
        if topics:
            admin.delete_topics(topics, raise_errors=False)
        if groups:
            deadline = time.monotonic() + 8
            while time.monotonic() < deadline:
                left = [
                    name for name, said in dict(admin.delete_groups(groups)).items() if said == "NonEmptyGroupError"
                ]
                if not left:
                    break
                time.sleep(0.3)
        deadline = time.monotonic() + TIMEOUT
        while left_topics := set(admin.list_topics()).intersection(topics):
            if time.monotonic() > deadline:
                raise StoreError(f"Kafka did not delete {', '.join(sorted(left_topics))} within {TIMEOUT} s")
            time.sleep(0.1)
    finally:
        admin.close()


# Kafka Connect


def _rest(method: str, url: str, expect: tuple[int, ...]) -> Any:
    request = urllib.request.Request(url, method=method)  # noqa: S310 - the lab's own addresses
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            status, body = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    if status not in expect:
        raise StoreError(f"{method} {url} answered {status}: {body.decode(errors='replace')[:300]}")
    return status, json.loads(body) if body else None


def held_connectors(settings: dict, names: list[str]) -> list[Found]:
    """Look for connectors, and for offsets stored under the name of one that was deleted (Connect keeps those)."""
    _, there = _rest("GET", f"{settings['connect']}/connectors", (200,))
    found: list[Found] = [("connector", name, "") for name in names if name in there]
    gone = [name for name in names if name not in there]
    stored = {name for name, _, _ in _stored_offsets(settings, gone)} if gone else set()
    return found + [("offsets", name, "") for name in sorted(stored)]


def wipe_connectors(settings: dict, names: list[str]) -> None:
    """Stop, forget the offsets and delete: a connector of the same name starts anew (KIP-875).

    Raises:
        StoreError: with Connect's last answer, if it does not do so in time.
    """
    base = f"{settings['connect']}/connectors"
    for name in names:
        _rest("PUT", f"{base}/{name}/stop", (202, 204, 404))
    for name in names:
        # 400 while tasks still stop, 409 during a rebalance, 500 when the sink's consumer has just left its group.
        _until(lambda name=name: _rest("DELETE", f"{base}/{name}/offsets", (200, 404, 400, 409, 500)), (200, 404))
        _until(lambda name=name: _rest("DELETE", f"{base}/{name}", (204, 404, 409)), (204, 404))
    _until(lambda: (200, None) if not _still(base, names) else (409, "still listed"), (200,))


def _still(base: str, names: list[str]) -> set[str]:
    return set(_rest("GET", base, (200,))[1]).intersection(names)


def _until(call: Any, done: tuple[int, ...]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while True:
        status, body = call()
        if status in done:
            return
        if time.monotonic() > deadline:
            raise StoreError(f"Kafka Connect: {body}")
        time.sleep(0.1)


def _stored_offsets(settings: dict, names: list[str]) -> list[tuple[str, int, bytes]]:
    """Read the worker's offsets topic: connector, partition and key of each offset stored for the names."""
    from kafka import KafkaConsumer, TopicPartition

    topic = settings["connect_offsets"]
    consumer = KafkaConsumer(bootstrap_servers=settings["bootstrap"], enable_auto_commit=False)
    latest: dict[tuple[int, bytes], bytes | None] = {}
    try:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        ends = {part: end for part, end in consumer.end_offsets(partitions).items() if end} if partitions else {}
        if not ends:
            return []
        consumer.assign(list(ends))
        consumer.seek_to_beginning(*ends)
        deadline = time.monotonic() + TIMEOUT
        while any(consumer.position(part) < end for part, end in ends.items()) and time.monotonic() < deadline:
            for batch in consumer.poll(timeout_ms=200).values():
                latest.update({(record.partition, record.key): record.value for record in batch})
    finally:
        consumer.close()
    found = []
    for (partition, key), value in latest.items():
        name = json.loads(key)[0] if key else None
        if value is not None and name in names:
            found.append((name, partition, key))
    return found


def wipe_offsets(settings: dict, names: list[str]) -> None:
    """Write a tombstone for each offset that a deleted connector left; the running worker reads them too."""
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=settings["bootstrap"])
    try:
        for _, partition, key in _stored_offsets(settings, names):
            producer.send(settings["connect_offsets"], key=key, value=None, partition=partition)
        producer.flush(timeout=TIMEOUT)
    finally:
        producer.close()


# MySQL


def _mysql(settings: dict) -> Any:
    import pymysql

    try:
        return pymysql.connect(
            read_default_file=settings["mysql_defaults"],
            database="sensors",
            autocommit=True,
            connect_timeout=TIMEOUT,
        )
    except pymysql.MySQLError as error:
        raise StoreError(f"MySQL does not let the student of {settings['mysql_defaults']} in: {error}") from error


def held_tables(settings: dict, names: list[str]) -> list[Found]:
    """Look for rows; an empty table is a clean one."""
    found: list[Found] = []
    with _mysql(settings) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        there = {row[0] for row in cursor.fetchall()}
        for name in (name for name in names if name in there):
            cursor.execute(f"SELECT COUNT(*) FROM `{name}`")  # noqa: S608 - names of slate_cases.json
            rows = cursor.fetchone()[0]
            if rows:
                found.append(("table", name, f"{rows} rows"))
    return found


def wipe_tables(settings: dict, names: list[str]) -> None:
    """Empty tables; the next row's id is 1 again."""
    with _mysql(settings) as connection, connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"TRUNCATE TABLE `{name}`")


# HDFS


def _webhdfs(settings: dict, method: str, path: str, operation: str, **query: str) -> Any:
    text = urllib.parse.urlencode({"op": operation, "user.name": "hadoop", **query})
    return _rest(method, f"{settings['webhdfs']}/webhdfs/v1{urllib.parse.quote(path)}?{text}", (200, 404, 403))


def held_hdfs(settings: dict, files: list[str], folders: list[str]) -> list[Found]:
    """Look for files and folders, by one listing of each folder."""
    found: list[Found] = []
    for folder in sorted({name.rsplit("/", 1)[0] for name in files} | set(folders)):
        status, body = _webhdfs(settings, "GET", folder, "LISTSTATUS")
        entries = body["FileStatuses"]["FileStatus"] if status == 200 else []
        sizes = {f"{folder}/{entry['pathSuffix']}": entry["length"] for entry in entries}
        found += [("hdfs", name, f"{sizes[name]} bytes") for name in files if name in sizes]
        if status == 200 and folder in folders:
            found.append(("folder", folder, f"{len(entries)} entries"))
    return found


def held_trees(settings: dict, trees: list[str]) -> list[Found]:
    """Look for folders that are one program's with all that is in them."""
    found: list[Found] = []
    for tree in trees:
        status, body = _webhdfs(settings, "GET", tree, "GETCONTENTSUMMARY")
        if status == 200:
            found.append(("tree", tree, f"{body['ContentSummary']['fileCount']} files"))
    return found


def wipe_hdfs(settings: dict, files: list[str], folders: list[str]) -> None:
    """Delete files, and folders that are empty then (without `recursive` the NameNode refuses to delete others)."""
    for name in files:
        _webhdfs(settings, "DELETE", name, "DELETE", recursive="true")
    for folder in folders:
        _webhdfs(settings, "DELETE", folder, "DELETE", recursive="false")
