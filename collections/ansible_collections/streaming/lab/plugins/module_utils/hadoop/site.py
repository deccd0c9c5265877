"""Edit a Hadoop configuration file (core-site.xml, hdfs-site.xml) in place: only the values asked for change.

The file may be someone else's, so it is never parsed and written again: expat tells at which byte each value
stands, and those bytes are replaced. Comments, order, indentation, line ends, encoding and all other properties stay.

Of several properties with one name the last counts, unless an earlier one is final (Configuration, Hadoop 3.4.1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from ansible_collections.streaming.lab.plugins.module_utils.hadoop.xml import (
    Property,
    Site,
    SiteError,
    parse,
    parse_text,
    recode,
    tag_end,
)

# How deep files may include each other.
MOST_INCLUDES = 10


@dataclass
class Effective:
    """The property that counts for a name; `source` is the included file it stands in, None for the file itself."""

    item: Property
    source: Path | None


def effective(site: Site, name: str, folder: Path | None = None) -> Effective | None:
    """The property that Hadoop heeds for a name, or None.

    Args:
        site: a parsed file.
        name: of the property.
        folder: where includes are looked for; None leaves them out.
    Raises SiteError when a file that Hadoop needs cannot be read.
    """
    found = [entry for entry in flattened(site, folder) if entry.item.name == name]
    finals = [entry for entry in found if entry.item.final]
    chosen = finals[:1] or found[-1:]
    return chosen[0] if chosen else None


def flattened(site: Site, folder: Path | None, source: Path | None = None, depth: int = 0) -> list[Effective]:
    """All properties in the order in which Hadoop reads them, with those of included files.

    Parameters: see effective; source, the file that `site` is, if it is an included one; depth, of inclusion.
    """
    found: list[Effective] = []
    for entry in site.entries:
        if isinstance(entry, Property):
            found.append(Effective(entry, source))
            continue
        path = _included(entry.href, folder)
        if path is None:
            continue
        if path.is_file() and depth < MOST_INCLUDES:
            try:
                inner = parse(path.read_bytes())
            except (OSError, SiteError) as error:
                raise SiteError(f"it includes {path}, which cannot be read: {error}") from error
            found += flattened(inner, path.parent, path, depth + 1)
        elif path.is_file():
            raise SiteError(f"it includes {path} in a circle")
        elif entry.fallback:
            found += [Effective(item, path) for item in entry.fallback]
        else:
            raise SiteError(f"it includes {entry.href}, which is missing ({path}); Hadoop cannot start without it")
    return found


def _included(href: str, folder: Path | None) -> Path | None:
    """The file that an include means; None where it is elsewhere (http) or folders are not looked at."""
    parts = urlsplit(href)
    if folder is None or parts.scheme not in ("", "file"):
        return None
    return folder / (unquote(parts.path) if parts.scheme else href)


def _encoded(text: str) -> bytes:
    """Text of an element, in ASCII: the same bytes in every encoding that XML files are seen in."""
    return escape(text).encode("ascii", "xmlcharrefreplace")


def _replaced(data: bytes, item: Property, value: str) -> bytes:
    """The file with one property's value changed."""
    if item.attributes:
        end = tag_end(data, item.start)
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
    """The file with one more property after the last one or the last include, indented as the last property is."""
    newline = b"\r\n" if data.count(b"\r\n") * 2 > data.count(b"\n") else b"\n"
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
    if site.entries:
        end = site.entries[-1].end
        # A comment behind it in its line is its own.
        comment = re.compile(rb"[ \t]*(?:<!--[^\n]*?-->[ \t]*)*(?=\r?\n)").match(data, end)
        end = comment.end() if comment else end
        return data[:end] + newline + block + data[end:]
    if not data.startswith(b"</", site.root_end):
        end = tag_end(data, site.root_start)
        opening = data[: data.rindex(b"/", site.root_start, end)].rstrip() + b">"
        return newline.join([opening, block, b"</configuration>"]) + data[end:]
    before = data[: site.root_end]
    gap = b"" if before.endswith(b"\n") else newline
    return before + gap + block + newline + data[site.root_end :]


def _removed(data: bytes, item: Property) -> bytes:
    """The file without one property, and without the blanks and the line end before it."""
    start = item.start - len(_indent(data, item.start))
    for newline in (b"\r\n", b"\n"):
        if data[:start].endswith(newline):
            start -= len(newline)
            break
    return data[:start] + data[item.end :]


def text_of(value: Any) -> str:
    """A value as Hadoop writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def values_of(data: bytes, folder: Path | None = None) -> dict[str, str]:
    """Every property's effective value by name.

    Parameters: data, the file's bytes; folder, where includes are looked for.
    Raises SiteError when it cannot be read.
    """
    site = parse(data)
    names = {entry.item.name for entry in flattened(site, folder)}
    return {name: found.item.value.strip() for name in sorted(names) if (found := effective(site, name, folder))}


def edit(data: bytes, wanted: Mapping[str, Any], folder: Path | None = None) -> bytes:
    """Give properties the values wanted and leave everything else as it is.

    Args:
        data: the file's bytes.
        wanted: values by property name; a bool is written true or false, None takes out the one that counts, if it
            stands in the file itself.
        folder: where includes are looked for.
    Returns the new bytes: `data` itself when every value is there already (blanks around one do not count).
    Raises SiteError when the file cannot be edited.
    """
    text, codec, mark = recode(data)
    before = text
    for name, value in wanted.items():
        text = _set(text, name, None if value is None else text_of(value), folder)
    if text == before:
        return data
    return mark + text.decode().encode(codec)


def _set(data: bytes, name: str, value: str | None, folder: Path | None) -> bytes:
    """The text of a file in UTF-8 with one property set, or taken out."""
    site = parse_text(data)
    found = effective(site, name, folder)
    if value is None:
        return _removed(data, found.item) if found is not None and found.source is None else data
    if found is not None and found.item.value.strip() == value:
        return data
    if found is not None and found.source is not None and found.item.final:
        raise SiteError(f"property {name} is final in {found.source}, which it includes; set it to {value} there")
    # A property behind the include overrides the included file.
    if found is not None and found.source is None:
        data = _replaced(data, found.item, value)
    else:
        data = _added(data, site, name, value)
    again = effective(parse_text(data), name, folder)
    if again is None or again.item.value.strip() != value:
        raise SiteError(f"property {name} could not be set")
    return data
