"""The arguments of one command: their parser, and how they are typed again."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from cli.errors import BAD_INPUT


class Parser(argparse.ArgumentParser):
    """A parser with a list of its `own` arguments, which says in one line what is wrong."""

    def __init__(self, **options: Any) -> None:
        self.own: list[argparse.Action] = []
        super().__init__(**options)

    def add_argument(self, *names: str, **options: Any) -> argparse.Action:
        """See argparse; arguments of a group or a parent parser do not come here."""
        action = super().add_argument(*names, **options)
        if action.dest != "help":
            self.own.append(action)
        return action

    def error(self, message: str) -> NoReturn:
        """Print one line instead of the usage, and exit with status 2."""
        self.exit(BAD_INPUT, f"lab: {message} (see ./{self.prog.strip('./')} --help)\n")


def own_words(arguments: argparse.Namespace) -> list[str]:
    """The options and arguments that belong to the command itself, as they can be typed again."""
    options, words = [], []
    for action in arguments.own:
        value = getattr(arguments, action.dest)
        if value in (None, False, []):
            continue
        texts = [] if value is True else value if isinstance(value, list) else [value]
        if action.option_strings:
            options += [action.option_strings[-1], *texts]
        else:
            words += texts
    return [*options, *words, *(["--", *arguments.rest] if arguments.rest else [])]
