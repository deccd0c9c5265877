"""Where the notes' data lies - Kafka, Kafka Connect, MySQL, HDFS, folders -, and how to look at it and wipe it.

Each store is only asked when a name of its kind is given, so that a stopped HDFS is no hindrance to a case
without HDFS.
"""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import slate_files

# Of the modules (plugins/module_utils), installed beside this file.
from connect_rest import Connect, history_topic

Names = dict[str, list[str]]
Found = tuple[str, str, str]
TIMEOUT = 20
"""Seconds for one answer, and for a store to have done what it was told."""


class StoreError(Exception):
    """One line that says which server did not do what."""


def held(settings: dict, names: Names) -> list[Found]:
    """List what the names hold, as (kind, name, detail)."""
    found: list[Found] = []
    found += held_units(names.get("unit", []))
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
        if names.get(kind):
            found += [(kind, name, "") for name in slate_files.present(Path(settings["home"]), names[kind])]
    return found


def wipe(settings: dict, names: Names, there: list[Found]) -> None:
    """Remove what `held` found, in the order that data flows, so that nothing is written again behind our back."""
    kinds: Names = {}
    for kind, name, _ in there:
        kinds.setdefault(kind, []).append(name)
    if kinds.get("unit"):
        subprocess.run(["systemctl", "stop", *kinds["unit"]], capture_output=True, check=False)
    histories = wipe_connectors(settings, kinds["connector"]) if kinds.get("connector") else []
    if kinds.get("offsets"):
        wipe_offsets(settings, kinds["offsets"])
    topics = sorted({*kinds.get("topic", []), *kinds.get("internal", []), *histories})
    if topics or kinds.get("group"):
        wipe_kafka(settings, topics, kinds.get("group", []))
    if kinds.get("table"):
        wipe_tables(settings, kinds["table"])
    if kinds.get("dropped"):
        drop_tables(settings, kinds["dropped"])
    for name in kinds.get("tree", []):
        _webhdfs(settings, "DELETE", name, "DELETE", recursive="true")
    if kinds.get("hdfs") or kinds.get("folder"):
        wipe_hdfs(settings, kinds.get("hdfs", []), kinds.get("folder", []))
    if kinds.get("file") or kinds.get("trace"):
        slate_files.remove(Path(settings["home"]), kinds.get("file", []) + kinds.get("trace", []))


# systemd


def held_units(names: list[str]) -> list[Found]:
    """Look which units run: a person started them."""
    show = ["systemctl", "is-active", "--quiet"]
    running = [name for name in names if not subprocess.run([*show, name], capture_output=True, check=False).returncode]
    return [("unit", name, "it runs") for name in running]


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


def all_in_kafka(settings: dict) -> tuple[list[str], list[str]]:
    """List every topic and every consumer group."""
    admin = _admin(settings)
    try:
        return sorted(admin.list_topics()), sorted(group["group_id"] for group in admin.list_groups())
    finally:
        admin.close()


def wipe_kafka(settings: dict, topics: list[str], groups: list[str]) -> None:
    """Delete topics and groups, and wait until the broker no longer lists the topics.

    A group with a killed consumer counts as alive until its session ends; it is left then, an empty name.

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


def _connect(settings: dict) -> Connect:
    return Connect(settings["connect"], timeout=TIMEOUT, patience=TIMEOUT)


def held_connectors(settings: dict, names: list[str]) -> list[Found]:
    """Look for connectors, and for offsets stored under the name of one that was deleted (Connect keeps those)."""
    there = _connect(settings).names()
    found: list[Found] = [("connector", name, "") for name in names if name in there]
    gone = [name for name in names if name not in there]
    stored = {name for name, _, _ in _stored_offsets(settings, gone)} if gone else set()
    return found + [("offsets", name, "") for name in sorted(stored)]


def all_connectors(settings: dict) -> list[str]:
    """List every connector."""
    return sorted(_connect(settings).names())


def all_offsets(settings: dict) -> list[str]:
    """List the connectors, deleted ones too, for which offsets are stored."""
    return sorted({name for name, _, _ in _stored_offsets(settings)})


def wipe_connectors(settings: dict, names: list[str]) -> list[str]:
    """Stop, forget the offsets and delete: a connector of the same name starts anew (KIP-875).

    Connect forgets offsets by the connector's own class; where its plugin is gone, they are wiped in Kafka.

    Returns:
        The topics of schema histories that Debezium's connectors leave.

    Raises:
        RestError: with Connect's last answer, if it does not do so in time.
    """
    deleted = _connect(settings).delete(names, offsets=True)
    if deleted.kept:
        # A source's are in the worker's topic, a sink's are those of its group.
        wipe_offsets(settings, list(deleted.kept))
        wipe_kafka(settings, [], [f"connect-{name}" for name in deleted.kept])
    left = [place for config in deleted.kept.values() for place in history_topic(config)]
    return [topic for _, topic in [*deleted.histories, *left]]


def _stored_offsets(settings: dict, names: list[str] | None = None) -> list[tuple[str, int, bytes]]:
    """Read the worker's offsets topic: connector, partition and key of each offset, of these connectors or of all."""
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
        if value is not None and name and (names is None or name in names):
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
        with slate_files.owner_of(Path(settings["home"])):
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


def all_tables(settings: dict) -> list[str]:
    """List the database's tables."""
    with _mysql(settings) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        return sorted(row[0] for row in cursor.fetchall())


def drop_tables(settings: dict, names: list[str]) -> None:
    """Drop tables, also such as others refer to; the role mysql makes the notes' ones again."""
    with _mysql(settings) as connection, connection.cursor() as cursor:
        cursor.execute("SET FOREIGN_KEY_CHECKS = 0")
        for name in names:
            cursor.execute(f"DROP TABLE IF EXISTS `{name.replace('`', '``')}`")


# HDFS


def _webhdfs(settings: dict, method: str, path: str, operation: str, **query: str) -> Any:
    text = urllib.parse.urlencode({"op": operation, "user.name": "hadoop", **query})
    url = f"{settings['webhdfs']}/webhdfs/v1{urllib.parse.quote(path)}?{text}"
    request = urllib.request.Request(url, method=method)  # noqa: S310 - the lab's own addresses
    # A proxy for the Internet has no part in what is asked of the lab's own hosts.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            status, body = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    if status not in (200, 403, 404):
        raise StoreError(f"{method} {url} answered {status}: {body.decode(errors='replace')[:300]}")
    return status, json.loads(body) if body else None


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


def all_in_hdfs(settings: dict) -> list[str]:
    """List what lies in the lab's folder of HDFS."""
    folder = settings["hdfs_folder"]
    status, body = _webhdfs(settings, "GET", folder, "LISTSTATUS")
    entries = body["FileStatuses"]["FileStatus"] if status == 200 else []
    return [f"{folder}/{entry['pathSuffix']}" for entry in entries]
