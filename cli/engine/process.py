"""Run a child so that the lab can follow it, log it and stop it with all its own children."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from cli.lab import Lab
from cli.ui.printable import printable

GRACE_SECONDS = 8
TICK_SECONDS = 0.1


def new_log(lab: Lab, command: str) -> Path:
    """An empty log, build/log/COMMAND-TIME.log."""
    folder = lab.root / "build" / "log"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{command}-{datetime.now().astimezone():%Y%m%d-%H%M%S}.log"
    path.touch()
    return path


def run(
    argv: list[str],
    log: Path,
    environment: dict[str, str],
    folder: Path,
    show: bool = False,
    tick: Callable[[], None] = lambda: None,
) -> int:
    """Run a command to its end, its output appended to a log.

    Args:
        argv: the command.
        log: where its output goes.
        environment: its whole environment.
        folder: where it runs.
        show: also print the output.
        tick: called about ten times a second.
    Returns:
        its exit status.
    Raises:
        KeyboardInterrupt: after the child and its children were stopped.
    """
    with log.open("ab") as file:
        # A session of its own: Ctrl-C reaches us alone, and stopping the group stops everything it started.
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if show else file,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )
        copier = threading.Thread(target=_copy, args=(child.stdout, log), daemon=True) if show else None
        if copier:
            copier.start()
        try:
            while child.poll() is None:
                tick()
                time.sleep(TICK_SECONDS)
            tick()
        except BaseException:
            stop(child)
            raise
        if copier:
            # Something the child left in the background may hold the pipe open; that is not waited for.
            copier.join(timeout=2)
    return child.returncode


def stop(child: subprocess.Popen[bytes], grace: float = GRACE_SECONDS) -> None:
    """Stop a child that leads a group, politely first.

    Args:
        child: started with start_new_session.
        grace: seconds that it may take to end by itself after an interrupt, and again after SIGTERM.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
            child.wait(grace)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        # The leader is gone; what it left in its group goes too.
        try:
            os.killpg(child.pid, signal.SIGTERM)
        except ProcessLookupError:
            return
        return


def _copy(source: BinaryIO, log: Path) -> None:
    # The log is opened here: this thread may outlive the caller, and then writes on.
    with log.open("ab", buffering=0) as file:
        for line in source:
            file.write(line)
            print(printable(line.decode(errors="replace")), end="", flush=True)
