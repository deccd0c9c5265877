"""The benchmark of the lab's times: what it reads from the output, and the table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.artifacts.kit import ROOT

sys.path.append(str(ROOT / "benchmarks"))

import lab_times

SAID = """lab benchmark, inventory/containers (log: build/log/up.log)
  Containers .............   61.4 s  (3 changed)
  root in a container is an ordinary account of this machine (user namespace)
  Preflight ..............    1.4 s
  2 hosts, changed=3, 110.6 s
"""


def clone(label: str, **seconds: list[float]) -> lab_times.Clone:
    return lab_times.Clone(label, Path("/x"), "benchmark", None, seconds=seconds)


def test_phases_and_changes_are_read_from_the_output() -> None:
    assert lab_times.phase_seconds(SAID, "Containers") == 61.4
    assert lab_times.phase_seconds(SAID, "Kafka") == 0
    assert lab_times.changes(SAID) == "3"
    assert lab_times.changes("") == "?"


def test_two_commits_are_compared_by_the_ratio_of_their_medians() -> None:
    before, after = clone("one", warm=[10.0, 12.0], verify=[8.0]), clone("two", warm=[5.0, 6.0])
    assert lab_times.rows_of([before, after]) == [
        {"step": "warm", "runs": 2, "one": 11.0, "two": 5.5, "ratio": 0.5},
    ]


def test_one_commit_is_compared_with_the_bars() -> None:
    rows = lab_times.rows_of([clone("seconds", again=[20.0, 30.0, 21.0], image=[60.0])])
    assert rows == [
        {"step": "again", "runs": 3, "seconds": 21.0, "bar": lab_times.BARS["again"]},
        {"step": "image", "runs": 1, "seconds": 60.0, "bar": None},
    ]


def test_a_commit_that_is_not_there_is_named() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks/lab_times.py", "--yes", "nothing-of-the-kind", "HEAD"],
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "nothing-of-the-kind is no commit of this project" in done.stderr
