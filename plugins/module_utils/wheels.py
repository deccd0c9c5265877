"""What the wheelhouse on the control machine and the venv on a host must agree on."""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import re
import tarfile
import tempfile
from pathlib import Path

FORMAT = "1"
"""Changes whenever the layout of an archive or of a stamp does, so that old ones are never taken for new."""

REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==(?P<version>[A-Za-z0-9.!+_-]+)$")


class WheelError(Exception):
    """One line that tells a person which wheel or requirement is wrong."""


def normalized(name: str) -> str:
    """Return a distribution's name as PEP 503 compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(requirements: str) -> dict[str, str]:
    """Read fully pinned requirements.

    Args:
        requirements: the text of a requirements file; every line is `name==version`, blank or a comment.

    Returns:
        The version of each distribution, by normalized name.

    Raises:
        WheelError: if a line is anything else, since an unpinned set is not the same on two days.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(requirements.splitlines(), 1):
        text = line.split("#", 1)[0].strip()
        if not text:
            continue
        match = REQUIREMENT.match(text)
        if not match:
            raise WheelError(f"requirements line {number}: {text!r} is not a pin (name==version)")
        found[normalized(match["name"])] = match["version"]
    return found


def locked_hashes(lock: str) -> dict[str, str]:
    """Read `sha256  file` lines and return the sha256 of each file by its name."""
    rows = (line.split() for line in lock.splitlines() if line.strip() and not line.startswith("#"))
    return {name: digest for digest, name in rows}


def stamp(requirements: str, python_version: str, machine: str) -> str:
    """Name what a venv or wheelhouse is made of.

    Args:
        requirements: the text of the requirements file.
        python_version: major and minor version of the host's Python, such as `3.13`.
        machine: the host's architecture as `uname -m` says it.

    Returns:
        64 hexadecimal digits; equal for equal pins, Python and machine.
    """
    parts = [FORMAT, python_version, machine, *(f"{n}=={v}" for n, v in sorted(pins(requirements).items()))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def sha256(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def platforms(machine: str, glibc: str) -> list[str]:
    """List the platform tags a host accepts, newest first (PEP 600).

    Args:
        machine: architecture, such as `x86_64`.
        glibc: version of the host's C library, such as `2.39`.
    """
    newest = int(glibc.split(".")[1])
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(newest, 4, -1)]
    return [*tags, f"manylinux2014_{machine}", f"manylinux2010_{machine}", f"manylinux1_{machine}"]


def pack(folder: Path, archive: Path) -> None:
    """Put a folder's files into one tar, by an atomic rename: readers see the whole of it or none."""
    handle, name = tempfile.mkstemp(dir=archive.parent, prefix=f".{archive.name}.")
    try:
        with os.fdopen(handle, "wb") as stream, tarfile.open(fileobj=stream, mode="w") as tar:
            for path in sorted(folder.iterdir()):
                info = tar.gettarinfo(path, path.name)
                info.uid = info.gid = info.mtime = 0
                info.uname = info.gname = ""
                info.mode = 0o644
                with path.open("rb") as content:
                    tar.addfile(info, content)
        Path(name).chmod(0o644)
        Path(name).replace(archive)
    finally:
        Path(name).unlink(missing_ok=True)


def damage(site_packages: Path, wanted: dict[str, str]) -> list[str]:
    """Compare installed distributions with their own RECORD files.

    Args:
        site_packages: the venv's folder of packages.
        wanted: version of each distribution that must be there, by normalized name.

    Returns:
        One line for each distribution that is missing, of another version, or has a file that is gone or edited.

    RECORD is specified by the PyPA: Recording installed projects. Bytecode has no hash there and is not compared.
    """
    wrong: list[str] = []
    for name, version in sorted(wanted.items()):
        info = next((d for d in site_packages.glob("*.dist-info") if _is(d, name, version)), None)
        if info is None:
            wrong.append(f"{name} {version} is not installed")
            continue
        record = info / "RECORD"
        if not record.is_file():
            wrong.append(f"{name}: RECORD is missing")
            continue
        with record.open(newline="", encoding="utf-8") as rows:
            for path, digest, _size in csv.reader(rows):
                fault = _fault(site_packages / path, digest)
                if fault:
                    wrong.append(f"{name}: {path} {fault}")
                    break
    return wrong


def _is(info: Path, name: str, version: str) -> bool:
    found, _, rest = info.name.removesuffix(".dist-info").partition("-")
    return normalized(found) == name and rest == version


def _fault(path: Path, digest: str) -> str | None:
    if not digest:
        return None
    if not path.is_file():
        return "is missing"
    algorithm, _, expected = digest.partition("=")
    actual = base64.urlsafe_b64encode(hashlib.new(algorithm, path.read_bytes()).digest()).rstrip(b"=").decode()
    return None if actual == expected else "was changed"
