"""./lab verify: how pytest's end becomes the exit status of the command."""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from cli import verify
from cli.errors import LabError
from cli.lab import Lab


def ended(monkeypatch: pytest.MonkeyPatch, folder: Path, program: str) -> int:
    """The status of the command when the child that it takes for pytest runs a program."""
    monkeypatch.setattr(verify, "pytest_arguments", lambda lab, options: [sys.executable, "-c", program])
    return verify._run_cases(Lab("lab", folder, root=folder), [], {})


@pytest.mark.parametrize(("status", "expected"), [(0, 0), (1, 1), (2, 2), (3, 2), (4, 2), (5, 1)])
def test_pytests_status_becomes_the_labs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int, expected: int
) -> None:
    assert ended(monkeypatch, tmp_path, f"raise SystemExit({status})") == expected


@pytest.mark.parametrize(
    "program",
    [
        "raise SystemExit(130)",
        *(f"import os; os.kill(os.getpid(), {number})" for number in (signal.SIGTERM, signal.SIGHUP)),
    ],
)
def test_a_signal_that_reaches_pytest_alone_interrupts_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str
) -> None:
    with pytest.raises(KeyboardInterrupt):
        ended(monkeypatch, tmp_path, program)


def test_a_case_that_only_breaks_servers_is_known_and_needs_faults(tmp_path: Path) -> None:
    for name in ("cases/test_hdfs_sink.py", "faults/test_hdfs_sink_faults.py", "faults/test_long_stop.py"):
        file = tmp_path / "verify" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert verify.known_cases(tmp_path) == ["hdfs-sink"]
    assert verify.known_cases(tmp_path, faults=True) == ["hdfs-sink", "long-stop"]
    asked = Namespace(case=["long_stop"], restarts=False, faults=False, discard=False, rest=[])
    with pytest.raises(LabError, match=r"long-stop: breaks servers for minutes, .* add --faults"):
        verify.run(Lab("lab", tmp_path, root=tmp_path), asked)
