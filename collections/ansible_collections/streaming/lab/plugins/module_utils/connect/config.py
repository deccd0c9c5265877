"""A connector's configuration against its plugin's definitions: unknown options, secrets, what differs.

Pure functions: the definitions are what `GET /connector-plugins/CLASS/config` and `PUT .../config/validate` answer
(https://kafka.apache.org/38/documentation/#connect_rest), however they were got.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

# What Kafka Connect itself reads, whatever the plugin (ConnectorConfig, SourceConnectorConfig, SinkConnectorConfig).
FRAMEWORK = frozenset(
    {
        "name", "connector.class", "tasks.max", "tasks.max.enforce", "config.action.reload",
        "key.converter", "value.converter", "header.converter", "transforms", "predicates",
        "errors.retry.timeout", "errors.retry.delay.max.ms", "errors.tolerance", "errors.log.enable",
        "errors.log.include.messages",
    }
)  # fmt: skip
OF_KIND = {
    "source": frozenset(
        {
            "topic.creation.groups", "exactly.once.support", "transaction.boundary",
            "transaction.boundary.interval.ms", "offsets.storage.topic",
        }
    ),
    "sink": frozenset(
        {
            "topics", "topics.regex", "errors.deadletterqueue.topic.name",
            "errors.deadletterqueue.topic.replication.factor", "errors.deadletterqueue.context.headers.enable",
        }
    ),
}  # fmt: skip
# Everything below these goes to a converter, a client or a driver; the plugin does not define their options.
PASSED_ON = ("admin.override.",)
PASSED_ON_OF_KIND = {
    "source": ("producer.override.",),
    "sink": ("consumer.override.", "producer.override."),  # a sink's dead letters go by a producer
}
PASSED_ON_OF_CLASS = {
    "io.debezium.": ("driver.", "schema.history.internal.", "signal.", "notification."),
    "io.confluent.connect.jdbc.": ("connection.",),
    "io.aiven.connect.jdbc.": ("connection.",),
    "org.apache.kafka.connect.mirror.": ("source.", "target.", "admin.", "consumer.", "producer."),
}
# Transformations and predicates that define all they read; others do not (Debezium's ExtractNewRecordState).
COMPLETE = "org.apache.kafka.connect.transforms."
JSON_CONVERTER = "org.apache.kafka.connect.json.JsonConverter"
USUAL_CONVERTERS = {
    "key.converter": JSON_CONVERTER,
    "value.converter": JSON_CONVERTER,
    "header.converter": "org.apache.kafka.connect.storage.SimpleHeaderConverter",
}
# Options that Connect reads only together with another one, and their default (ConnectorConfig, SinkConnectorConfig).
NEEDED = {
    "errors.deadletterqueue.topic.replication.factor": ("errors.deadletterqueue.topic.name", "3"),
    "errors.deadletterqueue.context.headers.enable": ("errors.deadletterqueue.topic.name", "false"),
    "errors.log.include.messages": ("errors.log.enable", "false"),
    "errors.retry.delay.max.ms": ("errors.retry.timeout", "60000"),
}
# Kafka's own converters define all the options that they read; others do not (Avro's).
COMPLETE_CONVERTERS = ("org.apache.kafka.connect.json.", "org.apache.kafka.connect.storage.")
ALIASED = {"transforms": "transforms", "predicates": "predicates", "topic.creation": "topic.creation.groups"}
MOST_MEANT = 3


def defined_names(definitions: Iterable[Mapping]) -> set[str]:
    """Names of the options in an answer of Kafka Connect.

    Args:
        definitions: of GET /connector-plugins/CLASS/config, each with `name`; or the `configs` of a validation, each
            with `definition` and `value`.
    """
    return {str((entry.get("definition") or entry)["name"]) for entry in definitions}


def unknown_options(
    config: Mapping[str, object],
    definitions: Iterable[Mapping],
    kind: str,
    allowed: Sequence[str] = (),
) -> dict[str, list[str]]:
    """Options that neither the plugin nor Kafka Connect reads, which Connect would pass over in silence.

    Args:
        config: the connector's options, `connector.class` by its full name.
        definitions: what the plugin defines; see `defined_names`. Where they hold options of the transformations too
            (a validation's do), those of Kafka's own are checked as well.
        kind: `source` or `sink`.
        allowed: names that are fine all the same; `prefix.*` stands for all below it.
    Returns:
        For each unknown name, in order, at most three that may have been meant, the likeliest first.
    Raises:
        ValueError: if kind is neither.
    """
    if kind not in OF_KIND:
        raise ValueError(f"a connector is a source or a sink, not {kind!r}")
    known = defined_names(definitions) | FRAMEWORK | OF_KIND[kind]
    passed_on = (
        PASSED_ON
        + _of_converters(config, known)
        + PASSED_ON_OF_KIND[kind]
        + tuple(name[:-1] for name in allowed if name.endswith(".*"))
    )
    for prefix, more in PASSED_ON_OF_CLASS.items():
        passed_on += more if str(config.get("connector.class", "")).startswith(prefix) else ()
    # Debezium's converters are aliases without a prefix: `converters: isbn` reads what is below `isbn.`.
    passed_on += tuple(f"{alias}." for alias in _listed(config.get("converters", "")) if "converters" in known)
    fine = known | set(allowed)
    unknown = [
        name
        for name in config
        if name not in fine and not name.startswith(passed_on) and not _of_an_alias(name, config, known, kind)
    ]
    return {name: meant(name, known) for name in unknown}


def _of_an_alias(name: str, config: Mapping[str, object], known: set[str], kind: str) -> bool:
    """Whether a name such as `transforms.unwrap.type` belongs to an alias that the config lists."""
    for prefix, listing in ALIASED.items():
        if not name.startswith(f"{prefix}."):
            continue
        if prefix == "topic.creation" and kind != "source":
            return False
        aliases = _listed(config.get(listing, "")) + ["default"] * (prefix == "topic.creation")
        # The longest first: an alias may have a dot in it.
        for alias in sorted(aliases, key=len, reverse=True):
            start = f"{prefix}.{alias}."
            if name.startswith(start):
                if not str(config.get(f"{start}type", "")).startswith(COMPLETE):
                    return True
                own = {option for option in known if option.startswith(start)}
                # Connect defines these three for each alias; more than these means that it asked the class.
                asked = {option.removeprefix(start) for option in own} - {"type", "predicate", "negate"}
                return not asked or name in own
    return False


def _of_converters(config: Mapping[str, object], known: set[str]) -> tuple[str, ...]:
    """Prefixes of converters of which a validation did not list the options, or that read more than they list."""
    return tuple(
        f"{converter}."
        for converter in USUAL_CONVERTERS
        if not str(config.get(converter, "")).startswith(COMPLETE_CONVERTERS)
        or not any(name.startswith(f"{converter}.") for name in known)
    )


def ignored_options(config: Mapping[str, object], allowed: Sequence[str] = ()) -> list[str]:
    """Options that Connect knows and does not read, because another option is missing; one line for each reason.

    An option with Kafka's own default is accepted: it promises nothing that Connect does not do.

    A worker ignores `value.converter.*` of a connector that does not name `value.converter`: it then uses its own
    converter with its own options (org.apache.kafka.connect.runtime.isolation.Plugins#newConverter).

    Args:
        config: the connector's options.
        allowed: names that are accepted all the same; `prefix.*` stands for all names below it.
    """
    prefixes = tuple(name[:-1] for name in allowed if name.endswith(".*"))
    checked = [name for name in config if name not in allowed and not name.startswith(prefixes or ("\0",))]
    lines = []
    for converter, usual in USUAL_CONVERTERS.items():
        names = sorted(name for name in checked if name.startswith(f"{converter}."))
        if names and not str(config.get(converter) or "").strip():
            lines.append(
                f"{', '.join(names)} has no effect: Kafka Connect reads {converter}.* only from a connector that names "
                f"{converter}; add {converter}={usual}"
            )
    for name in checked:
        needed, default = NEEDED.get(name, ("", ""))
        if not needed or str(config[name]).strip().lower() == default:
            continue
        if str(config.get(needed) or "").strip().lower() in ("", "0", "false"):
            lines.append(f"{name} has no effect without {needed}; set {needed}, or remove {name}")
    return lines


def meant(name: str, known: Iterable[str]) -> list[str]:
    """Names that someone who wrote `name` may have had in mind, the likeliest first, at most three."""
    scored = []
    for candidate in known:
        ratio = difflib.SequenceMatcher(None, name, candidate).ratio()
        holds = candidate.startswith(f"{name}.") or candidate.endswith(f".{name}")
        if ratio >= 0.7 or holds:
            scored.append((-ratio, candidate, holds))
    best = min(scored, default=(0.0,))[0]
    return [candidate for ratio, candidate, holds in sorted(scored) if holds or ratio <= best + 0.1][:MOST_MEANT]


def say_unknown(unknown: Mapping[str, Sequence[str]], plugin: str) -> str:
    """One line on what `unknown_options` found.

    Args:
        unknown: its answer.
        plugin: the connector's class, for the line.
    """
    return "; ".join(
        f"{name} is no option of {plugin}" + (f", did you mean {' or '.join(close)}?" if close else "")
        for name, close in unknown.items()
    )


def _listed(value: object) -> list[str]:
    return [part.strip() for part in str(value or "").split(",") if part.strip()]
