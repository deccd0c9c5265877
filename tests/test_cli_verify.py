"""./lab verify: how pytest's end becomes the exit status of the command."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from cli import verify
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
