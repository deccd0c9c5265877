"""Read a Hadoop configuration file (core-site.xml, hdfs-site.xml), and set properties in it that can be undone.

The file may be someone else's: the lab's properties stand in a marked block before its end, and no other byte changes.
Of several properties with one name the last counts, unless an earlier one is final (Configuration, Hadoop 3.4.1).
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

BLOCK = re.compile(r"<!-- BEGIN streaming-lab (\d+): .*?<!-- END streaming-lab(?: of (an empty file))? -->", re.DOTALL)
"""The lab's block, with the time of the change in seconds since 1970.

An empty file had `<configuration/>`, which the undo writes again.
"""

END_OF_FILE = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|(</configuration\s*>|<configuration\b[^>]*/>)", re.DOTALL)
CLOSING = "</configuration>"
MOST_INCLUDES = 10
"""How deep files may include each other."""


class SiteError(ValueError):
    """Why a file cannot be read or edited, in one line."""


@dataclass(frozen=True)
class Property:
    """A property that counts; `source` is the included file that it stands in, None for the file itself."""

    value: str
    final: bool
    source: Path | None


def decode(data: bytes) -> tuple[str, str, bytes]:
    """Decode a file's bytes.

    Returns:
        its text, the name of its encoding, and its byte order mark.
    Raises:
        SiteError: it is not in the encoding that it names.
    """
    marks = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
    mark = next((mark for mark in marks if data.startswith(mark)), b"")
    declared = re.match(rb"<\?xml[^>]*?\sencoding\s*=\s*[\"']([A-Za-z0-9._-]+)", data)
    codec = marks[mark] if mark else declared[1].decode() if declared else "utf-8"
    try:
        text = data[len(mark) :].decode(codec)
    except (LookupError, UnicodeError) as error:
        raise SiteError(f"it is not written in the encoding {codec} that it names; save it as UTF-8") from error
    if text.encode(codec) != data[len(mark) :]:
        raise SiteError(f"its encoding {codec} cannot be written back unchanged; save it as UTF-8")
    return text, codec, mark


def effective(text: str, folder: Path | None, source: Path | None = None, depth: int = 0) -> dict[str, Property]:
    """The properties that Hadoop heeds, by name, with those of included files.

    Args:
        text: of the file.
        folder: where includes are looked for; None leaves them out.
        source: the included file that the text is from.
        depth: of inclusion.
    Raises:
        SiteError: it is not well-formed XML or no Hadoop configuration, or an included file cannot be read.
    """
    try:
        root = ElementTree.fromstring(text.encode(), ElementTree.XMLParser(encoding="utf-8"))  # noqa: S314 - needs no DTD
    except ElementTree.ParseError as error:
        reason = str(error).partition(":")[0]
        raise SiteError(f"not well-formed XML: {reason} in line {error.position[0]}") from error
    if _tag(root) != "configuration":
        raise SiteError(f"its root element is <{_tag(root)}>, not <configuration>")
    found: dict[str, Property] = {}
    for element in root:
        if _tag(element) == "property":
            _add(found, *_property(element, source))
        elif _tag(element) == "include":
            for name, item in _included(element, folder, depth).items():
                _add(found, name, item)
    return found


def _tag(element: ElementTree.Element) -> str:
    # The function of a comment is its tag.
    return element.tag.rpartition("}")[2].rpartition(":")[2] if isinstance(element.tag, str) else ""


def _property(element: ElementTree.Element, source: Path | None) -> tuple[str, Property]:
    """Name and value, as elements inside or as attributes."""
    found = {**element.attrib, **{_tag(child): "".join(child.itertext()) for child in element}}
    final = found.get("final", "").strip() == "true"
    return found.get("name", "").strip(), Property(found.get("value", "").strip(), final, source)


def _add(found: dict[str, Property], name: str, item: Property) -> None:
    if name not in found or not found[name].final:
        found[name] = item


def _included(element: ElementTree.Element, folder: Path | None, depth: int) -> dict[str, Property]:
    """Properties of an included file, or of the include's fallback where the file is missing."""
    href = element.get("href", "")
    parts = urlsplit(href)
    if folder is None or parts.scheme not in ("", "file"):
        return {}
    path = folder / (unquote(parts.path) if parts.scheme else href)
    if path.is_file() and depth >= MOST_INCLUDES:
        raise SiteError(f"it includes {path} in a circle")
    if path.is_file():
        try:
            return effective(decode(path.read_bytes())[0], path.parent, path, depth + 1)
        except OSError as error:
            raise SiteError(f"it includes {path}, which cannot be read: {error.strerror}") from error
        except SiteError as error:
            known = "in a circle" in str(error)
            raise error if known else SiteError(f"it includes {path}, which cannot be read: {error}") from error
    fallback = [item for below in element if _tag(below) == "fallback" for item in below if _tag(item) == "property"]
    if not fallback:
        raise SiteError(f"it includes {href}, which is missing ({path}); Hadoop cannot start without it")
    return dict(_property(item, path) for item in fallback)


