"""Kinds of settings: what the server or tool that reads a value accepts. Every check of a value is here.

A role's `meta/checks.yml` gives each of its settings a kind. A kind is a function of this module: it takes the value
and the limits that checks.yml gives, and returns why the value cannot be, or an empty text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.streaming.lab.plugins.module_utils.settings import names as setting_names

CONTROL, each = setting_names.CONTROL, setting_names.each
host, hosts = setting_names.host, setting_names.hosts
user, system_user = setting_names.user, setting_names.system_user
database, tables = setting_names.database, setting_names.tables
password, secrets = setting_names.password, setting_names.secrets
packages, units = setting_names.packages, setting_names.units

UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
SYSTEM_FOLDERS = frozenset(
    {"/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys",
     "/tmp", "/usr", "/var", "/var/lib"}  # noqa: S108 - a name to refuse
)  # fmt: skip


def heap(value: Any, least: str = "2m", most: str = "1024g") -> str:
    """Size of a Java heap (java(1), -Xmx)."""
    return _size(value, r"([1-9]\d*)([kmg]?)", "a Java heap", "512m or 2g", least, most)


def mysql_size(value: Any, least: str = "0", most: str = "1024g") -> str:
    """Size in MySQL's option files, which know K, M and G and no unit with B."""
    return _size(value, r"(\d+)([kmg]?)", "a size of MySQL", "64M or 1G", least, most)


def memory_limit(value: Any, least: str = "16m") -> str:
    """MemoryMax= of systemd.resource-control(5)."""
    if str(value) == "infinity" or re.fullmatch(r"(100|[1-9]?\d)%", str(value)):
        return ""
    return _size(value, r"(\d+)([kmgt]?)", "a limit of systemd", "512M, 2G or infinity", least, "1024t")


def bytes_of(text: str) -> int:
    """Bytes of a number with a unit, such as 512m.

    Args:
        text: a number and k, m, g, t (of 1024) or nothing, in either case.
    """
    return int(text.rstrip("kKmMgGtT")) * UNITS[text.lstrip("0123456789").lower()]


def _size(value: Any, pattern: str, what: str, such_as: str, least: str, most: str) -> str:
    text = str(value)
    if not re.fullmatch(pattern, text, re.IGNORECASE):
        return f"{what} is written like {such_as}"
    if bytes_of(text) < bytes_of(least):
        return f"the server needs at least {least}"
    return f"more than {most} cannot be meant" if bytes_of(text) > bytes_of(most) else ""


def port(value: Any) -> str:
    """A TCP port that a server of an ordinary user can have."""
    if not 1 <= int(value) <= 65535:
        return "a port is a number between 1 and 65535"
    return "the servers do not run as root, who alone can listen below 1024" if int(value) < 1024 else ""


def number(value: Any, least: int = 0, most: int = 2**31 - 1) -> str:
    """A whole number within limits."""
    return "" if least <= int(value) <= most else f"it must be between {least} and {most}"


def retention(value: Any) -> str:
    """How long records are kept: -1 for ever; the broker refuses 0 (log.retention.ms)."""
    return "" if int(value) == -1 or int(value) >= 1 else "it must be 1 or more, or -1 for no limit"


def uid(value: Any) -> str:
    """An id of a user or a group: root's is not allowed, and those from 60000 on belong to the system."""
    return number(value, 1, 59999)


def server_path(value: Any) -> str:
    """A path on a host, as units, property files and shell lines can hold it without quotes."""
    text = str(value)
    if not re.fullmatch(r"(/[A-Za-z0-9._+@-]+)+/?", text) or {"..", "."} & set(text.split("/")):
        return "it must be an absolute path of letters, digits and . _ + @ -"
    return f"{text} belongs to the system; name a folder in it" if text.rstrip("/") in SYSTEM_FOLDERS else ""


def server_paths(value: Sequence[Any]) -> str:
    """Paths on a host."""
    return each(value, server_path)


def local_path(value: Any) -> str:
    """A path on the control machine."""
    text = str(value)
    if CONTROL.search(text) or not text.startswith(("/", "~")):
        return "it must be an absolute path on this machine (or begin with ~)"
    return ""


def local_file(value: Any) -> str:
    """A file on the control machine that a role reads."""
    return local_path(value) or ("" if Path(str(value)).expanduser().is_file() else "this machine has no such file")


