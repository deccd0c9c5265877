"""The script that bootstraps Debian: an image that is there is kept, and a failure is one line with its cause."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "roles/containers/files/bootstrap.sh"


def bootstrap(folder: Path, podman: str) -> subprocess.CompletedProcess[str]:
    """Run it with stand-ins for podman and mmdebstrap."""
    argv = ["bash", str(SCRIPT), str(folder / podman), "trixie", "systemd,sudo", "base:1"]
    path = f"{folder}:/usr/bin:/bin"
    return subprocess.run(argv, env={"PATH": path}, text=True, capture_output=True, check=False)


def test_an_image_that_is_there_is_kept(fake_commands: Callable[[str, str], Path]) -> None:
    folder = fake_commands("podman", "exit 0")
    fake_commands("mmdebstrap", "exit 9")
    assert bootstrap(folder, "podman").stdout == "kept base:1\n"


def test_keys_that_are_too_old_are_named(fake_commands: Callable[[str, str], Path]) -> None:
    folder = fake_commands("podman", "exit 1")
    fake_commands(
        "mmdebstrap", "echo 'W: GPG error: trixie: NO_PUBKEY 6ED0E7B82643E131' >&2; echo 'E: apt failed' >&2; exit 1"
    )
    done = bootstrap(folder, "podman")
    assert done.returncode == 1
    assert "debian-archive-keyring is too old for trixie; install a newer one (E: apt failed)" in done.stderr


def test_another_failure_is_apts_own_line(fake_commands: Callable[[str, str], Path]) -> None:
    folder = fake_commands("podman", "exit 1")
    fake_commands("mmdebstrap", "echo 'I: running apt-get update' >&2; echo 'E: no mirror answers' >&2; exit 1")
    assert bootstrap(folder, "podman").stderr == (
        "Debian trixie could not be bootstrapped from packages: E: no mirror answers\n"
    )