def text_of(value: Any) -> str:
    """A value as Hadoop writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def values_of(data: bytes, folder: Path | None = None, own: bool = False) -> dict[str, str]:
    """Every property's effective value by name.

    Args:
        data: the file's bytes.
        folder: where includes are looked for; None leaves them out.
        own: without the lab's block.
    Raises:
        SiteError: the file cannot be read.
    """
    text = decode(data)[0]
    found = effective(without_block(text)[0] if own else text, folder)
    return {name: found[name].value for name in sorted(found)}


def without_block(text: str) -> tuple[str, int]:
    """The text without the lab's block, and when the block was written (seconds since 1970; 0: there is none)."""
    block = BLOCK.search(text)
    if not block:
        return text, 0
    before, after = text[: block.start()], text[block.end() :]
    if block[2] and before.endswith(">") and after.startswith(CLOSING):
        before, after = f"{before[:-1]}/>", after.removeprefix(CLOSING)
    if before.endswith("\n"):
        after = after.removeprefix("\r").removeprefix("\n")
    return before + after, int(block[1])


def with_block(text: str, properties: Mapping[str, str], written: int) -> str:
    """The text with the lab's block before the end of its root element.

    Args:
        text: without a block.
        properties: values by name.
        written: time of the change, in seconds since 1970.
    Raises:
        SiteError: the end is not found.
    """
    ends = [match for match in END_OF_FILE.finditer(text) if match[1]]
    if not ends:
        raise SiteError("its root element has a prefix; write <configuration> without one")
    end, empty = ends[-1], not ends[-1][1].startswith("</")
    if empty:
        head, tail = f"{text[: end.end() - 2]}>", f"{CLOSING}{text[end.end() :]}"
    else:
        head, tail = text[: end.start()], text[end.start() :]
    indent = head[head.rfind("\n") + 1 :]
    newline = ("\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n") if not indent.strip() else ""
    if newline:
        head, tail = head[: len(head) - len(indent)], indent + tail
    lines = [f"<!-- BEGIN streaming-lab {written}: these properties override those above -->"]
    for name, value in properties.items():
        lines.append(f"  <property><name>{_escaped(name)}</name><value>{_escaped(value)}</value></property>")
    lines.append(f"<!-- END streaming-lab{' of an empty file' if empty else ''} -->")
    return head + "".join(line + newline for line in lines) + tail


def _escaped(text: str) -> str:
    """Text of an element in ASCII, which every encoding of XML files has."""
    return escape(text).encode("ascii", "xmlcharrefreplace").decode()


def edit(data: bytes, wanted: Mapping[str, Any], folder: Path | None, now: int) -> bytes:
    """Give properties the values wanted and leave everything else as it is.

    A block stays when it becomes empty, because its time says when the properties last changed.

    Args:
        data: the file's bytes.
        wanted: values by property name.
        folder: where includes are looked for.
        now: seconds since 1970.
    Returns:
        the new bytes; `data` itself where every value is right already.
    Raises:
        SiteError: the file cannot be edited.
    """
    text, codec, mark = decode(data)
    plain, written = without_block(text)
    own = effective(plain, folder)
    right = {name for name, value in wanted.items() if name in own and _equal(own[name].value, value)}
    block = {name: text_of(value) for name, value in wanted.items() if name not in right}
    for name in block:
        if name in own and own[name].final:
            where = own[name].source or "the file"
            raise SiteError(f"property {name} is final in {where} ({own[name].value}); set it to {block[name]} there")
    if not (written or block) or with_block(plain, block, written) == text:
        return data
    return mark + with_block(plain, block, now).encode(codec)


def take_out(data: bytes) -> bytes:
    """The file's bytes without the lab's block.

    Raises:
        SiteError: the file cannot be read.
    """
    text, codec, mark = decode(data)
    return mark + without_block(text)[0].encode(codec)


def _equal(value: str, wanted: Any) -> bool:
    """Whether a value is the wanted one for Hadoop, which reads true and false in either case."""
    return value == text_of(wanted) or (isinstance(wanted, bool) and value.lower() == text_of(wanted))


def replace(path: Path, data: bytes) -> None:
    """Replace a file by a rename; owner, mode and extended attributes (access lists, labels) stay.

    Raises:
        SiteError: that is not possible; the file is as it was.
    """
    about, new = path.stat(), None
    try:
        handle, new = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchown(handle, about.st_uid, about.st_gid)
            os.fchmod(handle, stat.S_IMODE(about.st_mode))
            for name in os.listxattr(path):
                with contextlib.suppress(OSError):
                    os.setxattr(handle, name, os.getxattr(path, name))
        Path(new).replace(path)
    except OSError as error:
        if new:
            Path(new).unlink(missing_ok=True)
        raise SiteError(f"cannot write {path}: {error.strerror}") from error
