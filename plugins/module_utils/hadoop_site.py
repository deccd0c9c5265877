"""Edit a Hadoop configuration file (core-site.xml, hdfs-site.xml) in place: only the values asked for change.

The file may be someone else's, so it is never parsed and written anew: expat tells at which byte each value
stands, and those bytes are replaced. Comments, order, indentation, line ends and all other properties stay.

A property means what org.apache.hadoop.conf.Configuration reads in it: a child of <configuration>, with <name>
and <value> inside or as attributes; of several with one name the last counts, unless an earlier one is final.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape


class SiteError(ValueError):
    """Why a file cannot be edited, in one line."""


@dataclass
class Property:
    """One <property>: what it says, and which bytes are its own and its value's (-1: it has none)."""

    start: int
    end: int = 0
    name: str = ""
    value: str = ""
    final: bool = False
    value_start: int = -1
    value_end: int = -1
    attributes: bool = False
    empty_value: bool = False


@dataclass
class Site:
    """A file's properties, in order, and where its root element ends."""

    properties: list[Property] = field(default_factory=list)
    root_start: int = -1
    root_end: int = -1

    def effective(self, name: str) -> Property | None:
        """The property that counts for a name, or None."""
        found = [item for item in self.properties if item.name == name]
        finals = [item for item in found if item.final]
        return (finals[:1] or found[-1:] or [None])[0]


def _tag_end(data: bytes, start: int) -> int:
    """Offset after the tag that begins at `start`; a > inside quotes does not end it."""
    match = re.compile(rb"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>").match(data, start)
    if match is None:
        raise SiteError("not well-formed: a tag does not end")
    return match.end()


def parse(data: bytes) -> Site:
    """Find the properties of a configuration file.

    Parameters: data, the file's bytes.
    Raises SiteError when it is not well-formed XML, is no Hadoop configuration, or is UTF-16.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data:
        raise SiteError("UTF-16 is not supported; save it as UTF-8")
    site = Site()
    path: list[str] = []
    texts: list[str] = []
    parser = expat.ParserCreate()

    def in_property() -> bool:
        return path[-2:-1] == ["property"] and len(path) >= 3

    def start_element(tag: str, attributes: dict[str, str]) -> None:
        here = parser.CurrentByteIndex
        if not path:
            if tag != "configuration":
                raise SiteError(f"its root element is <{tag}>, not <configuration>")
            site.root_start = here
        path.append(tag)
        texts.append("")
        if tag == "property" and path[-2:-1] == ["configuration"]:
            item = Property(here, name=attributes.get("name", "").strip(), value=attributes.get("value", ""))
            item.attributes = "value" in attributes
            item.final = attributes.get("final", "").strip() == "true"
            site.properties.append(item)
        elif tag == "value" and in_property():
            end = _tag_end(data, here)
            item = site.properties[-1]
            item.empty_value = data[end - 2 : end - 1] == b"/"
            item.value_start = here if item.empty_value else end
            item.value_end = end

    def end_element(tag: str) -> None:
        here = parser.CurrentByteIndex
        text = texts.pop()
        if site.properties and in_property():
            item = site.properties[-1]
            if tag == "name":
                item.name = text.strip()
            elif tag == "value":
                item.value, item.attributes = text, False
                if not item.empty_value:
                    item.value_end = here
            elif tag == "final":
                item.final = text.strip() == "true"
        elif tag == "property" and path[-2:-1] == ["configuration"]:
            # An end tag ends with the next >; an element without content ends where its one tag does.
            item = site.properties[-1]
            closing = data.startswith(b"</", here)
            item.end = data.index(b">", here) + 1 if closing else _tag_end(data, item.start)
        path.pop()
        if not path:
            site.root_end = here

    def characters(text: str) -> None:
        if texts:
            texts[-1] += text

    parser.StartElementHandler = start_element
    parser.EndElementHandler = end_element
    parser.CharacterDataHandler = characters
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise SiteError(f"not well-formed XML: {expat.errors.messages[error.code]} in line {error.lineno}") from error
    except (LookupError, ValueError) as error:
        if isinstance(error, SiteError):
            raise
        raise SiteError(f"cannot be read: {error}") from error
    return site


def _encoded(text: str) -> bytes:
    """Text of an element, in ASCII: the same bytes in every encoding that XML files are seen in."""
    return escape(text).encode("ascii", "xmlcharrefreplace")


def _replaced(data: bytes, item: Property, value: str) -> bytes:
    """The file with one property's value changed."""
    if item.attributes:
        end = _tag_end(data, item.start)
        quoted = escape(value, {'"': "&quot;", "'": "&apos;"}).encode("ascii", "xmlcharrefreplace")
        tag, count = re.subn(
            rb"(\svalue\s*=\s*)(\"[^\"]*\"|'[^']*')",
            lambda match: match[1] + match[2][:1] + quoted + match[2][:1],
            data[item.start : end],
            count=1,
        )
        if count != 1:
            raise SiteError(f"the attribute value of property {item.name} was not found")
        return data[: item.start] + tag + data[end:]
    new = _encoded(value)
    if item.empty_value:
        new = b"<value>" + new + b"</value>"
    if item.value_start >= 0:
        return data[: item.value_start] + new + data[item.value_end :]
    # A property without any value: it gets one before its end.
    closing = data.rindex(b"</", item.start, item.end)
    return data[:closing] + b"<value>" + new + b"</value>" + data[closing:]


