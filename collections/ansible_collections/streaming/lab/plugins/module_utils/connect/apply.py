"""Bring connectors to what is declared: look, validate, do, note, wait."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.streaming.lab.plugins.module_utils import declared_ledger
from ansible_collections.streaming.lab.plugins.module_utils.connect import plan as connector_plan
from ansible_collections.streaming.lab.plugins.module_utils.connect import state as connector_state
from ansible_collections.streaming.lab.plugins.module_utils.connect import tables as connector_tables
from ansible_collections.streaming.lab.plugins.module_utils.connect.config import (
    ignored_options,
    say_unknown,
    unknown_options,
)
from ansible_collections.streaming.lab.plugins.module_utils.connect.plan import ConnectorPlan, DeclaredConnector
from ansible_collections.streaming.lab.plugins.module_utils.connect.rest import Connect, RestError, history_topic
from ansible_collections.streaming.lab.plugins.module_utils.connect.secrets import masked_text, passwords_of, secrets_of
from ansible_collections.streaming.lab.plugins.module_utils.kafka import topic_admin
from ansible_collections.streaming.lab.plugins.module_utils.kafka.topic_plan import TopicPlan

TOPIC_SECONDS = 30


class ConnectorError(Exception):
    """One line that says what of which connector cannot be, or is not so in time."""


def reconcile(options: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """Bring connectors to what is declared.

    Args:
        options: of the module kafka_connector.
        check: change nothing, say what would change.
    Returns:
        the module's answer: changed, messages, diff, warnings.
    Raises:
        RestError, DeclarationError, LedgerError, TopicError, ConnectorError: in one line, without a secret in it.
    """
    hidden: set[str] = set()
    try:
        return _reconcile(options, check, hidden)
    except (RestError, topic_admin.TopicError, ConnectorError) as error:
        # Workers, plugins and drivers quote what they were given.
        error.args = (masked_text(str(error), hidden),)
        raise


def _reconcile(options: Mapping[str, Any], check: bool, hidden: set[str]) -> dict[str, Any]:
    """Do the work of `reconcile`, and add to `hidden` the secrets that an error's text may hold."""
    wanted = connector_plan.wanted_of(options["connectors"], options["files"])
    noted = declared_ledger.read(options["ledger"], "connectors")
    if not wanted and not noted:
        return {"changed": False, "messages": [], "warnings": []}
    connect = Connect(options["url"], options["timeout"], options["patience"])
    found, status = _look(connect, {connector.name for connector in wanted} | set(noted))
    plan = connector_plan.plan(wanted, found, status, noted, options["undeclared"] == "delete")
    if not options["ledger"]:
        plan.adopted.clear()
    configs = [*found.items(), *((connector.name, connector.options) for connector in wanted)]
    hidden |= _secrets(configs, {})
    passwords, refused, classless = _validate(connect, [*plan.create, *plan.change], found)
    failed = {name for name in found if connector_state.failures(status.get(name))}
    _add_passwords(connect, found, {*plan.delete, *plan.order, *plan.restart, *failed}, passwords)
    hidden |= _secrets(configs, passwords)
    if plan.refused or refused or (classless and not check):
        raise ConnectorError("; ".join(plan.refused + refused + classless) + " (nothing was changed)")
    kept = {c.name: {"reset_offsets": c.reset_offsets} for c in wanted if c.state != "absent"}
    answer: dict[str, Any] = {
        "changed": plan.changes or bool(options["ledger"] and kept != noted),
        "diff": dict(zip(("before", "after"), connector_plan.states(plan, found, status, passwords), strict=True)),
        "warnings": [f"{line}; where its plugin is yet to be installed, it is validated then" for line in classless]
        + _open_secrets([*plan.create, *plan.change], passwords)
        + [masked_text(line, hidden) for line in connector_plan.failed_at_rest(plan, status)]
        + [
            masked_text(f"{connector.name}: {line}", hidden)
            for connector in [*plan.create, *plan.change]
            for line in connector_tables.warnings(
                connector.options,
                None if connector.state == "fresh" else found.get(connector.name),
                options.get("mysql") or {},
                options.get("mysql_addresses") or [],
            )
        ],
    }
    if not check:
        # Noted before it is made: whatever ends this run, what it made is known as declared.
        declared_ledger.write(options["ledger"], "connectors", noted | kept)
        answer["warnings"] += _apply(connect, plan)
        declared_ledger.write(options["ledger"], "connectors", kept)
        late = _wait(connect, plan, status, options["patience"])
        if late:
            _add_passwords(connect, found, plan.wait, passwords)
            hidden |= _secrets(configs, passwords)
            raise ConnectorError("; ".join(late) + " (the worker's log: journalctl -u kafka-connect)")
    return answer | {"messages": connector_plan.say(plan, found)}


