"""All launchers: executable, and without an error of syntax."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.launchers.kit import HADOOP, KAFKA, RECORDER, ROOT

SCRIPTS = sorted(
    path
    for folder in (KAFKA, HADOOP, RECORDER.parent)
    for path in folder.rglob("*")
    if path.is_file() and (path.parent.name in ("bin", "sbin", "libexec") or path == RECORDER)
)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT / "roles")))
def test_scripts_are_executable_and_bash_reads_them(script: Path) -> None:
    """Lint runs shellcheck on them."""
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
