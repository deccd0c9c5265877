"""Kinds of settings that are names: of hosts, users, databases, tables, packages, units; and passwords.

See setting_kinds: each function returns why a value cannot be, or an empty text.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

# Users of the lab's services and of the system: no student can have these names.
RESERVED_USERS = frozenset(
    {"root", "zookeeper", "kafka", "kafka-connect", "hadoop", "mysql", "bluesky-search", "nobody", "daemon", "sshd"}
)
SYSTEM_DATABASES = frozenset({"mysql", "sys", "information_schema", "performance_schema"})
HOST = re.compile(
    r"(?!.{254})([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def host(value: Any) -> str:
    """A host's name, or an address. Java's URI knows no underscore in a host, so Hadoop and Connect do not."""
    text = str(value)
    if HOST.fullmatch(text) or is_address(text):
        return ""
    return "a host's name has letters, digits and '-' only, and dots between its parts (no underscore)"


def hosts(value: Sequence[Any]) -> str:
    """Names of hosts, each once."""
    return each(value, host) or once(value)


def user(value: Any) -> str:
    """A user of Linux that is also one of MySQL and of HDFS, and no service's."""
    text = str(value)
    if text in RESERVED_USERS:
        return f"{text} is a user of the system or of the lab's services"
    return system_user(text)


def system_user(value: Any) -> str:
    """A user or group of Linux (useradd(8)); MySQL's names have 32 characters too."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}", str(value)):
        return ""
    return "a name of a user or a group begins with a letter and has at most 32 letters, digits, and _ . -"


def database(value: Any) -> str:
    """A database of MySQL that grants, URLs and Debezium's patterns can name as it is."""
    if str(value).lower() in SYSTEM_DATABASES:
        return "it is MySQL's own database"
    return _identifier(value)


def tables(value: Mapping[str, Any]) -> str:
    """Definitions of tables by name."""
    return each(list(value), _identifier) or next(
        (f"{name} has no columns" for name, columns in value.items() if not str(columns or "").strip()), ""
    )


def _identifier(value: Any) -> str:
    if re.fullmatch(r"(?!\d+$)[A-Za-z0-9_]{1,64}", str(value)):
        return ""
    return f"{str(value)!r} must be 1 to 64 letters, digits and underscores, not digits alone"


def password(value: Any) -> str:
    """A password that option files, property files and command lines hold as it is. The value is never repeated."""
    if re.fullmatch(r"[^\s\x00-\x1f\x7f\"'\\#]{1,128}", str(value)):
        return ""
    return "a password has 1 to 128 characters without blanks, quotes, backslash and #"


def secrets(value: Mapping[str, Any]) -> str:
    """Secrets by name; each becomes a file of that name."""
    return next((f"{name!r} must be letters, digits and . _ -" for name in value if not is_file_name(name)), "")


def packages(value: Sequence[Any]) -> str:
    """Names of Debian packages (Debian Policy 5.6.1), perhaps with a version."""
    return named(value, r"[a-z0-9][a-z0-9+.-]+(:[a-z0-9]+)?(=\S+)?", "a package")


def units(value: Sequence[Any]) -> str:
    """Units of systemd."""
    return named(value, r"[A-Za-z0-9:_.\\@-]{1,255}", "a unit")


def is_address(text: str) -> bool:
    """Whether a text is an IPv4 or IPv6 address."""
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def is_file_name(text: Any) -> bool:
    """Whether a text can be the name of a file, without a folder."""
    return bool(re.fullmatch(r"(?!\.\.?$)[A-Za-z0-9._-]{1,200}", str(text)))


def each(values: Sequence[Any], check: Callable[[Any], str]) -> str:
    """Why the first wrong value is wrong; empty if all are right."""
    if not values:
        return ""
    for value in values:
        if why := check(value):
            text = repr(str(value)) if CONTROL.search(str(value)) else str(value)
            return why if text in why else f"{text}: {why}"
    return ""


def named(values: Sequence[Any], pattern: str, what: str) -> str:
    """Which value is no name of its kind; empty if all are."""
    return next((f"{value!r} is no name of {what}" for value in values if not re.fullmatch(pattern, str(value))), "")


def once(values: Sequence[Any]) -> str:
    """Which values are listed twice; empty if none is."""
    twice = sorted({str(value) for value in values if list(values).count(value) > 1})
    return f"{', '.join(twice)} is listed twice" if twice else ""
