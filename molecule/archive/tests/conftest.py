"""The stand-ins for Apache's tarballs, and a lab that is made from them."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from mirror import MACHINES, TOP, Mirror, maven_products, repack
from scenario_kit import Scenario, as_machines, copy_of_project

LABEL = (
    "STAND-IN: archive.apache.org is not asked; the tarballs are made here from the cached Maven jars, "
    "with our launchers in place of Apache's, in the official layout"
)


def pytest_report_header() -> str:
    """Say what these tests do not prove."""
    return LABEL


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it again beside the result."""
    terminalreporter.write_line(LABEL)


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[Mirror]:
    """The server, with a tarball of Kafka and one of Hadoop."""
    found = Mirror(tmp_path_factory.mktemp("mirror"))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.answer(self)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for product, archive in maven_products(project).items():
        repack(archive, found.folder / f"{TOP[product]}.tgz", TOP[product])
    yield found
    server.shutdown()


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project; the tests edit its table of artifacts as a person would."""
    folder = copy_of_project(tmp_path_factory.mktemp("project") / "lab")
    as_machines(folder / MACHINES)
    return folder


@pytest.fixture(scope="session")
def archive_lab(scenario: Scenario, project: Path) -> Scenario:
    """The scenario's lab, provisioned from the copy."""
    return Scenario(scenario.name, project)
