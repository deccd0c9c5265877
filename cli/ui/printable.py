"""Text that comes from elsewhere, as it may be printed: a host's journal, a connector's trace, the name of a unit."""

from __future__ import annotations

import unicodedata

KEPT = frozenset("\n\t")


def printable(text: str) -> str:
    r"""Replace what a terminal would obey or hide instead of showing it.

    Returns:
        the text with line ends and tabs as they are, other blanks as a space, and each control or format character
        (escape sequences, changes of the writing direction, lone surrogates) as its escape, such as `\x1b`.
    """
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character.isprintable() or character in KEPT:
        return character
    if unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode("ascii")
