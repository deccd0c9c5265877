"""Children of ./lab: their output is kept, and signals end them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cli.commands import shell
from cli.engine import process


def test_output_that_comes_after_the_end_of_the_child_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A grandchild holds the pipe open: the copier outlives run(), and must not fail in its thread."""
    failures: list[object] = []
    monkeypatch.setattr(threading, "excepthook", failures.append)
    log, gate = tmp_path / "log", tmp_path / "gate"
    os.mkfifo(gate)
    script = f"(read -r _ <'{gate}'; echo late) & echo early"
    before = set(threading.enumerate())
    assert process.run(["bash", "-c", script], log, dict(os.environ), tmp_path, show=True) == 0
    gate.write_text("go\n", encoding="utf-8")
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert log.read_text(encoding="utf-8").splitlines() == ["early", "late"]
    assert failures == []


WAITER = """
import subprocess, sys
from cli import __main__ as entry
from cli.commands import shell
import signal
signal.signal(signal.SIGTERM, entry._stop)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
child = subprocess.Popen([sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"])
print("status", shell.wait_for(child), flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_shell_ends_when_it_is_told_to(clone: Path, number: signal.Signals) -> None:
    parent = subprocess.Popen([sys.executable, "-c", WAITER], cwd=clone, stdout=subprocess.PIPE, text=True)
    assert parent.stdout.readline() == "up\n"
    parent.send_signal(number)
    said, _ = parent.communicate(timeout=20)
    assert said == f"status {128 + number}\n"


def test_ctrl_c_belongs_to_the_command_on_the_host(clone: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", WAITER], cwd=clone, stdout=subprocess.PIPE, text=True)
    assert parent.stdout.readline() == "up\n"
    parent.send_signal(signal.SIGINT)
    time.sleep(0.2)
    assert parent.poll() is None
    parent.send_signal(signal.SIGTERM)
    parent.communicate(timeout=20)


def test_the_status_of_a_child_is_passed_on() -> None:
    assert shell.wait_for(subprocess.Popen(["sh", "-c", "exit 7"])) == 7
