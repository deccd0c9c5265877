"""AppArmor profiles of this machine that would confine programs in containers.

A profile is attached to a program by its path, whatever root directory the process has. A container that runs
unconfined gets no profile of its own that would prevent that.
"""

from __future__ import annotations

from pathlib import Path

PROFILES = Path("/sys/kernel/security/apparmor/profiles")


def enforced(programs: list[str], profiles: Path = PROFILES) -> list[str]:
    """Say for each program that an enforced profile of this machine confines it, with the remedy.

    Args:
        programs: absolute paths in the containers.
        profiles: the kernel's list, one `NAME (MODE)` a line; readable by root alone.
    """
    try:
        loaded = set(profiles.read_text(encoding="utf-8").splitlines())
    except OSError:
        return []
    return [
        f"AppArmor: this machine's profile of {program} also confines {program} in containers, where it cannot work; "
        f"switch the profile off (sudo ln -s /etc/apparmor.d/{_file(program)} /etc/apparmor.d/disable/; "
        f"sudo apparmor_parser -R /etc/apparmor.d/{_file(program)}), or use virtual machines"
        for program in programs
        if f"{program} (enforce)" in loaded
    ]


def _file(program: str) -> str:
    """Name of the file of a profile, as distributions give it: usr.sbin.mysqld."""
    return program.strip("/").replace("/", ".")
