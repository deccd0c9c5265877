"""./lab verify: how pytest's end becomes the exit status of the command."""

from __future__ import annotations

import signal
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from cli.commands import verify
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
    for name in (
        "cases/test_hdfs_sink.py",
        "faults/test_hdfs_sink_faults.py",
        "faults/test_long_stop.py",
        "faults/test_hdfs_stop.py",
    ):
        file = tmp_path / "verify" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert verify.known_cases(tmp_path) == ["hdfs-sink"]
    assert verify.known_cases(tmp_path, faults=True) == ["hdfs-sink", "hdfs-stop", "long-stop"]
    lab = Lab("lab", tmp_path, root=tmp_path)
    for case, message in (
        (["long_stop"], "the case long-stop stops servers for minutes and needs --faults: {} --faults long-stop"),
        (
            ["hdfs-sink", "long-stop", "hdfs-stop"],
            "the cases long-stop, hdfs-stop stop servers for minutes and need --faults: "
            "{} --faults hdfs-sink long-stop hdfs-stop",
        ),
    ):
        asked = Namespace(case=case, restarts=False, faults=False, discard=False, rest=[])
        with pytest.raises(LabError) as raised:
            verify.run(lab, asked)
        assert str(raised.value) == message.format(lab.retype("verify"))


def test_an_interrupt_says_what_is_restored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(child: subprocess.Popen) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "wait", interrupt)
    monkeypatch.setattr(verify.process, "stop", lambda child, seconds: None)
    with pytest.raises(KeyboardInterrupt):
        ended(monkeypatch, tmp_path, "pass")
    assert capsys.readouterr().err == (
        "\nlab: restoring the lab's topics, connectors and files (a second Ctrl-C leaves test data behind)\n"
    )
