"""What wheels hold, and whether a venv holds just that."""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import tarfile
import tempfile
import zipfile
from pathlib import Path

from ansible_collections.streaming.lab.plugins.module_utils.wheels import lock as wheels


def content_hash(files: dict[str, str]) -> str:
    """Return the hash of a distribution's code.

    Args:
        files: sha256 of each file, by its path in site-packages. Metadata and bytecode do not count: installers
            write them.
    """
    rows = sorted(f"{path} {digest}\n" for path, digest in files.items() if _is_code(path))
    return hashlib.sha256("".join(rows).encode()).hexdigest()


def wheel_content(wheel: Path) -> str:
    """Return the `content_hash` of what a wheel installs in site-packages.

    Raises:
        WheelError: if the file is no wheel.
    """
    files = {}
    try:
        with zipfile.ZipFile(wheel) as archive:
            for item in archive.infolist():
                top, _, rest = item.filename.partition("/")
                place = item.filename
                if top.endswith(".data"):
                    kind, _, place = rest.partition("/")
                    if kind not in ("purelib", "platlib"):
                        continue
                if not item.is_dir():
                    files[place] = hashlib.sha256(archive.read(item)).hexdigest()
    except (OSError, zipfile.BadZipFile) as error:
        raise wheels.WheelError(f"{wheel.name} is damaged or no wheel: {error}") from error
    return content_hash(files)


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


def damage(site_packages: Path, chosen: dict[str, wheels.Locked]) -> list[str]:
    """Compare installed distributions with the lock.

    Args:
        site_packages: the venv's folder of packages.
        chosen: file of the lock for each distribution that must be there, by normalized name.

    Returns:
        One line for each distribution that is missing, of another version, not what the lock says, or has a file that
        is gone or edited, and one for the first file that belongs to no distribution of the lock.

    RECORD is specified by the PyPA: Recording installed projects. It names the file that was edited; whether the code
    is the lock's is decided by the lock alone. Bytecode has no hash there and is not compared.
    """
    wrong: list[str] = []
    known: set[str] = set()
    for name, entry in sorted(chosen.items()):
        info = next((d for d in site_packages.glob("*.dist-info") if _is(d, name, entry.version)), None)
        if info is None:
            wrong.append(f"{name} {entry.version} is not installed")
            continue
        record = info / "RECORD"
        if not record.is_file():
            wrong.append(f"{name}: RECORD is missing")
            continue
        fault, files = _read_record(site_packages, record)
        known |= files.keys()
        if fault:
            wrong.append(f"{name}: {fault}")
        elif content_hash(files) != entry.content:
            wrong.append(f"{name}: the installed code is not that of {entry.file}")
    strange = (
        str(path.relative_to(site_packages)) for path in site_packages.rglob("*") if path.is_symlink() or path.is_file()
    )
    foreign = min((path for path in strange if path not in known and not _is_bytecode(path)), default="")
    if foreign and not wrong:
        wrong.append(f"{foreign} belongs to no package of the environment")
    return wrong


def _read_record(site_packages: Path, record: Path) -> tuple[str, dict[str, str]]:
    """Hash what a RECORD lists; returns the first fault and the sha256 of each file in site-packages."""
    files = {}
    with record.open(newline="", encoding="utf-8") as rows:
        for path, digest, _size in csv.reader(rows):
            target = site_packages / path
            if not digest:
                files[path] = ""
                continue
            if target.is_symlink() or not target.is_file():
                return f"{path} is missing", files
            content = target.read_bytes()
            algorithm, _, expected = digest.partition("=")
            actual = base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest()).rstrip(b"=").decode()
            if actual != expected:
                return f"{path} was changed", files
            if not path.startswith(("../", "/")):
                files[path] = hashlib.sha256(content).hexdigest()
    return "", files


def _is_code(path: str) -> bool:
    return not path.split("/")[0].endswith(".dist-info") and not _is_bytecode(path)


def _is_bytecode(path: str) -> bool:
    return "__pycache__" in path.split("/")


def _is(info: Path, name: str, version: str) -> bool:
    found, _, rest = info.name.removesuffix(".dist-info").partition("-")
    return wheels.normalized(found) == name and rest == version
