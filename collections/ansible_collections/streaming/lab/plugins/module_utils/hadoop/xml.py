"""Where the properties of a Hadoop configuration file stand in it, byte by byte.

A property means what org.apache.hadoop.conf.Configuration (3.4.1) reads in it: a child of <configuration>, with <name>
and <value> inside or as attributes. An <include href="..."> stands for the properties of that file, and for those of
its <fallback> where it is missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers import expat


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
class Include:
    """One <include>: at which bytes it begins and ends, where it leads, and the properties of its <fallback>."""

    start: int
    href: str
    fallback: list[Property] = field(default_factory=list)
    end: int = 0


@dataclass
class Site:
    """A file's properties and includes, in order, and where its root element begins and ends."""

    entries: list[Property | Include] = field(default_factory=list)
    root_start: int = -1
    root_end: int = -1

    @property
    def properties(self) -> list[Property]:
        """The properties that stand in the file itself."""
        return [entry for entry in self.entries if isinstance(entry, Property)]


def recode(data: bytes) -> tuple[bytes, str, bytes]:
    """A file's text in UTF-8, with what is needed to write it back as it was.

    Parameters: data, the file's bytes.
    Returns the text in UTF-8 without a byte order mark, the name of the file's encoding, and its byte order mark.
    Raises SiteError when the file is not in the encoding that it names.
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
    return text.encode(), codec, mark


# Where a property counts: in the root, and in the fallback of an include.
PLACES = (["configuration"], ["configuration", "include", "fallback"])


def tag_end(data: bytes, start: int) -> int:
    """Offset after the tag that begins at `start`; a > inside quotes does not end it."""
    match = re.compile(rb"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>").match(data, start)
    if match is None:
        raise SiteError("not well-formed: a tag does not end")
    return match.end()


def parse(data: bytes) -> Site:
    """Find the properties of a configuration file.

    Parameters: data, the file's bytes; offsets are those of its text in UTF-8 without a byte order mark.
    Raises SiteError when it is not well-formed XML, or is no Hadoop configuration.
    """
    return parse_text(recode(data)[0])


def parse_text(data: bytes) -> Site:
    """Find the properties in a file's text in UTF-8; see parse."""
    site = Site()
    path: list[str] = []
    texts: list[str] = []
    now: list[Property] = []
    parser = expat.ParserCreate("utf-8")

    def in_property() -> bool:
        return path[-2:-1] == ["property"] and bool(now)

    def element_end(start: int, here: int) -> int:
        # An end tag ends with the next >; an element without content ends where its one tag does.
        return data.index(b">", here) + 1 if data.startswith(b"</", here) else tag_end(data, start)

    def start_element(tag: str, attributes: dict[str, str]) -> None:
        here = parser.CurrentByteIndex
        if not path:
            if tag != "configuration":
                raise SiteError(f"its root element is <{tag}>, not <configuration>")
            site.root_start = here
        tag = tag.rpartition(":")[2]
        path.append(tag)
        texts.append("")
        if path == ["configuration", "include"]:
            site.entries.append(Include(here, attributes.get("href", "")))
        elif tag == "property" and path[:-1] in PLACES:
            item = Property(here, name=attributes.get("name", "").strip(), value=attributes.get("value", ""))
            item.attributes = "value" in attributes
            item.final = attributes.get("final", "").strip() == "true"
            now.append(item)
            last = site.entries[-1] if len(path) > 2 else None
            (last.fallback if isinstance(last, Include) else site.entries).append(item)
        elif tag == "value" and in_property():
            end = tag_end(data, here)
            item = now[-1]
            item.empty_value = data[end - 2 : end - 1] == b"/"
            item.value_start = here if item.empty_value else end
            item.value_end = end

    def end_element(tag: str) -> None:
        here = parser.CurrentByteIndex
        text = texts.pop()
        tag = tag.rpartition(":")[2]
        if in_property():
            item = now[-1]
            if tag == "name":
                item.name = text.strip()
            elif tag == "value":
                item.value, item.attributes = text, False
                if not item.empty_value:
                    item.value_end = here
            elif tag == "final":
                item.final = text.strip() == "true"
        elif tag == "property" and path[:-1] in PLACES:
            item = now.pop()
            item.end = element_end(item.start, here)
        elif path == ["configuration", "include"] and isinstance(site.entries[-1], Include):
            site.entries[-1].end = element_end(site.entries[-1].start, here)
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
