"""Programs of verify/onhost, which run on a host of the lab."""

from __future__ import annotations

import base64
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "onhost"


def print_program(name: str) -> str:
    """Return the shell command that prints a program on a host.

    Args:
        name: a file of verify/onhost, such as topics.py.
    """
    return f"echo {base64.b64encode((FOLDER / name).read_bytes()).decode()} | base64 -d"
