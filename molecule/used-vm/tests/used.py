"""A host that somebody used before: what a test prepares on it, and removes again."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from scenario_kit import PODMAN, Scenario, as_root
from traces import differences, traces

from verify.support.machine import PASSWORD_FILE, Machine, read_password

# The memory controller where cgroups are hybrid or of version 1.
MEMORY_V1 = Path("/sys/fs/cgroup/memory")
LATE_PYTHON = "/usr/local/bin/python3-late"
# A lock as apt and dpkg take it (fcntl), not one of flock(1), which they do not see.
HOLD_LOCK = (
    "import fcntl, sys, time; "
    "files = [open(path, 'w') for path in ('/var/lib/dpkg/lock-frontend', '/var/lib/dpkg/lock')]; "
    "[fcntl.lockf(file, fcntl.LOCK_EX) for file in files]; time.sleep(float(sys.argv[1]))"
)


@contextlib.contextmanager
def unchanged(*machines: UsedMachine, servers_write: tuple[str, ...] = ()) -> Iterator[None]:
    """Checks that a block changes nothing on any of the hosts.

    Args:
        machines: the hosts.
        servers_write: folders in which servers that run change files by themselves.
    """
    hosts = {one.name: one.machine for one in machines}
    before = traces(hosts)
    yield
    changes = differences(before, traces(hosts))
    changes = [line for line in changes if not line.partition(": ")[2].startswith(servers_write)]
    assert not changes, changes


class UsedMachine:
    """A host of a scenario, and what tests do to it.

    Args:
        scenario: the lab's scenario.
        machine: the host.
    """

    def __init__(self, scenario: Scenario, machine: Machine) -> None:
        self.machine = machine
        self.name = machine.name
        self.container = f"{scenario.name}-{machine.name}"

    def use_password(self, path: Path) -> None:
        """Give sudo on the host a password from now on.

        Args:
            path: the file with the password.
        """
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(PASSWORD_FILE, str(path))
            read_password()
        self.machine = Machine(self.machine.info)

    def root(self, command: str, check: bool = True, seconds: int = 120) -> str:
        """Run a shell command as root; see verify.support.machine."""
        return self.machine.root(command, check, seconds)

    def write(self, path: str, text: str) -> None:
        """Write a file as root.

        Args:
            path: of the file; its folder is made.
            text: its content.
        """
        self.root(f"mkdir -p $(dirname {path}) && printf %s {shlex.quote(text)} >{path}")

    @contextlib.contextmanager
    def file(self, path: str, text: str) -> Iterator[None]:
        """A file that is there for the length of a block; see `write`."""
        self.write(path, text)
        try:
            yield
        finally:
            self.root(f"rm {path}")

    @contextlib.contextmanager
    def person(self, name: str, uid: int) -> Iterator[None]:
        """A person with sudo who is logged in, for the length of a block.

        Args:
            name: of the user and the group.
            uid: its number.
        """
        self.root(f"useradd --create-home --uid {uid} --groups sudo --shell /bin/bash {name}")
        self.root(f"systemd-run --quiet --collect --unit=login-{name} --uid={name} sleep 600")
        try:
            yield
        finally:
            self.root(f"systemctl stop login-{name}; userdel --remove {name} 2>/dev/null; rm -f /var/mail/{name}")

    @contextlib.contextmanager
    def memory(self, available_mb: int) -> Iterator[None]:
        """A /proc/meminfo of a machine of 2 GB, for the length of a block.

        Args:
            available_mb: what it says is available.
        """
        fields = {"MemTotal": 1920, "MemFree": 200, "MemAvailable": available_mb, "SwapFree": 0}
        self.write("/run/meminfo", "".join(f"{name}: {number * 1024} kB\n" for name, number in fields.items()))
        self.root("mount --bind /run/meminfo /proc/meminfo")
        try:
            yield
        finally:
            self.root("umount /proc/meminfo", check=False)

    def limit_memory(self, megabytes: int) -> None:
        """Limit the memory of all that runs on the host, as a small machine's size does.

        Args:
            megabytes: the limit.
        """
        pid = int(as_root(PODMAN, "inspect", "--format", "{{.State.Pid}}", self.container).stdout)
        own = next(line for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines() if line.startswith("0::"))
        unified = Path("/sys/fs/cgroup") / own[3:].lstrip("/")
        # systemd's first process is in a group of its own below the container's.
        unified = unified.parent if unified.name == "init.scope" else unified
        if (unified / "memory.max").exists():
            as_root("sh", "-c", f"echo {megabytes}M >{unified}/memory.max")
            return
        group = MEMORY_V1 / self.container
        as_root(
            "sh", "-c",
            f"mkdir -p {group}; echo {megabytes}M >{group}/memory.limit_in_bytes; "
            f"for process in /proc/[0-9]*; do "
            f'[ "$(readlink $process/ns/pid)" != "$(readlink /proc/{pid}/ns/pid)" ] '
            f"|| echo ${{process#/proc/}} >{group}/cgroup.procs; done",
        )  # fmt: skip

    def hold_apt(self, seconds: int) -> None:
        """Hold apt's locks, as unattended-upgrades does on a machine that has just started.

        Args:
            seconds: for how long; `free_apt` ends it.
        """
        command = f"/usr/bin/python3 -c {shlex.quote(HOLD_LOCK)} {seconds}"
        self.root(f"systemd-run --quiet --collect --unit=apt-holder {command}")

    def free_apt(self) -> None:
        """End `hold_apt`."""
        self.root("systemctl stop apt-holder", check=False)
