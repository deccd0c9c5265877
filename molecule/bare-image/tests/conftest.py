"""The stand-in for Ubuntu's image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bare import make_archive
from scenario_kit import as_root

LABEL = "STAND-IN: no image registry is asked; the image has Debian's packages under Ubuntu's name, as few as Ubuntu's"


def pytest_report_header() -> str:
    """Say what these tests do not prove."""
    return LABEL


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it again beside the result."""
    terminalreporter.write_line(LABEL)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The image's file, removed at the end."""
    found = make_archive(tmp_path_factory.mktemp("bare"))
    yield found
    as_root("rm", "-f", found)
