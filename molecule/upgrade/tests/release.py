"""The earlier release: its source from git, its own Python environment, and the switch to the present source."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from scenario_kit import NOT_SOURCE, ROOT

COMMIT = "83d8a26"
FOLDER = ROOT / "build" / "upgrade"
# Belongs to the clone and not to a release: a `git pull` leaves it in place.
KEPT = (".venv", ".lab", "build")


class ReleaseMissingError(Exception):
    """The earlier release is not in this clone; the message says what to do."""


def source(root: Path = ROOT, commit: str = COMMIT) -> bytes:
    """Source of the earlier release as a tar.

    Args:
        root: the clone.
        commit: the release.
    Raises:
        ReleaseMissingError: the clone is shallow, or is no clone.
    """
    git = ["git", "-C", str(root), "-c", f"safe.directory={root}"]
    done = subprocess.run([*git, "archive", "--format=tar", commit], capture_output=True, check=False)
    if done.returncode == 0:
        return done.stdout
    shallow = subprocess.run(
        [*git, "rev-parse", "--is-shallow-repository"], capture_output=True, text=True, check=False
    )
    if shallow.stdout.strip() == "true":
        raise ReleaseMissingError(
            f"suite upgrade needs commit {commit}, and {root} is a shallow clone without it; "
            f"run `git -C {root} fetch --unshallow`, then run the suite again"
        )
    reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
    raise ReleaseMissingError(
        f"suite upgrade needs commit {commit} of this project, and git cannot read it in {root} ({''.join(reason)}); "
        "run the suite in a full clone (git clone)"
    )


def old_venv(requirements: Path) -> Path:
    """The Python environment of the earlier release, made once and kept in build/upgrade.

    Args:
        requirements: its requirements.txt.
    Raises:
        AssertionError: pip failed; the message holds its last lines.
    """
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = FOLDER / f"venv-{digest}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--no-input", "-r", str(requirements)]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"the earlier release's packages could not be installed\n{done.stderr[-2000:]}"
        (folder / "complete").touch()
    return folder


def lay_out_old(name: str) -> Path:
    """A folder with the earlier release, as a clone of that time; the lab's state is this clone's.

    Args:
        name: the lab's name.
    Returns:
        the folder, in which `.venv/bin/python -m cli` works.
    """
    project = FOLDER / name
    shutil.rmtree(project, ignore_errors=True)
    project.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(source())) as tar:
        tar.extractall(project, filter="data")
    # Plugins that a person dropped belong to the clone.
    shutil.copytree(ROOT / "files/plugins", project / "files/plugins", dirs_exist_ok=True)
    (project / ".venv").symlink_to(old_venv(project / "requirements.txt"))
    (project / ".lab").symlink_to(ROOT / ".lab")
    return project


def switch_to_present(project: Path) -> None:
    """Replace the earlier source by the present one, as `git pull` does.

    Args:
        project: the folder that lay_out_old made.
    """
    for path in project.iterdir():
        if path.name in KEPT:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(*NOT_SOURCE), symlinks=True, dirs_exist_ok=True)
    (project / ".venv").unlink()
    (project / ".venv").symlink_to(ROOT / ".venv")
