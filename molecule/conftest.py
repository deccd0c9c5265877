"""Fixtures of the scenarios that run ./lab themselves."""

from __future__ import annotations

import os

import pytest
from scenario_kit import Scenario


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    """The scenario's lab: Molecule says its name, and destroys it in the end."""
    return Scenario(os.environ.get("LAB_NAME", "molecule"))
