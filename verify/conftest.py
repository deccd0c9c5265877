"""Verification as pytest runs it: options, one lab after the other, a clean slate for each case, the report.

A case is a file of `verify/cases/`, or all of `verify/hosts/` (the case `host`). The file of a case may set
    ENGINE    the engine that the table shows ("mysql", "bluesky": the lab's own)
    SERVERS   (part, unit) of servers; their journal is shown when the case fails
"""

from __future__ import annotations

import pytest

from verify.plugin.report import Report
from verify.plugin.stash import FAULTS, LABS, REPORT

pytest_plugins = [f"verify.plugin.{name}" for name in ("options", "selection", "endings", "labs", "slate", "results")]


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Prepare the labs and the report."""
    # Imported here, after pytest has loaded them as plugins.
    from verify.plugin import endings, labs, options, results

    folder = options.configure(config)
    if config.option.collectonly:
        config.stash[LABS], config.stash[FAULTS] = {"-": None}, {}
        config.stash[REPORT] = Report()
        return
    endings.catch_signals(config)
    labs.configure(config)
    results.configure(config, folder)
