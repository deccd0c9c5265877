"""The end of a verification before its last test: signals, and what is reported of the tests that did not end."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any

import pytest

from cli.errors import INTERRUPTED
from verify.plugin.report import Report, Row
from verify.plugin.selection import case_of, lab_of
from verify.plugin.stash import SIGNALLED


def catch_signals(config: pytest.Config) -> None:
    """Let SIGTERM and SIGHUP end the run as Ctrl-C does: the slate is put back and the reports are written."""

    def stop(number: int, frame: FrameType | None) -> None:
        config.stash[SIGNALLED] = True
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Iterator[Any]:
    """Pass on that a signal ended the run: pytest's own status, 2, also stands for a file that it cannot read."""
    status = yield
    return INTERRUPTED if config.stash.get(SIGNALLED, False) else status


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
