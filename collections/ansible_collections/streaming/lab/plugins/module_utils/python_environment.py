"""A Python environment for a host, made on the control machine as the files of a product.

uv chooses the files for the host's Python and processor, and compares each one with its hash in the requirements.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError

PYTHONS = ("3.12", "3.13", "3.14")
"""Versions of CPython on hosts: those of Ubuntu 24.04, Debian 13 and Ubuntu 26.04."""

MACHINES = ("x86_64", "aarch64")
"""Processors of hosts, as `uname -m` names them."""

PLATFORM = "manylinux_2_39"
"""Compiled files that hosts can load (PEP 600): those for the C library of Ubuntu 24.04 or an older one."""

PYTHON_SCRIPT = re.compile(rb"#![^\n]*python|#!/bin/sh\n'''exec' ")
"""Start of a script that runs with the Python that installed it; the second form is uv's for a long path of Python."""

PURE = {"NO_CYTHON": "1", "CC": "/bin/false", "SOURCE_DATE_EPOCH": "1704067200"}
"""Variables for builds without a compiler: faust-streaming then leaves out its optional extensions."""


@dataclass(frozen=True)
class Environment:
    """What an environment is made of.

    Args:
        path: its folder on the host.
        python_version: major and minor version of the host's Python, such as 3.12.
        machine: the host's processor.
        requirements: file with pinned packages and their hashes.
        build_requirements: the same of the packages that build others from source.
        programs: folder with a pyproject.toml for uv's own build backend.
    """

    path: str
    python_version: str
    machine: str
    requirements: Path
    build_requirements: Path
    programs: Path


def unsupported(python_version: str, machine: str) -> str:
    """Say why a host cannot have the environment; empty if it can."""
    if python_version in PYTHONS and machine in MACHINES:
        return ""
    return (
        f"Python {python_version} on {machine} is not supported; the course's packages are locked for Python "
        f"{', '.join(PYTHONS)} on {' and '.join(MACHINES)}"
    )


def make(environment: Environment, folder: Path, cache: str) -> None:
    """Write the files of an environment into a folder.

    Args:
        environment: what it is made of.
        folder: receives the files; it does not exist yet.
        cache: folder of uv's cache.
    Raises:
        ArtifactError: a package is not available, has another hash, or was built for the control machine only.
    """
    packages = folder / "lib" / f"python{environment.python_version}" / "site-packages"
    install(environment, packages, cache)
    # The archive of a wheel holds dates, which uv's own cache of built wheels does not compare.
    programs = ["--no-deps", "--offline", "--no-cache", "--target", str(packages), str(environment.programs)]
    run_uv(["pip", "install", "--python", sys.executable, *programs], cache)
    check_pure(packages)
    shutil.move(packages / "bin", folder / "bin")
    (packages / ".lock").unlink(missing_ok=True)
    for script in list((folder / "bin").iterdir()):
        if script.name.startswith("pip3."):
            # Named after the Python of the control machine.
            script.unlink()
        elif (text := script.read_bytes()) and PYTHON_SCRIPT.match(text):
            script.write_bytes(f"#!{environment.path}/bin/python3\n".encode() + text.partition(b"\n")[2])
    write_activate(environment.path, folder / "bin")
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n", encoding="utf-8")


def install(environment: Environment, packages: Path, cache: str, *options: str) -> None:
    """Install the pinned packages for a host into a folder.

    Args:
        environment: what it is made of.
        packages: the folder.
        cache: folder of uv's cache.
        options: more options of `uv pip install`.
    Raises:
        ArtifactError: see `make`.
    """
    host = [
        "--python-version", environment.python_version,
        "--python-platform", f"{environment.machine}-{PLATFORM}",
    ]  # fmt: skip
    locked = ["--require-hashes", "--build-constraints", str(environment.build_requirements)]
    files = ["--target", str(packages), "--requirements", str(environment.requirements)]
    run_uv(["pip", "install", "--python", sys.executable, *host, *locked, *files, *options], cache, package_index())


def check_pure(packages: Path) -> None:
    """See that no package was built for the control machine only.

    Raises:
        ArtifactError: one was.
    """
    for wheel in sorted(packages.glob("*.dist-info/WHEEL")):
        if re.search(r"^Tag: .*-linux_\w+$", wheel.read_text(encoding="utf-8"), re.MULTILINE):
            name = wheel.parent.name.removesuffix(".dist-info")
            raise ArtifactError(f"{name} was built for this machine only; only pure Python can be built for a host")


def write_activate(path: str, scripts: Path) -> None:
    """Write the scripts that put an environment first in a shell's PATH, as the module venv writes them.

    Args:
        path: folder of the environment on the host.
        scripts: the folder that receives them.
    """
    builder = venv.EnvBuilder(prompt=Path(path).name)
    with tempfile.TemporaryDirectory(prefix="environment-") as unused:
        context = builder.ensure_directories(unused)
    context.env_dir, context.bin_path = path, str(scripts)
    builder.install_scripts(context, str(Path(venv.__file__).with_name("scripts")))


def package_index() -> dict[str, str]:
    """The variables that give uv the package index of this machine's pip; uv does not read pip's configuration.

    As with pip, a variable counts more than the section for `pip install`, and that more than the global section.
    """
    listed = [sys.executable, "-m", "pip", "--no-input", "config", "list"]
    done = subprocess.run(listed, capture_output=True, text=True, check=False)
    found = dict(re.findall(r"^(:env:|install|global)\.index-url='(.*)'$", done.stdout, re.MULTILINE))
    index = found.get(":env:") or found.get("install") or found.get("global")
    return {"UV_DEFAULT_INDEX": index} if index and "UV_DEFAULT_INDEX" not in os.environ else {}


def run_uv(arguments: list[str], cache: str, variables: dict[str, str] | None = None) -> None:
    """Run uv.

    Args:
        arguments: what stands after `uv`.
        cache: folder of its cache.
        variables: added to this process's own.
    Raises:
        ArtifactError: with the reasons that uv gives, in one line.
    """
    uv = Path(sys.executable).with_name("uv")
    options = ["--quiet", "--no-config", "--no-progress", "--cache-dir", cache, "--link-mode", "copy"]
    environment = {"UV_SYSTEM_CERTS": "1", **os.environ, **PURE, **(variables or {})}
    try:
        done = subprocess.run(
            [str(uv), *arguments, *options], capture_output=True, text=True, check=False, env=environment
        )
    except OSError as error:
        raise ArtifactError(
            f"uv does not run ({error}); remove .venv and run ./lab up, which makes it again"
        ) from error
    if done.returncode:
        reasons = " ".join(re.sub(r"[×├╰─▶│]", "", done.stderr).split())
        raise ArtifactError(f"uv {' '.join(arguments[:2])}: {reasons[:600] or f'status {done.returncode}'}")
