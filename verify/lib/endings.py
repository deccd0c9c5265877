"""The end of a verification before its last test: signals, and what is reported of the tests that did not end."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from types import FrameType

import pytest

from verify.lib.report import Report, Row
from verify.lib.selection import case_of, lab_of

SIGNALLED = pytest.StashKey[bool]()
"""Whether a signal ended the run."""


def catch_signals(config: pytest.Config) -> None:
    """Let SIGTERM and SIGHUP end the run as Ctrl-C does: the slate is put back and the reports are written."""

    def stop(number: int, frame: FrameType | None) -> None:
        config.stash[SIGNALLED] = True
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def close(report: Report, left: Sequence[pytest.Item], current: pytest.Item | None) -> list[Row]:
    """Report the tests that did not end, each to junit.xml and its case as a row.

    Args:
        report: gets the rows.
        left: tests that did not end, in their order.
        current: the test that ran last; interrupted if it is among them.

    Returns:
        the rows of their cases: `interrupted` where the case had begun, else `not run`.
    """
    rows: list[Row] = []
    for item in left:
        case, lab = case_of(item.path), lab_of(item)
        begun = report.has(case, lab)
        row = report.row(case, lab)
        if row not in rows:
            row.add("interrupted" if begun else "not run")
            rows.append(row)
        if item is current:
            row.evidence.append(f"{item.originalname}: interrupted")
        item.ihook.pytest_runtest_logreport(report=_report(item, item is current))
    return rows


def _report(item: pytest.Item, interrupted: bool) -> pytest.TestReport:
    """Make the entry of junit.xml, a failure or a skipped test; its word stands in the table already."""
    path, line, _ = item.location
    reason = "interrupted" if interrupted else (path, line or 0, "not run")
    outcome = "failed" if interrupted else "skipped"
    report = pytest.TestReport(item.nodeid, item.location, {}, outcome, reason, "call")
    report.in_one_line = True
    return report
