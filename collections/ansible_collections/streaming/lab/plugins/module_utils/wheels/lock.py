"""What the wheelhouse on the control machine and the venv on a host must agree on.

A line of a lock file is ``sha256  content  file``. ``sha256`` is that of the file as the index serves it.
``content`` is the hash of the code that the wheel installs (`wheel_files.wheel_content`); for a source it is that of
the wheel which is built from it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FORMAT = "2"
"""Changes whenever the layout of an archive or of a stamp does, so that old ones are never taken for new."""

PYTHONS = ("3.12", "3.13", "3.14")
"""CPython versions that the course's lock file covers: those of Ubuntu 24.04, Debian 13 and Ubuntu 26.04."""

MACHINES = ("x86_64", "aarch64")
"""Architectures that it covers, as `uname -m` names them."""

GLIBC = "2.39"
"""Oldest C library that it covers: Ubuntu 24.04's."""

REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==(?P<version>[A-Za-z0-9.!+_-]+)$")
_LINE = re.compile(r"^(?P<sha256>[0-9a-f]{64})\s+(?P<content>[0-9a-f]{64})\s+(?P<file>[^\s/]+)$")
_SOURCES = (".tar.gz", ".zip")


class WheelError(Exception):
    """One line that tells a person which wheel or requirement is wrong."""


@dataclass(frozen=True)
class Locked:
    """One file of a lock."""

    file: str
    sha256: str
    content: str

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel; otherwise it is a source, which is built on the control machine."""
        return self.file.endswith(".whl")

    @property
    def name(self) -> str:
        """The distribution's normalized name."""
        return normalized(self.file.split("-")[0] if self.is_wheel else self._stem.rpartition("-")[0])

    @property
    def version(self) -> str:
        """The distribution's version."""
        return self.file.split("-")[1] if self.is_wheel else self._stem.rpartition("-")[2]

    @property
    def _stem(self) -> str:
        return next(self.file.removesuffix(end) for end in _SOURCES if self.file.endswith(end))


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


def read_lock(text: str) -> list[Locked]:
    """Read the lines of a lock file; blank lines and comments are passed over.

    Raises:
        WheelError: if a line is anything else.
    """
    entries = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.match(line.strip())
        if not match or not match["file"].endswith((".whl", *_SOURCES)):
            raise WheelError(f"wheels.lock line {number}: not 'sha256  content  file'; run ./lab lock wheels")
        entries.append(Locked(match["file"], match["sha256"], match["content"]))
    return entries


def write_lock(entries: Iterable[Locked]) -> str:
    """Return the text of a lock file, sorted by file name."""
    head = (
        f"# The course's Python packages, for CPython {', '.join(PYTHONS)} on {' and '.join(MACHINES)} with\n"
        f"# glibc {GLIBC} or later: sha256 of file, sha256 of code, file. Refreshed by ./lab lock wheels.\n"
    )
    unique = sorted(set(entries), key=lambda entry: entry.file)
    return head + "".join(f"{entry.sha256}  {entry.content}  {entry.file}\n" for entry in unique)


def select(
    wanted: dict[str, str], entries: Iterable[Locked], python_version: str, machine: str, glibc: str
) -> dict[str, Locked]:
    """Choose the file of each distribution for one host: the best wheel, else the source.

    Args:
        wanted: version of each distribution, by normalized name.
        entries: the lock.
        python_version: the host's Python, such as `3.13`.
        machine: its architecture, as `uname -m` names it.
        glibc: version of its C library, such as `2.39`.

    Returns:
        One file for each distribution, by normalized name.

    Raises:
        WheelError: if the lock has no file for a distribution on this host.
    """
    tags = compatible(python_version, machine, glibc)
    ranks = {tag: rank for rank, tag in enumerate(tags)}
    chosen: dict[str, tuple[int, Locked]] = {}
    for entry in entries:
        if wanted.get(entry.name) != entry.version:
            continue
        rank = min((ranks[tag] for tag in tags_of(entry.file) if tag in ranks), default=-1)
        if not entry.is_wheel:
            rank = len(tags)
        if rank >= 0 and (entry.name not in chosen or rank < chosen[entry.name][0]):
            chosen[entry.name] = (rank, entry)
    missing = sorted(wanted.keys() - chosen.keys())
    if missing:
        names = ", ".join(f"{name} {wanted[name]}" for name in missing[:3])
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise WheelError(
            f"wheels.lock has no file of {names}{more} for Python {python_version} on {machine} with glibc {glibc}; "
            f"the course's lock covers Python {', '.join(PYTHONS)} on {' and '.join(MACHINES)} with glibc {GLIBC} or "
            "later. After a change of requirements.txt run ./lab lock wheels"
        )
    return {name: chosen[name][1] for name in sorted(chosen)}


def tags_of(file: str) -> list[tuple[str, str, str]]:
    """List the tags in a wheel's file name: Python, ABI and platform (PEP 425); none for a source."""
    if not file.endswith(".whl"):
        return []
    pythons, abis, platforms_ = file.removesuffix(".whl").split("-")[-3:]
    return [(p, a, f) for p in pythons.split(".") for a in abis.split(".") for f in platforms_.split(".")]


def compatible(python_version: str, machine: str, glibc: str) -> list[tuple[str, str, str]]:
    """List the tags that a host accepts, best first (PEP 425, PEP 600)."""
    major, minor = (int(number) for number in python_version.split("."))
    own = f"cp{major}{minor}"
    places = platforms(machine, glibc)
    older = [f"cp{major}{number}" for number in range(minor, 1, -1)]
    pure = [own, *(f"py{major}{number}" for number in range(minor, -1, -1)), f"py{major}"]
    return [
        *((own, own, place) for place in places),
        *((python, "abi3", place) for python in older for place in places),
        *((own, "none", place) for place in places),
        *((python, "none", place) for python in pure for place in places),
        *((python, "none", "any") for python in pure),
    ]


def platforms(machine: str, glibc: str) -> list[str]:
    """List the platform tags a host accepts, newest first (PEP 600).

    Args:
        machine: architecture, such as `x86_64`.
        glibc: version of the host's C library, such as `2.39`.
    """
    newest = int(glibc.split(".")[1])
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(newest, 4, -1)]
    return [*tags, f"manylinux2014_{machine}", f"manylinux2010_{machine}", f"manylinux1_{machine}"]


def stamp(chosen: dict[str, Locked], python_version: str, machine: str, extra: str = "") -> str:
    """Name what a venv or a wheelhouse is made of.

    Args:
        chosen: its files, by name.
        python_version: the host's Python, such as `3.13`.
        machine: the host's architecture as `uname -m` names it.
        extra: text of whatever else decides the content.

    Returns:
        64 hexadecimal digits; equal for equal files, Python, architecture and text.
    """
    rows = [f"{entry.file} {entry.sha256} {entry.content}" for _name, entry in sorted(chosen.items())]
    return hashlib.sha256("\n".join([FORMAT, python_version, machine, *rows, extra]).encode()).hexdigest()


def sha256(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
