"""Run one command of ./lab and turn whatever happens into an exit status and one clear line."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
from types import FrameType

from cli import arguments as command_line
from cli import lab
from cli.errors import INTERRUPTED, PROVISIONING_FAILED, LabError


def main(argv: list[str]) -> int:
    """Run the command that argv names.

    Parameters:
        argv: the command line without the program's name.
    Returns:
        the exit status (cli.errors).
    """
    arguments = command_line.parse(argv)
    try:
        if arguments.command == "lock":
            return importlib.import_module("cli.lock").main(arguments.argument)
        if arguments.command == "test" and not arguments.name:
            arguments.name = lab.test_name()
        current = lab.from_arguments(arguments)
        return importlib.import_module(f"cli.{arguments.command}").run(current, arguments)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print(f"\nlab: {arguments.command} interrupted; {_after_interrupt(arguments.command)}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (| head): Python must not try to write the rest at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED
    except Exception as error:
        print(f"lab: {type(error).__name__}: {error} (details: {_keep_traceback()})", file=sys.stderr)
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


def _after_interrupt(command: str) -> str:
    """What a person does next, by command."""
    return {
        "up": "nothing is broken: run ./lab up again and it goes on from where it was",
        "down": "run ./lab down again to finish",
        "reset": "run ./lab reset again to finish",
        "test": "containers of the test may be left; ./lab test starts by removing them",
        "verify": "the next ./lab verify puts the slate back",
    }.get(command, "run it again when you like")


def _stop(signum: int, frame: FrameType | None) -> None:
    """A polite kill or a closed terminal ends like Ctrl-C: children stopped, private files removed."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    sys.exit(main(sys.argv[1:]))
