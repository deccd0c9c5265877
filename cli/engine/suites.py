"""The test suites: which commands each is made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cli.errors import LabError

# Molecule's own order where a scenario names none.
SEQUENCE = ("destroy", "create", "converge", "idempotence", "verify", "destroy")
DEFAULT = "default"
# The schema comes with the package; nothing is fetched.
WORKFLOW_SCHEMA = ("--builtin-schema", "vendor.github-workflows")


@dataclass(frozen=True)
class Step:
    """One line of the test's output.

    Args:
        name: what is shown.
        argv: the command.
        unchanged: the step fails if a playbook reports a change.
        cleanup: the step is what leaves the machine as it was.
    """

    name: str
    argv: tuple[str, ...]
    unchanged: bool = False
    cleanup: bool = False


def python(root: Path, *words: str) -> tuple[str, ...]:
    """A command of the venv."""
    return (str(root / ".venv" / "bin" / "python"), *words)


def workflows(root: Path) -> list[str]:
    """Files of GitHub's workflows, as paths from the clone's root."""
    return sorted(str(path.relative_to(root)) for path in root.glob(".github/workflows/*.yml"))


def scripts(root: Path) -> list[str]:
    """Shell scripts that are no templates, as paths from the clone's root."""
    paths = [root / "lab", root / ".ci/run", *root.glob("roles/*/files/**/*")]
    shells = (b"#!/bin/sh", b"#!/bin/bash", b"#!/usr/bin/env bash")
    return sorted(
        str(path.relative_to(root)) for path in paths if path.is_file() and path.read_bytes().startswith(shells)
    )


def lint(root: Path) -> list[Step]:
    """Style of Python, shell, YAML and Ansible; types; GitHub's schema for its workflows."""
    return [
        Step("ruff check", python(root, "-m", "ruff", "check", ".")),
        Step("ruff format", python(root, "-m", "ruff", "format", "--check", ".")),
        Step("mypy", python(root, "-m", "mypy")),
        Step("shellcheck", (str(root / ".venv/bin/shellcheck"), "-x", *scripts(root))),
        Step("role READMEs", python(root, "docs/role_variables.py", "--check")),
        Step("yamllint", python(root, "-m", "yamllint", "--strict", ".")),
        Step("GitHub workflows", python(root, "-m", "check_jsonschema", *WORKFLOW_SCHEMA, *workflows(root))),
        Step("ansible-lint", python(root, "-m", "ansiblelint", "--offline", "--strict", "-q")),
    ]


def unit(root: Path) -> list[Step]:
    """Tests of the project's own Python."""
    # A process for each core; a file's tests stay together, for what they share is expensive to make.
    return [Step("unit tests", python(root, "-m", "pytest", "tests", "-n", "auto", "--dist", "loadfile", "--cov"))]


def mutants(root: Path) -> list[Step]:
    """Small faults in the code, which the unit tests must notice."""
    return [Step("mutants", python(root, "-m", "tests.mutants"))]


def molecule(root: Path, scenario: str) -> list[Step]:
    """The steps of a Molecule scenario, in the order of its own test_sequence."""
    return [
        Step(
            f"{scenario}: {action}",
            python(root, "-m", "molecule", action.replace("_", "-"), "-s", scenario),
            unchanged=action in ("check", "idempotence"),
            cleanup=action == "destroy",
        )
        for action in sequence(root, scenario)
    ]


def sequence(root: Path, scenario: str) -> list[str]:
    """Actions of a scenario, as its molecule.yml lists them, or in Molecule's own order.

    Raises:
        LabError: a sequence that cannot be run step by step.
    """
    # PyYAML is in the venv, where tests run; the rest of the package works without it.
    import yaml

    path = root / "molecule" / scenario / "molecule.yml"
    settings = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("scenario") or {}
    actions = list(settings.get("test_sequence") or SEQUENCE)
    if "check" in actions and settings.get("check_sequence") != ["check"]:
        # Steps are run one by one, and Molecule's own `check` starts by destroying what the steps before made.
        raise LabError(f"{path}: a scenario with `check` needs `check_sequence: [check]`")
    return actions


def scenarios(root: Path) -> list[str]:
    """Names of Molecule's scenarios."""
    return sorted(path.parent.name for path in root.glob("molecule/*/molecule.yml"))


def names(root: Path) -> list[str]:
    """Every suite."""
    return ["lint", "unit", "mutants", *scenarios(root)]


def steps_of(root: Path, suite: str | None) -> list[Step]:
    """The steps of a suite, or of the default test.

    Args:
        root: the clone's folder.
        suite: its name; None for lint, unit tests and the default scenario.
    Raises:
        LabError: there is no such suite.
    """
    if suite is None:
        return [*lint(root), *unit(root), *molecule(root, DEFAULT)]
    if suite not in names(root):
        raise LabError(f"no suite is called {suite}; known: {', '.join(sorted(names(root)))}")
    own = {"lint": lint, "unit": unit, "mutants": mutants}
    return own[suite](root) if suite in own else molecule(root, suite)