def _look(connect: Connect, names: set[str]) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, Any]]]:
    """Options and status of those connectors that are there, in one question."""
    there = connect.ask("GET", "/connectors?expand=info&expand=status")[1]
    known = {name: there[name] for name in names if name in there}
    configs = {name: entry["info"]["config"] for name, entry in known.items()}
    status = {name: entry["status"] for name, entry in known.items()}
    # One that was made just now has no status yet, and is then left out of that answer.
    missing = set(names) - set(known)
    for name in missing & set(connect.names()) if missing else ():
        config = connect.config(name)
        if config is not None:
            configs[name], status[name] = config, connect.status(name) or {}
    return configs, status


def _validate(
    connect: Connect, connectors: Sequence[DeclaredConnector], found: Mapping[str, Mapping[str, str]]
) -> tuple[dict[str, set[str]], list[str], list[str]]:
    """Ask the worker what is wrong with configurations, and see that no source becomes another one.

    Returns:
        by connector the options that are passwords; a line for each error; and one for each class that is not there.
    """
    passwords: dict[str, set[str]] = {}
    refused, classless = [], []
    plugins = connect.plugins() if connectors else []
    for connector in connectors:
        plugin = plugin_of(connector.options["connector.class"], plugins)
        if plugin is None:
            classless.append(f"{connector.name}: {_no_plugin(connector.options['connector.class'], plugins)}")
            continue
        before = found.get(connector.name, connector.options)["connector.class"]
        old = plugin_of(before, plugins) or {"class": before}
        if plugin["type"] == "source" and connector.state != "fresh" and old["class"] != plugin["class"]:
            change = f"connector.class changes from {old['class']} to {plugin['class']}"
            refused.append(
                f"{connector.name}: {change}, which knows nothing of the other's offsets and would send all again; "
                "say state: fresh if that is wanted, or give it another name"
            )
            continue
        try:
            # In the path as in the config, else the worker refuses; the name is an option like others, and required.
            asked = {**connector.options, "name": connector.name}
            configs = connect.validate(asked["connector.class"], asked)
        except RestError as error:
            refused.append(f"{connector.name}: {error}")
            passwords[connector.name] = passwords_of(connect.definitions(plugin["class"]))
            continue
        passwords[connector.name] = passwords_of(configs)
        for entry in configs:
            for said in entry["value"].get("errors", []):
                refused.append(f"{connector.name}: {entry['value']['name']}: {' '.join(said.split())}")
        full = {**connector.options, "connector.class": plugin["class"]}
        unknown = unknown_options(full, configs, plugin["type"], connector.unchecked)
        if unknown:
            refused.append(f"{connector.name}: {say_unknown(unknown, plugin['class'].rpartition('.')[2])}")
        refused += [f"{connector.name}: {line}" for line in ignored_options(full, connector.unchecked)]
    return passwords, refused, classless


def plugin_of(name: str, plugins: Sequence[Mapping[str, str]]) -> Mapping[str, str] | None:
    """The worker's plugin that `connector.class` means: by its class, its simple name, or that without `Connector`."""
    for plugin in plugins:
        simple = plugin["class"].rpartition(".")[2]
        if name in (plugin["class"], simple, simple.removesuffix("Connector")):
            return plugin
    return None


