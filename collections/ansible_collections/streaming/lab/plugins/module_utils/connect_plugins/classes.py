"""Which connectors the jars of a plugin hold, told without a JVM.

A plugin says so in ``META-INF/services`` (what ``plugin.discovery=service_load`` reads, KIP-898). Older ones say
nothing: then the class files are read for those that extend Connect's base classes (JVM specification, chapter 4).
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError

SERVICES = (
    "META-INF/services/org.apache.kafka.connect.source.SourceConnector",
    "META-INF/services/org.apache.kafka.connect.sink.SinkConnector",
)
BASES = {"org/apache/kafka/connect/source/SourceConnector", "org/apache/kafka/connect/sink/SinkConnector"}
# What zipfile raises of a jar that is damaged, locked by a password or packed in a way it does not know; _header too.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, struct.error, KeyError, IndexError)
_ABSTRACT_OR_INTERFACE = 0x0600
# Bytes that follow the tag of each kind of constant; Utf8 (1) has a length of its own.
_SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}


@dataclass(frozen=True, order=True)
class Connector:
    """A connector class: its name, the jar that holds it, that jar's version, and whether a manifest names it."""

    name: str
    jar: str
    version: str
    listed: bool

    def as_dict(self) -> dict[str, Any]:
        """The connector as the index of the artifacts has it."""
        return asdict(self)


def jar_version(name: str) -> str:
    """Version in a jar's file name (``kafka-connect-jdbc-10.9.7.jar``), or an empty string."""
    match = re.search(r"-(\d[\w.]*?(?:[.-](?:Final|RC\d+|SNAPSHOT))?)(?:-[a-z][a-z-]*)?\.jar$", name)
    return match[1] if match else ""


def in_jar(handle: IO[bytes], path: str) -> list[Connector]:
    """Connectors of one jar.

    Args:
        handle: the jar, open for reading at any place.
        path: its path in the plugin, for the answer and for messages.
    Raises:
        ArtifactError: it is no jar.
    """
    found: dict[str, bool] = {}
    try:
        with zipfile.ZipFile(handle) as jar:
            names = set(jar.namelist())
            for service in SERVICES:
                if service in names:
                    found.update(dict.fromkeys(_lines(jar.read(service)), True))
            if not found:
                found.update(dict.fromkeys(_extending(jar, names), False))
    except _UNREADABLE as error:
        raise ArtifactError(f"{path} is not a jar: {error}; download its plugin again") from None
    return [Connector(name, path, jar_version(Path(path).name), listed) for name, listed in sorted(found.items())]


def in_folder(folder: Path) -> list[Connector]:
    """Connectors of every jar below a folder (or of one jar); files that are no jar are passed over, as Connect does.

    Links are followed: call it with the rights of the folder's owner. What is not a regular file, or cannot be read, is
    passed over, so that a FIFO does not stop the caller.
    """
    found: list[Connector] = []
    for path in [folder] if folder.is_file() else sorted(folder.rglob("*.jar")):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            continue
        with os.fdopen(handle, "rb") as jar:
            if stat.S_ISREG(os.fstat(handle).st_mode):
                with contextlib.suppress(ArtifactError):
                    found += in_jar(jar, path.name if path == folder else str(path.relative_to(folder)))
    return found


def in_tar(archive: str) -> list[Connector]:
    """Connectors of every jar in a product's (uncompressed) tar.

    Raises:
        ArtifactError: one of the jars is none.
    """
    found: list[Connector] = []
    with tarfile.open(archive, "r:") as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.isfile() and member.name.endswith(".jar") else None
            if stream is not None:
                found += in_jar(stream, member.name)
    return found


def twice(connectors: Iterable[tuple[str, Connector]]) -> list[str]:
    """Connector classes that are there more than once, a sentence each; Connect would take any of them.

    Args:
        connectors: each with the place it lies in, its folder for instance.
    """
    places: dict[str, list[str]] = {}
    for place, connector in connectors:
        where = f"{connector.version or 'a version'} in {Path(place, connector.jar)}"
        if where not in places.setdefault(connector.name, []):
            places[connector.name].append(where)
    return [
        f"{name} is there {len(found)} times ({', '.join(sorted(found))}): keep one"
        for name, found in sorted(places.items())
        if len(found) > 1
    ]


def _lines(text: bytes) -> list[str]:
    """Class names of a services file (java.util.ServiceLoader): comments and blanks taken off."""
    lines = (line.partition("#")[0].strip() for line in text.decode("utf-8", "replace").splitlines())
    return [line for line in lines if line]


def _extending(jar: zipfile.ZipFile, names: set[str]) -> list[str]:
    """Classes of a jar that extend Connect's base classes, over any number of steps, and can be made."""
    classes = {name: jar.read(name) for name in sorted(names) if name.endswith(".class") and "META-INF/" not in name}
    bases, found = set(BASES), set()
    left = set(classes)
    while True:
        # A class that extends another holds its name; looking for bytes is much faster than reading the class.
        wanted = [base.encode() for base in bases]
        step: set[str] = set()
        for name in [name for name in left if any(base in classes[name] for base in wanted)]:
            this, above, flags = _header(classes[name])
            if above in bases:
                left.discard(name)
                step.add(this)
                if not flags & _ABSTRACT_OR_INTERFACE:
                    found.add(this.replace("/", "."))
        if not step:
            return sorted(found)
        bases |= step


def _header(data: bytes) -> tuple[str, str, int]:
    """Name, super class and access flags of a class file."""
    count, place, number = struct.unpack_from(">H", data, 8)[0], 10, 1
    texts: dict[int, str] = {}
    classes: dict[int, int] = {}
    while number < count:
        tag = data[place]
        if tag == 1:
            length = struct.unpack_from(">H", data, place + 1)[0]
            texts[number] = data[place + 3 : place + 3 + length].decode("utf-8", "replace")
            place += 3 + length
        else:
            if tag == 7:
                classes[number] = struct.unpack_from(">H", data, place + 1)[0]
            place += 1 + _SIZES[tag]
        # Long and Double take two numbers.
        number += 2 if tag in (5, 6) else 1
    flags, this, above = struct.unpack_from(">HHH", data, place)
    return texts[classes[this]], texts[classes[above]] if above else "", flags
