"""The boot of a machine: a wait until systemd has started the units of the boot."""

from __future__ import annotations

import subprocess


def wait_for_boot(seconds: int) -> list[str]:
    """Wait until systemd has started the units of the boot.

    Before that, a server that still starts would pass for one that runs, and a starting MySQL for one that refuses
    root's login.

    Args:
        seconds: longest wait.
    Returns:
        a note if the boot did not end in that time, else nothing; nothing also on a machine without systemd.
    """
    command = ("systemctl", "is-system-running", "--wait")
    try:
        subprocess.run(command, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return [f"systemd has not finished its start after {seconds} s; see: systemctl list-jobs"]
    except OSError:
        pass
    return []
