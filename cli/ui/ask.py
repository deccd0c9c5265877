"""Ask before something is thrown away."""

from __future__ import annotations

import sys

from cli.errors import LabError
from cli.lab import Lab


def confirm(lab: Lab, question: str) -> None:
    """Go on only if the person says yes, or gave --yes.

    Raises:
        LabError: the answer was no, or nobody is there to give one.
    """
    if lab.yes:
        return
    if not sys.stdin.isatty():
        raise LabError(f"{question} Nobody is at a terminal to answer; add --yes if that is meant")
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise LabError("nothing was changed")
