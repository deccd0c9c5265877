"""What the hooks of a verification share, by pytest's stash."""

from __future__ import annotations

import pytest

from verify.plugin.report import Report, Table
from verify.support.lab import Lab

REPORT = pytest.StashKey[Report]()
TABLE = pytest.StashKey[Table]()
LABS = pytest.StashKey[dict[str, Lab]]()
FAULTS = pytest.StashKey[dict[str, dict[str, str]]]()
"""For each lab its hosts that cannot be verified, and why."""
UNFINISHED = pytest.StashKey[list[pytest.Item]]()
"""Tests that have not ended."""
CURRENT = pytest.StashKey[pytest.Item]()
"""The test that runs, or the last one that ran."""
SIGNALLED = pytest.StashKey[bool]()
"""Whether a signal ended the run."""
