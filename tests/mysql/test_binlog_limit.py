"""The limit of the binary logs' size removes the oldest ones, never the newest, and nothing while all fit."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.artifacts.kit import ROOT

SCRIPT = ROOT / "roles/mysql/files/binlog-limit.sh"
MB = 1024 * 1024


@pytest.mark.parametrize(
    ("sizes", "limit", "oldest"),
    [
        ([60, 60, 60], 200, ""),
        ([60, 60, 60], 130, "binlog.000002"),
        ([60, 60, 60], 60, "binlog.000003"),
        ([60, 60, 60], 10, "binlog.000003"),
        ([500], 10, ""),
    ],
)
def test_the_oldest_logs_go_until_the_others_fit(sizes: list[int], limit: int, oldest: str, tmp_path: Path) -> None:
    listing, asked = tmp_path / "listing", tmp_path / "asked"
    lines = (f"binlog.{number:06}\t{size * MB}\tNo\n" for number, size in enumerate(sizes, 1))
    listing.write_text("".join(lines), encoding="utf-8")
    client = tmp_path / "mysql"
    client.write_text(
        f'#!/bin/sh\nfor last; do :; done\ncase $last in *SHOW*) cat {listing} ;; *) echo "$last" >>{asked} ;; esac\n',
        encoding="utf-8",
    )
    client.chmod(0o755)
    done = subprocess.run(
        ["sh", str(SCRIPT), str(limit)],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    purged = asked.read_text(encoding="utf-8") if asked.exists() else ""
    assert purged == (f"--execute=PURGE BINARY LOGS TO '{oldest}'\n" if oldest else "")
    assert bool(done.stdout) == bool(oldest), "what was removed is said"
