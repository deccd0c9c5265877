"""Tell the bash entry what a command line needs: `venv`, `apt PACKAGE` and `prefetch` lines, `check`, or nothing."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable

from cli import lab, prefetch
from cli import parser as command_line
from cli.errors import LabError
from cli.machine import packages

WITHOUT_VENV = ("doctor",)


def needs(python: str, argv: list[str], there: Callable[[str], bool] = packages.is_there) -> list[str]:
    """The lines for the bash entry.

    Args:
        python: path of the interpreter that will make .venv.
        argv: the command line of ./lab.
        there: tells whether a command or file exists.
    Returns:
        `apt PACKAGE` lines, `prefetch` where downloads can begin at once, and `venv`, with `check` before them where
        nothing may be installed or made; no line for help and for command lines that will be refused.
    """
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            arguments = command_line.parse(argv)
            current = lab.from_arguments(arguments)
            wanted = packages.packages_of(arguments.command, current.is_containers)
    except (SystemExit, LabError):
        return []
    if arguments.command in WITHOUT_VENV:
        return []
    missing = [package for package, what in wanted.items() if not there(what)]
    if not (current.root / ".venv" / "lab-stamp").exists():
        missing += packages.venv_package(python)
    dry = ["check"] * bool(getattr(arguments, "check", False))
    begin = ["prefetch"] * prefetch.is_useful(current, arguments)
    return [*dry, *(f"apt {package}" for package in missing), *begin, "venv"]


if __name__ == "__main__":
    print("\n".join(needs(sys.argv[1], sys.argv[2:])))