def _indent(data: bytes, start: int) -> bytes:
    """The blanks before `start` in its line."""
    line = data[data.rfind(b"\n", 0, start) + 1 : start]
    return line if not line.strip() else b""


def _added(data: bytes, site: Site, name: str, value: str) -> bytes:
    """The file with one more property after the last one, indented as that one is."""
    newline = b"\r\n" if b"\r\n" in data else b"\n"
    outer, inner = b"  ", b"    "
    if site.properties:
        last = site.properties[-1]
        outer = _indent(data, last.start)
        child = re.search(rb"\n([ \t]*)<name", data[last.start : last.end])
        inner = child[1] if child else outer * 2 or b"  "
    lines = [
        outer + b"<property>",
        inner + b"<name>" + _encoded(name) + b"</name>",
        inner + b"<value>" + _encoded(value) + b"</value>",
        outer + b"</property>",
    ]
    block = newline.join(lines)
    if site.properties:
        return data[: site.properties[-1].end] + newline + block + data[site.properties[-1].end :]
    if not data.startswith(b"</", site.root_end):
        end = _tag_end(data, site.root_start)
        opening = data[: data.rindex(b"/", site.root_start, end)].rstrip() + b">"
        return newline.join([opening, block, b"</configuration>"]) + data[end:]
    before = data[: site.root_end]
    gap = b"" if before.endswith(b"\n") else newline
    return before + gap + block + newline + data[site.root_end :]


def _text(value: Any) -> str:
    """A value as Hadoop writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def edit(data: bytes, wanted: Mapping[str, Any]) -> bytes:
    """Give properties the values wanted and leave everything else as it is.

    Parameters: data, the file's bytes; wanted, values by property name (a bool is written true or false).
    Returns the new bytes: `data` itself when every value is there already (blanks around one do not count).
    Raises SiteError when the file cannot be edited.
    """
    values = {name: _text(value) for name, value in wanted.items()}
    for name, value in values.items():
        site = parse(data)
        item = site.effective(name)
        if item is None:
            data = _added(data, site, name, value)
        elif item.value.strip() != value:
            data = _replaced(data, item, value)
    site = parse(data)
    for name, value in values.items():
        item = site.effective(name)
        if item is None or item.value.strip() != value:
            raise SiteError(f"property {name} could not be set")
    return data
