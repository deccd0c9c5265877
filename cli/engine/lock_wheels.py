"""Refresh the lock of the course's Python environment: `./lab lock wheels`.

For each Python version and architecture that `the lock` lists, pip downloads the wheel of each pinned package. A
package without a wheel for one of them is locked as a source, and built once to learn its code's hash. The packages'
own requirements are compared with the pins, so that a missing one is found here and not by a student's program.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

from packaging.requirements import Requirement

from ansible_collections.streaming.lab.plugins.module_utils.wheels import fetch as wheel_fetch
from ansible_collections.streaming.lab.plugins.module_utils.wheels import files as wheel_files
from ansible_collections.streaming.lab.plugins.module_utils.wheels import lock as wheels
from cli.lab import ROOT

FILES = ROOT / "roles/course/files"
LOCK = FILES / "wheels.lock"


def refresh() -> str:
    """Resolve the pins for each target and return the lock's text.

    Raises:
        WheelError: a package cannot be downloaded or built, or another one that it needs is not pinned.
    """
    wanted = wheels.pins((FILES / "requirements.txt").read_text(encoding="utf-8"))
    entries: set[wheels.Locked] = set()
    sources: set[str] = set()
    with tempfile.TemporaryDirectory(prefix="lab-lock-") as folder:
        work = Path(folder)
        for python_version in wheels.PYTHONS:
            for machine in wheels.MACHINES:
                place = work / f"{python_version}-{machine}"
                sources |= _download(wanted, (python_version, machine, wheels.GLIBC), place)
                for file in sorted(place.glob("*.whl")):
                    _check_needs(file, wanted, python_version, machine)
                    entries.add(wheels.Locked(file.name, wheels.sha256(file), wheel_files.wheel_content(file)))
        tools = wheel_fetch.install_tools(work / "tools", FILES / "build-requirements.txt")
        for name in sorted(sources):
            entries.add(_source(name, wanted[name], work / "built", tools))
        for built in sorted((work / "built").glob("*.whl")):
            for python_version in wheels.PYTHONS:
                _check_needs(built, wanted, python_version, wheels.MACHINES[0])
    return wheels.write_lock(entries)


def _download(wanted: dict[str, str], host: wheel_fetch.Host, folder: Path) -> set[str]:
    """Download what has a wheel for a host, and return the names of what has none."""
    without: set[str] = set()
    while True:
        listed = [f"{name}=={version}" for name, version in wanted.items() if name not in without]
        try:
            wheel_fetch.pip(
                ["download", "--quiet", "--no-deps", *wheel_fetch.target_options(host), "--dest", str(folder), *listed]
            )
            return without
        except wheels.WheelError as error:
            match = re.search(r"No matching distribution found for ([A-Za-z0-9._-]+)==", str(error))
            if not match:
                raise
            without.add(wheels.normalized(match[1]))


def _source(name: str, version: str, folder: Path, tools: Path) -> wheels.Locked:
    """Lock one source: its file's sha256 and the hash of the code that it builds to."""
    place = folder / name
    common = ["--quiet", "--no-deps"]
    wheel_fetch.pip(["download", *common, f"--no-binary={name}", "--dest", str(place), f"{name}=={version}"], tools)
    (source,) = place.iterdir()
    wheel_fetch.pip(["wheel", *common, "--wheel-dir", str(folder), str(source)], tools)
    (built,) = (path for path in folder.glob("*.whl") if wheels.Locked(path.name, "", "").name == name)
    return wheels.Locked(source.name, wheels.sha256(source), wheel_files.wheel_content(built))


def _check_needs(wheel: Path, wanted: dict[str, str], python_version: str, machine: str) -> None:
    """Compare what a wheel says that it needs (Requires-Dist) with the pins.

    Raises:
        WheelError: a package is missing among the pins, or pinned at a version that does not do.
    """
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n))
        metadata = HeaderParser().parsestr(archive.read(name).decode())
    target = {
        "python_version": python_version,
        "python_full_version": f"{python_version}.0",
        "platform_machine": machine,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "extra": "",
    }
    for text in metadata.get_all("Requires-Dist") or []:
        need = Requirement(text)
        if need.marker and not need.marker.evaluate(target):
            continue
        version = wanted.get(wheels.normalized(need.name))
        if version is None or not need.specifier.contains(version, prereleases=True):
            raise wheels.WheelError(
                f"{metadata['Name']} {metadata['Version']} needs {text.split(';')[0].strip()} on Python "
                f"{python_version}, and roles/course/files/requirements.txt "
                f"{f'pins {version}' if version else 'does not pin it'}: change that file and run this again"
            )
