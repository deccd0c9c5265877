"""Resolve the course's Python packages: `./lab lock python`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ansible_collections.streaming.lab.plugins.module_utils import python_environment
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache
from cli.lab import ROOT

FILES = ROOT / "roles/course/files"
LOCK = FILES / "requirements.txt"
HEADER = "# Packages of the environment with hashes of their files, made from requirements.in (see CONTRIBUTING.md).\n"


def resolve(cache: Cache) -> str:
    """Resolve requirements.in for all hosts; versions in the lock stay where they can.

    Args:
        cache: the artifact cache.
    Returns:
        the lock's text.
    Raises:
        ArtifactError: there is no set of versions, or a host could not install it.
    """
    options = ["--universal", "--python-version", python_environment.PYTHONS[0], "--generate-hashes"]
    with tempfile.TemporaryDirectory(prefix="lab-lock-") as folder:
        output = Path(folder, "requirements.txt")
        output.write_text(LOCK.read_text(encoding="utf-8"), encoding="utf-8")
        text = ["--no-annotate", "--no-header", str(FILES / "requirements.in"), "--output-file", str(output)]
        index = python_environment.package_index()
        python_environment.run_uv(["pip", "compile", *options, *text], cache.folder("uv"), index)
        for python_version in python_environment.PYTHONS:
            for machine in python_environment.MACHINES:
                environment = python_environment.Environment(
                    "", python_version, machine, output, FILES / "build-requirements.txt", ROOT / "src"
                )
                packages = Path(folder, python_version, machine)
                python_environment.install(environment, packages, cache.folder("uv"))
                python_environment.check_pure(packages)
        return HEADER + output.read_text(encoding="utf-8")
