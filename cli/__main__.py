"""Run one command of ./lab and turn whatever happens into an exit status and one clear line."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from argparse import Namespace
from types import FrameType

from cli import lab, parser
from cli.arguments import own_words
from cli.errors import INTERRUPTED, PROVISIONING_FAILED, LabError
from cli.lab import Lab
from cli.ui.printable import printable


def main(argv: list[str]) -> int:
    """Run the command that argv names.

    Args:
        argv: the command line without the program's name.
    Returns:
        the exit status (cli.errors).
    """
    arguments = parser.parse(argv)
    current = None
    try:
        if arguments.command == "test" and not arguments.name:
            arguments.name = lab.test_name()
        current = lab.from_arguments(arguments)
        return arguments.run(current, arguments)
    except LabError as error:
        print(printable(f"lab: {error}"), file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print(f"\nlab: {arguments.command} interrupted; {after_interrupt(arguments, current)}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (| head): Python must not try to write the rest at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED
    except Exception as error:
        text = f"lab: {type(error).__name__}: {error} (details: {_keep_traceback()})"
        print(printable(text), file=sys.stderr)
        return PROVISIONING_FAILED


def _keep_traceback() -> str:
    """Write what only a developer reads to build/log; return where."""
    path = lab.ROOT / "build" / "log" / "error.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(traceback.format_exc(), encoding="utf-8")
    except OSError:
        return traceback.format_exc().strip().splitlines()[-2].strip()
    return lab.shown(path)


def after_interrupt(arguments: Namespace, current: Lab | None) -> str:
    """What a person does next.

    Args:
        arguments: the interrupted command line.
        current: its lab; None where the interrupt came before it was known.
    """
    command = arguments.command
    if current is None:
        return "nothing was changed"
    if command == "test":
        again = current.retype("test", *([arguments.suite] if arguments.suite else []))
        return f"containers of the test may be left; they are removed first by: {again}"
    again = current.retype(command, *own_words(arguments))
    return {
        "up": f"nothing is broken; to continue where it stopped, run: {again}",
        "down": f"to finish, run: {again}",
        "reset": f"to finish, run: {again}",
        "verify": f"what its cases made is removed when you verify again: {again}",
    }.get(command, f"to run it again: {again}")


def _stop(signum: int, frame: FrameType | None) -> None:
    """A polite kill or a closed terminal ends like Ctrl-C: children stopped, private files removed."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    sys.exit(main(sys.argv[1:]))
