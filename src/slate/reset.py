"""`slate reset`: everything on a lab beyond the installation, whoever made it.

The other commands only know the names of the notes. A reset prepares the lab for the next class.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from slate import connectors, hdfs_files, tables, topics
from slate.stores import Names, Settings

INSTALLED = Path("/usr/local/share/streaming-lab/course")
"""The files that the role course put into the student's folders, by full path (module seeded_files)."""
SERVICES = ("bluesky-search.service", "faust-mean.service", "hdfs-sink@*.service")
"""Units that write into topics and HDFS by themselves."""
INTERNAL = ("__consumer_offsets", "__transaction_state", "connect-offsets", "connect-configs", "connect-status")
"""Topics of the servers."""


def everything(settings: Settings) -> Names:
    """List everything on the lab's servers, by the slate's kinds."""
    connector_names = connectors.all_names(settings)
    topic_names, groups = topics.all_names(settings)
    return {
        "connector": connector_names,
        "offsets": [name for name in connectors.all_offsets(settings) if name not in connector_names],
        "topic": [name for name in topic_names if name not in INTERNAL],
        "group": groups,
        "dropped": tables.all_names(settings),
        "hdfs": hdfs_files.all_names(settings),
    }


def stop_services() -> list[str]:
    """Stop the units that write by themselves; returns those that ran."""
    command = ["systemctl", "list-units", "--plain", "--no-legend", "--state=active,activating,reloading", *SERVICES]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    running = [line.split()[0] for line in lines if line.strip()]
    if running:
        subprocess.run(["systemctl", "stop", *running], capture_output=True, check=False)
    return running


def start_services(units: list[str]) -> None:
    """Start the units that also start at boot; a unit that a person started by hand stays stopped."""
    for unit in units:
        if _starts_at_boot(unit):
            subprocess.run(["systemctl", "start", "--no-block", unit], capture_output=True, check=False)


def pause_services(units: list[str]) -> None:
    """Stop the units that start at boot: the inventory wants them, so they are no person's work."""
    for unit in units:
        if _starts_at_boot(unit):
            subprocess.run(["systemctl", "stop", unit], capture_output=True, check=False)


def _starts_at_boot(unit: str) -> bool:
    return subprocess.run(["systemctl", "is-enabled", unit], capture_output=True, check=False).returncode == 0


def remove_states(settings: Settings) -> list[Path]:
    """Remove the states of all programs of Kafka Streams in the student's home; their topics are gone."""
    folder = Path(settings["home"]) / ".kafka-streams"
    if folder.is_symlink() or not folder.is_dir():
        return []
    shutil.rmtree(folder)
    return [folder]


def restore_files(settings: Settings, installed: Path = INSTALLED, now: float | None = None) -> list[Path]:
    """Restore the course's files; files that a person changed or added are moved to a folder in their home.

    Args:
        settings: `home` and `programs` of the student.
        installed: the original files.
        now: seconds since the epoch, for the folder's name.

    Returns:
        The files that were moved to `~/abans-del-reset-DATE` ("before the reset").
    """
    home, programs = Path(settings["home"]), Path(settings["programs"])
    backup = home / f"abans-del-reset-{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}"
    originals = {Path("/", path.relative_to(installed)): path for path in installed.rglob("*") if path.is_file()}
    moved = []
    for path in sorted({*originals, *programs.glob("*"), *(home / "kafka-streams").glob("*")}):
        original = originals.get(path)
        if path.name == "__pycache__" or (original and _same(path, original)):
            continue
        if path.exists() or path.is_symlink():
            target = backup / path.relative_to("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            # A rename moves a link itself, and a folder with its content.
            shutil.move(path, target)
            moved.append(path)
        if original:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(original, path)
            path.chmod(0o664)
    return moved


def _same(path: Path, original: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.read_bytes() == original.read_bytes()