def local_files(value: Sequence[Any]) -> str:
    """Files on the control machine that a role reads."""
    return each(value, local_file)


def hdfs_path(value: Any) -> str:
    """A folder of HDFS that names of files, URLs and shell lines can hold as it is."""
    text = str(value)
    if not re.fullmatch(r"(/[A-Za-z0-9._+@=-]+)+/?", text) or {"..", "."} & set(text.split("/")):
        return "it must be an absolute path of HDFS, of letters, digits and . _ + @ = -"
    return ""


def bind_addresses(value: Any) -> str:
    """Where a server listens: addresses or names, separated by commas; * for all."""
    return each([part.strip() for part in str(value).split(",")], lambda part: "" if part == "*" else host(part))


def hdfs_paths(value: Sequence[Any]) -> str:
    """Folders of HDFS."""
    return each(value, hdfs_path)


def addresses(value: Any) -> str:
    """HOST:PORT, several separated by commas."""
    return each(str(value).split(","), _host_and_port)


def zookeeper_addresses(value: Any) -> str:
    """ZooKeeper's connection string: HOST:PORT, several separated by commas, and perhaps a path after the last one."""
    listed, slash, path = str(value).partition("/")
    if slash and not re.fullmatch(r"[A-Za-z0-9._/-]+", path):
        return f"/{path} is no path of ZooKeeper"
    return addresses(listed)


def _host_and_port(text: str) -> str:
    name, _, number_text = text.strip().rpartition(":")
    bare = name[1:-1] if name.startswith("[") and name.endswith("]") else name
    if not bare or not number_text.isdigit() or not 1 <= int(number_text) <= 65535:
        return f"{text!r} is not HOST:PORT"
    return host(bare)


def urls(value: Any) -> str:
    """http:// or https:// URLs, separated by commas."""
    return each(str(value).split(","), url)


def url(value: Any) -> str:
    """A URL with a scheme of http and a host."""
    text = str(value).strip()
    try:
        parts = urlsplit(text)
        wrong = parts.scheme not in ("http", "https") or not parts.hostname or bool(re.search(r"\s", text))
        wrong = wrong or (parts.port is not None and parts.port < 1)
    except ValueError:
        wrong = True
    return f"{text!r} is not a URL such as http://host:9870" if wrong else host(parts.hostname)


def line(value: Any) -> str:
    """A text of one line that property files can hold as it is."""
    text = str(value)
    if not text or text != text.strip() or CONTROL.search(text) or "\\" in text:
        return "it must be one line, not empty, without a backslash and without blanks at its ends"
    return ""


def pattern(value: Any, matches: str = "", such_as: str = "") -> str:
    """A text of a form that checks.yml gives."""
    return "" if re.fullmatch(matches, str(value)) else f"it must be written like {such_as}"


def properties(value: Mapping[str, Any]) -> str:
    """Lines of a Java property file: a key and a value of one line (java.util.Properties)."""
    for key, text in value.items():
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", str(key)):
            return f"{key!r} is no name of a property"
        if isinstance(text, dict | list) or text is None:
            return f"{key} must have a number, a text, true or false as its value"
        if CONTROL.search(str(text)) or "\\" in str(text):
            return f"{key} must have a value of one line without a backslash"
    return ""


def names(value: Mapping[str, Any] | Sequence[Any]) -> str:
    """Names, each a line."""
    return each(list(value), line)


def authorized_keys(value: Sequence[Any]) -> str:
    """Public keys of ssh, each a line; a line end after it, as in a file or YAML's `|`, does no harm (sshd(8))."""
    return each([str(key).strip() for key in value], line)


def jvm_options(value: Any) -> str:
    """Flags of java(1), separated by blanks; sizes of the heap have settings of their own."""
    for word in str(value).split():
        if not re.fullmatch(r"--?[A-Za-z][^\s\"'`$\\;|&<>]*", word):
            return f"{word!r} is no flag of Java"
        if re.match(r"-Xm[sx]", word):
            return f"{word} belongs in the setting of the server's heap"
        if word.startswith("-XX:") and not re.fullmatch(r"-XX:([+-]\w+|\w+=\S+)", word):
            return f"{word!r} is written like -XX:+Name, -XX:-Name or -XX:Name=value"
    return ""
