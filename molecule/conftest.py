"""Fixtures of the scenarios that run ./lab themselves."""

from __future__ import annotations

import os

import pytest
from scenario_kit import ROOT, Scenario

# Read when Ansible is first imported: where the filters of the inventories are.
os.environ["ANSIBLE_CONFIG"] = str(ROOT / "ansible.cfg")


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    """The scenario's lab: Molecule says its name, and destroys it in the end."""
    return Scenario(os.environ.get("LAB_NAME", "molecule"))
