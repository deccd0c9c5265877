#!/usr/bin/python
"""Resolve Python wheels on this machine for another machine's Python, as one cached tar."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wheelhouse
short_description: Resolve wheels for a host's Python on the control machine
description:
  - Runs on the control machine, because a host may trust no package index (intercepted TLS) or reach none.
  - Makes one tar of wheels for a set of pinned requirements, the host's Python version, C library and architecture, and
    keeps it in a cache. A tar in the cache whose sha256 is not the recorded one is made again.
  - Distributions that publish no wheel are built here; they must turn out pure Python.
options:
  requirements: {type: path, required: true, description: File of pinned requirements.}
  lock: {type: path, description: File with the sha256 of every downloaded file.}
  python_version: {type: str, required: true, description: "The host's Python, such as 3.13."}
  machine: {type: str, required: true, description: "The host's architecture, as uname -m says it."}
  glibc: {type: str, required: true, description: "Version of the host's C library, such as 2.39."}
  build: {type: list, elements: str, default: [], description: Distributions that publish no wheel.}
  build_constraints: {type: path, description: A pip constraints file for what builds them.}
  cache: {type: path, required: true, description: Folder of the artifact cache.}
author: [Streaming Lab]
"""

EXAMPLES = r"""
- name: Resolve the wheels
  wheelhouse:
    requirements: requirements.txt
    lock: wheels.lock
    python_version: "3.13"
    machine: x86_64
    glibc: "2.41"
    build: [hdfs, docopt]
    build_constraints: build-constraints.txt
    cache: ~/.cache/streaming-lab
  delegate_to: localhost
"""

RETURN = r"""
archive: {type: str, returned: always, description: Path of the tar on the control machine.}
sha256: {type: str, returned: always, description: Its sha256; empty in check mode when there is none yet.}
unlocked: {type: list, returned: always, description: Files that the lock does not name.}
"""

import fcntl  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
from pathlib import Path  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

try:
    from ansible.module_utils import wheels
except ImportError:  # imported by a unit test, without Ansible's own importer
    from plugins.module_utils import wheels


def cached(archive: Path) -> dict | None:
    """Return what is recorded about an archive if the archive still is what was recorded, else None."""
    record = archive.with_suffix(".json")
    try:
        known = json.loads(record.read_text(encoding="utf-8"))
        return known if wheels.sha256(archive) == known["sha256"] else None
    except (OSError, ValueError, KeyError):
        return None


def pip(arguments: list[str], build_constraints: str = "") -> None:
    """Run this Python's pip.

    Args:
        arguments: what stands after `pip`.
        build_constraints: a file that pins what pip installs to build a source with.

    Raises:
        WheelError: with pip's last line of error.
    """
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    # Up to pip 25.2 PIP_CONSTRAINT reaches the isolated build, later ones have a variable of its own for it.
    names = ("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT") if build_constraints else ()
    pinned = dict.fromkeys(names, build_constraints)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **pinned})
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise wheels.WheelError(f"pip {arguments[0]}: {lines[-1] if lines else 'failed without a message'}")


def collect(folder: Path, options: dict) -> list[str]:
    """Fill a folder with the wheels of a host.

    Args:
        folder: where they go; also holds pip's sources of `build` until they are built.
        options: the module's parameters.

    Returns:
        Names of files whose sha256 the lock does not hold.

    Raises:
        WheelError: if a wheel cannot be had, is not what the lock says, or was built for one machine only.
    """
    wanted = wheels.pins(Path(options["requirements"]).read_text(encoding="utf-8"))
    locked = wheels.locked_hashes(Path(options["lock"]).read_text(encoding="utf-8")) if options["lock"] else {}
    build = {wheels.normalized(name) for name in options["build"]} & wanted.keys()
    sources = folder / "sources"
    sources.mkdir()
    ready = [f"{name}=={version}" for name, version in wanted.items() if name not in build]
    short = options["python_version"].replace(".", "")
    tags = [flag for tag in wheels.platforms(options["machine"], options["glibc"]) for flag in ("--platform", tag)]
    abis = [flag for abi in (f"cp{short}", "abi3", "none") for flag in ("--abi", abi)]
    pip(["download", "--quiet", "--no-deps", "--only-binary=:all:", "--implementation", "cp", "--python-version",
         options["python_version"], *tags, *abis, "--dest", str(folder), *ready])  # fmt: skip
    if build:
        pinned = [f"{name}=={wanted[name]}" for name in sorted(build)]
        # Not :all:, which would hold for the tools that build them too.
        pip(
            [
                "download",
                "--quiet",
                "--no-deps",
                f"--no-binary={','.join(sorted(build))}",
                "--dest",
                str(sources),
                *pinned,
            ]
        )
    fetched = [*folder.glob("*.whl"), *sources.iterdir()]
    for path in fetched:
        if locked.get(path.name, "") and wheels.sha256(path) != locked[path.name]:
            raise wheels.WheelError(f"{path.name} is not the file that {options['lock']} names (sha256 differs)")
    for path in sorted(sources.iterdir()):
        pip(
            ["wheel", "--quiet", "--no-deps", "--use-pep517", "--wheel-dir", str(folder), str(path)],
            options["build_constraints"] or "",
        )
    for path in sorted(sources.iterdir()):
        path.unlink()
    sources.rmdir()
    for path in folder.glob("*.whl"):
        name = wheels.normalized(path.name.split("-")[0])
        if name in build and not path.name.endswith("-none-any.whl"):
            raise wheels.WheelError(f"{path.name} was built for this machine only; it must be pure Python")
    return sorted(path.name for path in fetched if path.name not in locked) if locked else []


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "requirements": {"type": "path", "required": True},
            "lock": {"type": "path"},
            "python_version": {"type": "str", "required": True},
            "machine": {"type": "str", "required": True},
            "glibc": {"type": "str", "required": True},
            "build": {"type": "list", "elements": "str", "default": []},
            "build_constraints": {"type": "path"},
            "cache": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    options = module.params
    try:
        key = wheels.stamp(
            Path(options["requirements"]).read_text(encoding="utf-8"),
            options["python_version"],
            options["machine"],
        )
        folder = Path(options["cache"]) / "wheelhouse"
        archive = folder / f"py{options['python_version']}-{options['machine']}-{key[:16]}.tar"
        if module.check_mode:
            known = cached(archive)
            module.exit_json(
                changed=known is None,
                archive=str(archive),
                sha256=(known or {}).get("sha256", ""),
                unlocked=[],
            )
        folder.mkdir(parents=True, exist_ok=True)
        # A classroom's hosts ask at the same moment: the first one resolves, the others wait and find it.
        with (folder / f".{archive.stem}.lock").open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = cached(archive)
            if known:
                # Tells the sweeper of the cache that it is in use.
                os.utime(archive.with_suffix(".json"))
                module.exit_json(changed=False, archive=str(archive), **known)
            with tempfile.TemporaryDirectory(dir=folder, prefix=".resolving-") as work:
                unlocked = collect(Path(work), options)
                wheels.pack(Path(work), archive)
            known = {"sha256": wheels.sha256(archive), "unlocked": unlocked}
            record = archive.with_suffix(".json")
            record.with_suffix(".json.new").write_text(json.dumps(known), encoding="utf-8")
            record.with_suffix(".json.new").replace(record)
        module.exit_json(changed=True, archive=str(archive), **known)
    except (wheels.WheelError, OSError) as error:
        module.fail_json(msg=f"wheelhouse for Python {options['python_version']} on {options['machine']}: {error}")


if __name__ == "__main__":
    main()
