"""What of a connector's configuration may be shown: secrets masked, references to them as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

MASK = "********"
# ${provider:[path:]key}, which the worker resolves and no configuration holds; a value of nothing else is no secret.
REFERENCE = re.compile(r"\s*\$\{[^{}:]+:[^{}]+\}\s*")
LIKELY = re.compile(
    r"passw(or)?d|passphrase|secret|token|credential|api[._-]?key|private[._-]?key|access[._-]?key|jaas\.config"
    r"|basic\.auth\.user\.info|pwd|authorization|keystore\.key$",
    re.IGNORECASE,
)
IN_A_URL = re.compile(
    r"(?i)(?P<before>(?:password|passwd|pwd|secret|token)=|(?<=://)[^/@\s:]+:(?=[^/@\s]+@))"
    r"(?P<secret>(?<==)[^&;\s]+|(?<=:)[^/@\s]+(?=@))"
)
NO_SECRET = re.compile(r"\.(enable|enabled|type|mode|class|file|location|path|topic|interval\.ms)$")


def passwords_of(definitions: Iterable[Mapping]) -> set[str]:
    """Options of the type PASSWORD.

    Args:
        definitions: as `connector_config.defined_names` takes them.
    """
    found = ((entry.get("definition") or entry) for entry in definitions)
    return {str(entry["name"]) for entry in found if entry.get("type") == "PASSWORD"}


def is_secret(name: str, value: object, passwords: Iterable[str] = ()) -> bool:
    """Whether a value is not to be shown.

    Args:
        name: of the option.
        value: its value; a reference to a secret is none itself.
        passwords: options that the plugin defines as such.
    """
    if not str(value or "").strip() or REFERENCE.fullmatch(str(value)):
        return False
    return name in passwords or bool(LIKELY.search(name) and not NO_SECRET.search(name))


def masked(config: Mapping[str, str], passwords: Iterable[str] = ()) -> dict[str, str]:
    """A configuration that may be shown."""
    return {
        name: MASK if is_secret(name, value, passwords) else masked_text(str(value)) for name, value in config.items()
    }


def masked_text(text: str, secrets: Iterable[str] = ()) -> str:
    """A text without the passwords of addresses in it, such as a trace that names a database.

    Args:
        text: in one line.
        secrets: what else it must not hold; see `secrets_of`.
    """
    # The longest first: one may be a part of another. A text in one line has one's lines joined.
    for secret in sorted({" ".join(secret.split()) for secret in secrets}, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return IN_A_URL.sub(_without, text)


def secrets_of(config: Mapping[str, str], passwords: Iterable[str] = ()) -> set[str]:
    """The values themselves that nothing may print; of an address the password in it."""
    found = set()
    for name, value in config.items():
        if is_secret(name, value, passwords):
            found.add(str(value))
        else:
            inside = (match["secret"] for match in IN_A_URL.finditer(str(value)))
            found.update(secret for secret in inside if not REFERENCE.fullmatch(secret))
    return found


def _without(found: re.Match) -> str:
    return found[0] if REFERENCE.fullmatch(found["secret"]) else f"{found['before']}{MASK}"