def _no_plugin(name: str, plugins: Sequence[Mapping[str, str]]) -> str:
    classes = sorted(plugin["class"] for plugin in plugins)
    close = difflib.get_close_matches(name, classes, n=1, cutoff=0.6)
    meant = f", did you mean {close[0]}?" if close else f"; it has {', '.join(c.rpartition('.')[2] for c in classes)}"
    return f"the worker has no connector {name}{meant}"


def _add_passwords(
    connect: Connect, found: Mapping[str, Mapping[str, str]], names: Iterable[str], passwords: dict[str, set[str]]
) -> None:
    """Ask which options are passwords of connectors that were not validated, and of which something will be shown."""
    for name in (name for name in names if name in found and name not in passwords):
        passwords[name] = passwords_of(connect.definitions(found[name]["connector.class"]))


def _secrets(configs: Iterable[tuple[str, Mapping[str, str]]], passwords: Mapping[str, set[str]]) -> set[str]:
    return {secret for name, config in configs for secret in secrets_of(config, passwords.get(name, ()))}


def _open_secrets(connectors: Sequence[DeclaredConnector], passwords: Mapping[str, set[str]]) -> list[str]:
    return [
        f"{connector.name}: {name} stands in the configuration, where all who reach Connect's REST interface read it; "
        "keep it in kafka_connect_secrets and write ${secrets:/etc/kafka-connect/secrets:NAME}"
        for connector in connectors
        for name in connector.options
        if secrets_of({name: connector.options[name]}, passwords.get(connector.name, ()))
    ]


def _apply(connect: Connect, plan: ConnectorPlan) -> list[str]:
    """Do what is planned; where offsets could not be dropped, the plan says so afterwards.

    Returns:
        a warning for each such connector.
    """
    gone = connect.delete([name for name, offsets in plan.delete.items() if offsets], offsets=True)
    _drop(gone.histories)
    connect.delete([name for name, offsets in plan.delete.items() if not offsets], offsets=False)
    plan.delete.update(dict.fromkeys(gone.kept, False))
    for connector in plan.create:
        # Those of a fresh one that was there went with it.
        if connector.reset_offsets or (connector.state == "fresh" and connector.name not in plan.delete):
            # Made at a standstill, for only then Connect forgets offsets that one of the same name left.
            connect.create(connector.name, connector.options, "STOPPED")
            connect.forget_offsets(connector.name)
            _drop(history_topic(connector.options))
            if plan.wait[connector.name] != "stopped":
                connect.order(connector.name, connector_state.VERBS[plan.wait[connector.name]])
        else:
            connect.create(connector.name, connector.options, connector_state.STATES[plan.wait[connector.name]])
    for connector in plan.change:
        connect.change(connector.name, connector.options)
    for name, state in plan.order.items():
        connect.order(name, connector_state.VERBS[state])
    for name in plan.restart:
        connect.restart_failed(name)
    return [
        f"{name}: its offsets are still stored, because the plugin of {config['connector.class']} is no longer "
        "installed; a new connector of this name continues from them, unless it is declared with reset_offsets"
        for name, config in gone.kept.items()
    ]


def _drop(histories: Sequence[tuple[str, str]]) -> None:
    """Delete schema histories, each given as (brokers, topic)."""
    for brokers, topic in histories:
        with topic_admin.topics_of(brokers, TOPIC_SECONDS) as topics:
            topics.apply(TopicPlan(delete=[topic]))


def _wait(connect: Connect, plan: ConnectorPlan, status: Mapping[str, Mapping[str, Any]], seconds: float) -> list[str]:
    touched = {
        name: bool(connector_state.failures(status.get(name)))
        for name in [*(connector.name for connector in [*plan.create, *plan.change]), *plan.order, *plan.restart]
    }
    return connector_state.wait(connect.status, plan.wait, touched, seconds)
