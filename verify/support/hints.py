"""Command lines that verification suggests: for the lab that is verified, quoted for the shell."""

from __future__ import annotations

import os


def command(name: str, *words: str) -> str:
    """Return the line that runs a command of ./lab on this lab; cli.engine.ansible gives its options by environment."""
    program, options = os.environ.get("LAB_PROGRAM", "./lab"), os.environ.get("LAB_OPTIONS", "")
    return " ".join(filter(None, [program, name, options, *words]))
