"""Text from hosts cannot steer the terminal that shows it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from cli.commands import status
from cli.engine import process
from cli.ui.printable import printable
from cli.ui.screen import Screen
from verify.plugin.report import Report, Table

# What a student can put in the name of a file, and so in a connector's trace.
TITLE, CLEAR = "\x1b]0;PWNED\x07", "\x1b[2J"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('número 😀 "x"', 'número 😀 "x"'),
        ("two\n\tlines", "two\n\tlines"),
        (f"/nowhere/{TITLE}{CLEAR}x", r"/nowhere/\x1b]0;PWNED\x07\x1b[2Jx"),
        ("\x9b2J\x7f\r", r"\x9b2J\x7f\r"),
        ("abc\u202edcba\u2066", r"abc\u202edcba\u2066"),
        ("a\u00a0b\u2028c\ud800", r"a b\u2028c\ud800"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_instead(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown


def test_a_connectors_trace_and_a_units_words_are_harmless_in_status() -> None:
    found = {"name": "a", "state": "FAILED", "detail": f"task 0: IOException: {TITLE}{CLEAR}", "notes": [CLEAR]}
    unit = {"name": f"hdfs-sink@{CLEAR}", "state": "active", "enabled": True, "since": "", "restarts": 0}
    states = {"kafka": {"services": [{**unit, "memory_mb": None}], "connectors": [found]}}
    out = io.StringIO()
    screen = Screen(out)
    for line in status.table(states, [CLEAR]) + status.connectors(states):
        screen.line(line)
    assert "PWNED" in out.getvalue()
    assert "\x1b" not in out.getvalue()
    assert "\x07" not in out.getvalue()


def test_a_running_line_keeps_only_the_screens_own_sequences() -> None:
    out = io.StringIO()
    Screen(out, live=True).running([f"task {CLEAR}{TITLE}"])
    assert "\x1b" not in out.getvalue()


def test_the_table_of_verification_is_harmless() -> None:
    row = Report().row("groups", "kafka")
    row.evidence.append(f"test_x: {CLEAR}{TITLE}")
    assert "\x1b" not in "".join(Table(["kafka"], ["groups"]).lines(row))


def test_output_that_is_shown_as_it_comes_is_harmless(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log"
    process._copy(io.BytesIO(f"fatal: {CLEAR}\xff é\n".encode("latin-1")), log)
    assert capfd.readouterr().out == "fatal: \\x1b[2J\ufffd \ufffd\n"
    assert CLEAR.encode() in log.read_bytes()
