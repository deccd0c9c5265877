"""How the connectors of a worker stand, declared or made by hand: what failed, and why one that runs sends nothing.

`report` looks; `recover` lets Debezium's connectors start from the beginning where MySQL no longer has their position.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.streaming.lab.plugins.module_utils.bluesky import login as bluesky_login
from ansible_collections.streaming.lab.plugins.module_utils.connect import log as connector_log
from ansible_collections.streaming.lab.plugins.module_utils.connect import position as connector_position
from ansible_collections.streaming.lab.plugins.module_utils.connect import tables as connector_tables
from ansible_collections.streaming.lab.plugins.module_utils.connect.apply import plugin_of
from ansible_collections.streaming.lab.plugins.module_utils.connect.config import (
    ignored_options,
    say_unknown,
    unknown_options,
)
from ansible_collections.streaming.lab.plugins.module_utils.connect.rest import NO_PLUGIN, Connect, RestError, quoted
from ansible_collections.streaming.lab.plugins.module_utils.connect.secrets import masked_text, passwords_of, secrets_of

MOST_NOTES = 12


def report(
    connect: Connect,
    server: Mapping[str, Any],
    addresses: Sequence[str],
    journal: str = "",
    names: Sequence[str] = (),
    now: datetime | None = None,
) -> list[dict[str, Any]]:
    """Look at every connector; an unexpected error of one becomes that connector's detail.

    Args:
        connect: the worker.
        server: what module mysql_state answered of the lab's MySQL; empty where there is none.
        addresses: `host:port` by which connectors reach that server.
        journal: the last lines of the worker's log.
        names: connectors to look at; none: all.
        now: local time, as the worker writes it in its log; None: the age of its lines does not count.
    Returns:
        for each connector, sorted by name: name; state (as Connect has it; FAILED where a task failed, RETRYING where
        it runs in vain); detail, one line; notes, lines on its options and tables; and `lost`, `remedy` and
        `undecided` as in connector_position.Verdict.
    Raises:
        RestError: if the worker does not answer.
    """
    plugins = connect.plugins()
    there = connect.ask("GET", "/connectors?expand=info&expand=status")[1]
    definitions: dict[str, list[dict[str, Any]]] = {}
    found = []
    for name, entry in sorted(there.items()):
        if names and name not in names:
            continue
        try:
            found.append(_judged(connect, name, entry, plugins, definitions, server, addresses, journal, now))
        except RestError:
            raise
        except Exception as error:
            found.append(_unjudged(name, entry, error))
    return found


def _judged(
    connect: Connect,
    name: str,
    entry: Mapping[str, Any],
    plugins: Sequence[Mapping[str, str]],
    definitions: dict[str, list[dict[str, Any]]],
    server: Mapping[str, Any],
    addresses: Sequence[str],
    journal: str,
    now: datetime | None,
) -> dict[str, Any]:
    config, status = entry["info"]["config"], entry["status"]
    plugin = plugin_of(str(config.get("connector.class", "")), plugins)
    known = []
    if plugin:
        known = definitions.setdefault(plugin["class"], connect.definitions(plugin["class"]))
    hidden = secrets_of(config, passwords_of(known))
    own = _reads(config, addresses)
    columns = server.get("columns", []) if own else []
    verdict = _position(connect, name, config, status, server if own else {}, journal)
    state, detail = _state(status, config, plugin, verdict, connector_log.retried(journal, name, now))
    notes = _notes(config, known, plugin, columns, status)
    if len(notes) > MOST_NOTES:
        notes = [*notes[:MOST_NOTES], f"and {len(notes) - MOST_NOTES} more columns"]
    notes = [verdict.note] * bool(verdict.note) + notes
    return {
        "name": name,
        "state": state,
        "detail": masked_text(detail, hidden),
        "notes": [masked_text(line, hidden) for line in notes],
        "lost": verdict.lost,
        "remedy": verdict.remedy,
        "undecided": verdict.undecided,
    }


def _unjudged(name: str, entry: Mapping[str, Any], error: Exception) -> dict[str, Any]:
    """What is said of a connector that the lab cannot judge: Connect's own state, and the error."""
    status = entry.get("status") or {}
    parts = [status.get("connector", {}), *status.get("tasks", [])]
    failed = any(part.get("state") == "FAILED" for part in parts)
    hidden = secrets_of((entry.get("info") or {}).get("config") or {}, ())
    why = masked_text(" ".join(f"{type(error).__name__}: {error}".split())[: connector_log.LONGEST], hidden)
    return {
        "name": name,
        "state": "FAILED" if failed else str(parts[0].get("state", "UNKNOWN")),
        "detail": f"the lab cannot check its options and its position ({why}); the state is Kafka Connect's own",
        "notes": [],
        "lost": "",
        "remedy": "",
        "undecided": False,
    }


