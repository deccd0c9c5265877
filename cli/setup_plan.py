"""What ./lab would install and make on this machine before a command with --check can look at the hosts."""

from __future__ import annotations

import sys

from cli import lab
from cli import parser as command_line
from cli.arguments import own_words
from cli.errors import OK
from cli.lab import Lab


def lines(current: Lab, again: str, packages: list[str], files: list[str]) -> list[str]:
    """The plan, a line each.

    Args:
        current: the lab that the command line names.
        again: the same command line without --check.
        packages: OS packages that are missing.
        files: what would be made in the clone, such as `.venv`.
    """
    shown = [f"lab {current.name}, {current.shown_inventory}: set-up is not complete on this machine"]
    if packages:
        shown.append(f"  would install by apt: {' '.join(packages)}")
    for name in files:
        shown.append(f"  would make {current.root / name} with the packages of requirements.txt")
    if not current.state.exists():
        shown.append(f"  would make {current.state} with the generated passwords, and an ssh key for containers")
    shown.append("  would write logs below build/log")
    shown.append("  the hosts were not checked, because that needs these packages; nothing was changed")
    return [*shown, f"  to set up and go on: {again}"]


def main(argv: list[str]) -> int:
    """Print the plan.

    Args:
        argv: packages, files (each separated by blanks), and the command line of ./lab.
    """
    arguments = command_line.parse(argv[2:])
    current = lab.from_arguments(arguments)
    again = current.retype(arguments.command, *(word for word in own_words(arguments) if word != "--check"))
    for line in lines(current, again, argv[0].split(), argv[1].split()):
        print(line)
    return OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
