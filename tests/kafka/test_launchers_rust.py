"""The launchers with uutils' coreutils (Debian's package rust-coreutils), which Ubuntu 26.04 has in place of GNU's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.artifacts.kit import ROOT

COREUTILS = Path("/usr/lib/cargo/bin/coreutils")


def test_launchers_work_with_rust_coreutils() -> None:
    """molecule/used-vm does the same on a host, where the package is installed."""
    if not (COREUTILS / "stat").exists():
        pytest.skip("package rust-coreutils is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/launchers"],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{COREUTILS}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
