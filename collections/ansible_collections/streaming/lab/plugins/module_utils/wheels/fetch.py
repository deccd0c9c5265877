"""Fetch the files of a lock by pip, and build what has no wheel. Runs on the control machine only."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ansible_collections.streaming.lab.plugins.module_utils.wheels import files as wheel_files
from ansible_collections.streaming.lab.plugins.module_utils.wheels import lock as wheels

PURE = {"NO_CYTHON": "1", "CC": "/bin/false", "SOURCE_DATE_EPOCH": "1704067200"}
"""Builds without a compiler: faust-streaming leaves its optional extensions out then. The date makes builds equal."""

# Host's Python version, architecture and C library.
Host = tuple[str, str, str]


def pip(arguments: list[str], tools: Path | None = None) -> None:
    """Run this Python's pip.

    Args:
        arguments: what stands after `pip`.
        tools: folder of what sources are built with (`install_tools`); pip then looks nowhere else for it.

    Raises:
        WheelError: with pip's last line of error.
    """
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    environment = {**os.environ}
    if tools:
        command += ["--no-build-isolation", "--use-pep517"]
        environment |= {**PURE, "PYTHONPATH": str(tools)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        if "DO NOT MATCH THE HASHES" in done.stderr:
            got = [line.strip() for line in done.stderr.splitlines() if "from http" in line or "from file" in line]
            raise wheels.WheelError(
                "the package index serves another file than wheels.lock names "
                f"({got[0] if got else 'sha256 differs'}); nothing was installed"
            )
        raise wheels.WheelError(f"pip {arguments[0]}: {lines[-1] if lines else 'failed without a message'}")


def install_tools(folder: Path, requirements: Path) -> Path:
    """Install what sources are built with, pinned by hash, and return the folder.

    Raises:
        WheelError: if one is not available or is another file.
    """
    options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    pip(["install", *options, "--target", str(folder), "--requirement", str(requirements)])
    return folder


def target_options(host: Host) -> list[str]:
    """Return pip's options that make it resolve wheels for another machine's Python."""
    python_version, machine, glibc = host
    short = python_version.replace(".", "")
    tags = [flag for tag in wheels.platforms(machine, glibc) for flag in ("--platform", tag)]
    abis = [flag for abi in (f"cp{short}", "abi3", "none") for flag in ("--abi", abi)]
    return ["--only-binary=:all:", "--implementation", "cp", "--python-version", python_version, *tags, *abis]


def collect(folder: Path, chosen: dict[str, wheels.Locked], host: Host, build_requirements: Path) -> None:
    """Fill a folder with the wheels of a host.

    Args:
        folder: where they go; empty.
        chosen: file of the lock for each distribution.
        host: the host's Python version, architecture and C library.
        build_requirements: requirements with hashes of what builds sources.

    Raises:
        WheelError: if a file is not available, is not what the lock says, or was built for one machine only.
    """
    sources = [entry for entry in chosen.values() if not entry.is_wheel]
    _pip_hashed(
        "download",
        [entry for entry in chosen.values() if entry.is_wheel],
        [*target_options(host), "--dest", str(folder)],
    )
    if sources:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".tools-") as tools:
            install_tools(Path(tools), build_requirements)
            only = ["--no-binary", ",".join(entry.name for entry in sources), "--wheel-dir", str(folder)]
            _pip_hashed("wheel", sources, only, Path(tools))
    check(folder, chosen)


def _pip_hashed(verb: str, entries: list[wheels.Locked], options: list[str], tools: Path | None = None) -> None:
    """Let pip fetch files of the lock: it takes no file with another sha256, and compares before it builds."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as listed:
        listed.writelines(f"{entry.name}=={entry.version} --hash=sha256:{entry.sha256}\n" for entry in entries)
        listed.flush()
        pip([verb, "--quiet", "--no-deps", "--require-hashes", *options, "--requirement", listed.name], tools)


def check(folder: Path, chosen: dict[str, wheels.Locked]) -> None:
    """Compare a folder of wheels with the lock.

    Raises:
        WheelError: if a file is missing, is another one, or holds other code than the lock names.
    """
    found = {wheels.Locked(path.name, "", "").name: path for path in folder.glob("*.whl")}
    for name, entry in chosen.items():
        path = found.get(name)
        if path is None:
            raise wheels.WheelError(f"{entry.file} was not downloaded")
        if entry.is_wheel and (path.name != entry.file or wheels.sha256(path) != entry.sha256):
            raise wheels.WheelError(f"{path.name} is not the file that wheels.lock names for {name} (sha256 differs)")
        if not entry.is_wheel and not path.name.endswith("-none-any.whl"):
            raise wheels.WheelError(f"{path.name} was built for this machine only; it must be pure Python")
        if wheel_files.wheel_content(path) != entry.content:
            raise wheels.WheelError(
                f"{path.name} holds other code than wheels.lock names for {entry.file}; run ./lab lock wheels if the "
                "lock is older than build-requirements.txt"
            )