def recover(connect: Connect, connectors: Iterable[Mapping[str, Any]], check: bool) -> list[str]:
    """Let connectors that lost their position read their tables again.

    One that is paused or stopped is left alone, and so is one with another remedy. Whatever ends the work on a
    connector, it is resumed.

    Args:
        connect: the worker.
        connectors: what `report` answered.
        check: change nothing, say what would be done.
    Returns:
        one line for each connector.
    Raises:
        RestError: if the worker refuses, once all connectors were tried.
    """
    lines, refused = [], []
    for connector in connectors:
        name = connector["name"]
        if not is_recovered(connector):
            continue
        if not check:
            try:
                _start_from_beginning(connect, name)
            except RestError as error:
                refused.append(str(error))
                continue
        lines.append(
            f"connector {name} {'would start' if check else 'starts'} from the beginning: "
            f"{connector['lost']}. Every row that its tables hold now is sent again, so readers get repeats; "
            "changes and deletions of the meantime are missing"
        )
    if refused:
        raise RestError("; ".join(refused + lines))
    return lines


def is_recovered(connector: Mapping[str, Any]) -> bool:
    """Whether `recover` lets a connector start from the beginning."""
    return bool(connector["lost"]) and not connector["remedy"] and connector["state"] not in ("PAUSED", "STOPPED")


def _start_from_beginning(connect: Connect, name: str) -> None:
    """Drop a connector's offsets; it is resumed also where that breaks off, for a stopped one stays so."""
    failure = ""
    try:
        connect.order(name, "stop")
        connect.forget_offsets(name)
    except RestError as error:
        failure = f"connector {name} could not start from the beginning: {error}"
    finally:
        try:
            connect.order(name, "resume")
        except RestError as error:
            failure = (
                f"{failure or f'connector {name} lost its offsets'}; it may be STOPPED, for it could not be resumed "
                f"({error}); resume it: curl -X PUT {connect.url}/connectors/{quoted(name)}/resume"
            )
        else:
            failure += "; it was resumed" * bool(failure)
    if failure:
        raise RestError(failure)


def _state(
    status: Mapping[str, Any],
    config: Mapping[str, str],
    plugin: Any,
    verdict: connector_position.Verdict,
    retries: str,
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
        trace = str(part.get("trace", ""))
        remedy = f"; {verdict.remedy}" * bool(verdict.remedy)
        reason = verdict.lost or bluesky_login.explain(trace) or connector_log.root_cause(trace)
        return "FAILED", f"{what}: {reason}{remedy}"
    if verdict.lost and state not in ("PAUSED", "STOPPED"):
        return (
            "RETRYING",
            f"nothing arrives: {verdict.lost}; {verdict.remedy or './lab up lets it start from the beginning'}",
        )
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


def _position(
    connect: Connect,
    name: str,
    config: Mapping[str, str],
    status: Mapping[str, Any],
    server: Mapping[str, Any],
    journal: str,
) -> connector_position.Verdict:
    """Judge whether a Debezium connector can go on from its stored offset."""
    if connector_tables.engine_of(config) != "debezium":
        return connector_position.Verdict()
    try:
        offsets = connect.offsets(name) if server else []
    except RestError:
        offsets = []
    purged, started = connector_log.purge_logged(journal, name), connector_log.starts_logged(journal, name)
    return connector_position.judge(config, status, offsets, server, purged, started)
