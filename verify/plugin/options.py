"""Options of a verification, and how pytest shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.lab import ROOT


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of a verification."""
    group = parser.getgroup("lab", "Streaming Lab")
    group.addoption("--lab-inventory", default=str(ROOT / "inventory/containers"), help="inventory to verify")
    group.addoption("--lab-report", default=str(ROOT / "build/report"), help="folder of results.json and junit.xml")
    group.addoption("--restarts", action="store_true", help="also what restarts servers and hosts")
    group.addoption("--faults", action="store_true", help="also verify/faults: minutes of broken servers")
    group.addoption(
        "--discard", action="store_true", help="throw away what is in the way and verification did not make"
    )
    group.addoption("--lab-only", default="", metavar="LAB", help="only this lab of the inventory")
    group.addoption("--lab-state", default="", metavar="FILE", help="hosts and silent hosts, of verify.parallel")
    group.addoption("--lab-rows", default="", metavar="FILE", help="add each row of the table to this file, as JSON")
    group.addoption("--limit", default="", metavar="HOSTS", help="only labs with one of these hosts")
    group.addoption("--setting", action="append", default=[], metavar="KEY=VALUE", help="what --extra-vars of up gave")
    group.addoption(
        "--case", action="append", default=[], metavar="NAME", help="only these cases, with commas; may be repeated"
    )


def configure(config: pytest.Config) -> Path:
    """Set pytest's own options for a verification.

    Returns:
        the folder of the reports, which exists.
    """
    config.addinivalue_line("markers", "restarts: restarts servers or hosts; run with --restarts")
    config.addinivalue_line("markers", "extra: beyond the notes; run with --restarts, or when its case is named")
    config.addinivalue_line("markers", "faults: breaks servers for minutes; run with --faults")
    folder = Path(config.getoption("--lab-report"))
    folder.mkdir(parents=True, exist_ok=True)
    config.option.xmlpath = config.option.xmlpath or str(folder / "junit.xml")
    # The table is the output; pytest's own progress would run through it.
    config.option.verbose = config.option.verbose or -1
    config.option.reportchars = ""
    config.option.tbstyle = "short" if config.option.tbstyle == "auto" else config.option.tbstyle
    return folder
