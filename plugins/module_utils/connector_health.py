"""How the connectors of a worker stand, declared or made by hand: what failed, and why one that runs sends nothing.

`report` looks; `recover` lets Debezium's connectors begin anew whose position MySQL no longer has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

try:
    from ansible.module_utils import connector_position, connector_tables
    from ansible.module_utils.connect_rest import NO_PLUGIN, Connect, RestError
    from ansible.module_utils.connector_apply import plugin_of
    from ansible.module_utils.connector_config import ignored_options, say_unknown, unknown_options
    from ansible.module_utils.connector_secrets import masked_text, passwords_of, secrets_of
except ImportError:  # imported by a unit test, without Ansible's own importer
    from plugins.module_utils import connector_position, connector_tables
    from plugins.module_utils.connect_rest import NO_PLUGIN, Connect, RestError
    from plugins.module_utils.connector_apply import plugin_of
    from plugins.module_utils.connector_config import ignored_options, say_unknown, unknown_options
    from plugins.module_utils.connector_secrets import masked_text, passwords_of, secrets_of

LONGEST = 400
MOST_NOTES = 12
HISTORY_LOST = re.compile(
    r"(?:db|database|schema) (?:schema )?history topic (?:or its content )?is (?:fully or partially )?missing"
)
# Sentences by which a wrapper says only that something went wrong inside.
EMPTY = (
    "Tolerance exceeded in error handler",
    "An exception occurred in the change event producer",
    "Unrecoverable exception",
)

KILLED = "Task threw an uncaught and unrecoverable exception"
# What a task logs when it works again.
RECOVERED = re.compile(r"Committing offsets for [1-9]|Connected to binlog at")


def report(
    connect: Connect, server: Mapping[str, Any], addresses: Sequence[str], journal: str = ""
) -> list[dict[str, Any]]:
    """Look at every connector.

    Parameters:
        connect: the worker.
        server: what module mysql_state answered of the lab's MySQL; empty where there is none.
        addresses: `host:port` by which connectors reach that server.
        journal: the last lines of the worker's log.
    Returns:
        for each connector, sorted by name: name; state (as Connect has it; FAILED where a task failed, RETRYING where
        it runs in vain); detail, one line; notes, lines on its options and tables; lost, why its position is gone.
    Raises:
        RestError: if the worker does not answer.
    """
    plugins = connect.plugins()
    there = connect.ask("GET", "/connectors?expand=info&expand=status")[1]
    definitions: dict[str, list[dict[str, Any]]] = {}
    found = []
    for name, entry in sorted(there.items()):
        config, status = entry["info"]["config"], entry["status"]
        plugin = plugin_of(str(config.get("connector.class", "")), plugins)
        known = []
        if plugin:
            known = definitions.setdefault(plugin["class"], connect.definitions(plugin["class"]))
        hidden = secrets_of(config, passwords_of(known))
        columns = server.get("columns", []) if _reads(config, addresses) else []
        lost = _lost(connect, name, config, status, server if columns or _reads(config, addresses) else {})
        state, detail = _state(status, config, plugin, lost, retried(journal, name))
        notes = _notes(config, known, plugin, columns, status)
        if len(notes) > MOST_NOTES:
            notes = [*notes[:MOST_NOTES], f"and {len(notes) - MOST_NOTES} more columns"]
        found.append(
            {
                "name": name,
                "state": state,
                "detail": masked_text(detail, hidden),
                "notes": [masked_text(line, hidden) for line in notes],
                "lost": lost,
            }
        )
    return found


def recover(connect: Connect, connectors: Iterable[Mapping[str, Any]], check: bool) -> list[str]:
    """Let connectors whose position is lost read their tables anew; one that is paused or stopped is left alone.

    Parameters:
        connect: the worker.
        connectors: what `report` answered.
        check: change nothing, say what would be done.
    Returns:
        one line for each connector.
    Raises:
        RestError: if the worker refuses.
    """
    lines = []
    for connector in connectors:
        if not connector["lost"] or connector["state"] in ("PAUSED", "STOPPED"):
            continue
        name = connector["name"]
        if not check:
            connect.order(name, "stop")
            connect.forget_offsets(name)
            connect.order(name, "resume")
        lines.append(
            f"connector {name} {'would begin' if check else 'begins'} anew: {connector['lost']}. Every row that its "
            "tables hold now is sent again, so readers get repeats; changes and deletions of the meantime are missing"
        )
    return lines


def root_cause(trace: str) -> str:
    """The sentence of a Java stack trace that says what to mend: the innermost cause with a message.

    Parameters:
        trace: of a connector or a task; or an entry of the log.
    """
    lines = [line.strip() for line in trace.splitlines() if line.strip()]
    said = [
        *lines[:1],
        *(line.removeprefix("Caused by:").strip() for line in lines[1:] if line.startswith("Caused by:")),
    ]
    for line in reversed(said):
        name, _, message = line.partition(": ")
        if message.strip() and not message.startswith(EMPTY):
            short = name.rpartition(".")[2] if re.fullmatch(r"[\w.$]+", name) else name
            return f"{short}: {message.strip()}"[:LONGEST]
    return (said[-1] if said else "no trace")[:LONGEST]


def retried(journal: str, name: str) -> str:
    """The reason of the newest failure that a connector's tasks have logged and try to get over; empty: there is none.

    Parameters:
        journal: of the worker; lines with `[NAME|task-0]` are a connector's.
        name: of the connector.
    """
    entries = re.split(r"\n(?=\[\d{4}-)", journal)
    mark = re.compile(rf"^\[[^\]]+\] (ERROR|WARN|INFO) \[{re.escape(name)}\|task-\d+[^\]]*\] ")
    for entry in reversed(entries):
        level = mark.match(entry)
        # A task that was killed is FAILED; one that runs all the same was restarted since.
        if level and (RECOVERED.search(entry) or KILLED in entry):
            return ""
        if level and level[1] != "INFO" and "Exception" in entry and (level[1] == "ERROR" or "retry" in entry.lower()):
            head, _, trace = entry.partition("\n")
            return root_cause(trace if trace.strip() else mark.sub("", head))
    return ""


def _state(
    status: Mapping[str, Any], config: Mapping[str, str], plugin: Any, lost: str, retries: str
) -> tuple[str, str]:
    parts = [("connector", status.get("connector", {}))]
    parts += [(f"task {task.get('id')}", task) for task in status.get("tasks", [])]
    state = str(parts[0][1].get("state"))
    if plugin is None or any(NO_PLUGIN in str(part.get("trace", "")) for _, part in parts):
        name = config.get("connector.class", "")
        return "FAILED", (
            f"its plugin is not installed: no worker has {name}; put the plugin in files/plugins/ and run ./lab up, or "
            "delete the connector"
        )
    failed = [(what, part) for what, part in parts if part.get("state") == "FAILED"]
    if failed:
        what, part = failed[0]
        return "FAILED", f"{what}: {lost or root_cause(str(part.get('trace', '')))}"
    if lost and state not in ("PAUSED", "STOPPED"):
        return "RETRYING", f"nothing arrives: {lost}; ./lab up lets it begin anew"
    number = len(parts) - 1
    if state == "RUNNING" and not number:
        return "RETRYING", _no_tasks(config)
    if retries and state == "RUNNING":
        return "RETRYING", f"its task fails and tries again: {retries}"
    return state, f"{number} task{'s' * (number != 1)}"


def _no_tasks(config: Mapping[str, str]) -> str:
    """Why a connector that runs has no task."""
    listed = config.get("table.whitelist") or config.get("table.include.list")
    if connector_tables.engine_of(config) in ("jdbc", "aiven") and listed:
        return f"0 tasks, nothing arrives: user {config.get('connection.user', '?')} sees no table {listed}"
    return "0 tasks, nothing arrives: the connector found nothing to do (journalctl -u kafka-connect tells why)"


def _notes(
    config: Mapping[str, str],
    known: Sequence[Mapping[str, Any]],
    plugin: Mapping[str, str] | None,
    columns: Sequence[Mapping[str, Any]],
    status: Mapping[str, Any],
) -> list[str]:
    notes = ignored_options(config)
    if plugin and known and plugin.get("type") in ("source", "sink"):
        unknown = unknown_options({**config, "connector.class": plugin["class"]}, known, plugin["type"])
        notes += [say_unknown(unknown, plugin["class"].rpartition(".")[2])] * bool(unknown)
    notes += connector_tables.every_table(config, columns)
    running = status.get("connector", {}).get("state") != "STOPPED"
    return notes + (connector_tables.problems(config, columns) if running else [])


def _reads(config: Mapping[str, str], addresses: Sequence[str]) -> bool:
    """Whether a connector reads the lab's own MySQL."""
    host, port, _ = connector_tables.address_of(config)
    return bool(host) and f"{host}:{port}" in addresses


def _lost(
    connect: Connect, name: str, config: Mapping[str, str], status: Mapping[str, Any], server: Mapping[str, Any]
) -> str:
    if connector_tables.engine_of(config) != "debezium":
        return ""
    traces = " ".join(str(task.get("trace", "")) for task in status.get("tasks", []))
    if HISTORY_LOST.search(traces):
        topic = config.get("schema.history.internal.kafka.topic", "")
        return f"its schema history (topic {topic}) is gone"
    if not server:
        return ""
    try:
        offsets = connect.offsets(name)
    except RestError:
        return ""
    why = connector_position.lost(offsets, server)
    return f"its position in MySQL's binary log is gone: {why}" if why else ""
