"""Everything that a lab holds beyond what was installed: what `slate reset` throws away, whoever made it.

The slate's other commands know the notes' names alone. A reset is for the next class, and finds what this one made.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import slate_stores as stores

PRISTINE = Path("/usr/local/share/streaming-lab/course")
"""What the role course put into the student's folders, by full path (module seeded_files)."""
SERVICES = ("bluesky-search.service", "hdfs-sink@*.service")
"""Units that write into topics and HDFS by themselves."""
INTERNAL = ("__consumer_offsets", "__transaction_state", "connect-offsets", "connect-configs", "connect-status")
"""Topics of the servers themselves."""


def everything(settings: dict) -> stores.Names:
    """Name all that a lab's servers hold, by the slate's kinds.

    Args:
        settings: the lab's addresses and folders (slate.json).
    """
    connectors = stores.all_connectors(settings)
    topics, groups = stores.all_in_kafka(settings)
    return {
        "connector": connectors,
        "offsets": [name for name in stores.all_offsets(settings) if name not in connectors],
        "topic": [name for name in topics if name not in INTERNAL],
        "group": groups,
        "dropped": stores.all_tables(settings),
        "hdfs": stores.all_in_hdfs(settings),
    }


def stop_services() -> list[str]:
    """Stop what writes by itself, and say which of it ran."""
    listing = ["systemctl", "list-units", "--plain", "--no-legend", "--state=active,activating,reloading", *SERVICES]
    found = subprocess.run(listing, capture_output=True, text=True, check=False).stdout
    running = [line.split()[0] for line in found.splitlines() if line.strip()]
    if running:
        subprocess.run(["systemctl", "stop", *running], capture_output=True, check=False)
    return running


def start_services(stopped: list[str]) -> None:
    """Start again those that also start at boot; one that somebody started by hand stays stopped."""
    for unit in stopped:
        if subprocess.run(["systemctl", "is-enabled", unit], capture_output=True, check=False).returncode == 0:
            subprocess.run(["systemctl", "start", "--no-block", unit], capture_output=True, check=False)


def put_aside(settings: dict, pristine: Path = PRISTINE, now: float | None = None) -> list[Path]:
    """Bring the course's files back to what was installed; what a person changed or added is kept in a folder beside.

    Args:
        settings: `home` and `programs` of the student.
        pristine: what was installed.
        now: seconds since the epoch, for the folder's name.

    Returns:
        What was moved to `~/abans-del-reset-DATE` ("before the reset").
    """
    home, programs = Path(settings["home"]), Path(settings["programs"])
    aside = home / f"abans-del-reset-{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}"
    installed = {Path("/", path.relative_to(pristine)): path for path in pristine.rglob("*") if path.is_file()}
    moved = []
    for path in sorted({*installed, *programs.glob("*")}):
        original = installed.get(path)
        if path.name == "__pycache__" or (original and _same(path, original)):
            continue
        if path.exists() or path.is_symlink():
            target = aside / path.relative_to("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            # A rename takes a link as it is, and what a folder holds with it.
            shutil.move(path, target)
            moved.append(path)
        if original:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(original, path)
            path.chmod(0o664)
    return moved


def _same(path: Path, original: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.read_bytes() == original.read_bytes()
