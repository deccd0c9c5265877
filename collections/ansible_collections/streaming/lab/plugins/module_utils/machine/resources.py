"""What a machine has free: memory, disk, and who listens on a port. Read from /proc, nothing is changed."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

LISTEN = "0A"


def memory_field_mb(name: str, proc: Path = Path("/proc")) -> int:
    """A field of /proc/meminfo (proc(5)), in MB; 0 where it is missing."""
    for line in _lines(proc / "meminfo"):
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) // 1024
    return 0


def available_memory_mb(proc: Path = Path("/proc"), groups: Path = Path("/sys/fs/cgroup")) -> int:
    """Memory in MB that new processes can have without swapping: MemAvailable, or less where a control group limits it.

    Args:
        proc: where proc(5) is mounted.
        groups: where the machine's control groups are mounted.
    """
    available = memory_field_mb("MemAvailable", proc)
    # The root group of a whole machine has no limit; that of a container has (Linux: admin-guide/cgroup-v2.rst).
    for limit, used in (
        (groups / "memory.max", groups / "memory.current"),
        (groups / "memory/memory.limit_in_bytes", groups / "memory/memory.usage_in_bytes"),
    ):
        text = _lines(limit)[0]
        if text.isdigit() and _lines(used)[0].isdigit():
            available = min(available, max(0, int(text) - int(_lines(used)[0])) // 2**20)
    return available


def memory_problems(needed: int, parts: str, available: int, swap: int) -> tuple[list[str], list[str]]:
    """Whether memory is enough, in one readable line each.

    Args:
        needed: MB; 0 asks for none.
        parts: what it is needed for, in words; may be empty.
        available: MB without swapping.
        swap: MB of swap that are free.
    Returns:
        problems and notes: what fits only with swap is a note.
    """
    purpose = f" for {parts}" if parts else ""
    told = f"memory: {available} MB available, {needed} MB needed{purpose}"
    if available >= needed:
        return [], []
    if available + swap >= needed:
        return [], [f"{told}; the rest is swap, so the servers may be slow: add memory"]
    return [f"{told}; close programs or add memory"], []


def free_disk_mb(path: str) -> tuple[int, str]:
    """Free space where `path` is or would be made.

    Args:
        path: a folder that may not exist yet.
    Returns:
        free MB, and the nearest folder that exists.
    """
    folder = Path(path).expanduser().absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free // 2**20, str(folder)


def can_listen(address: str, port: int) -> bool:
    """Whether a server could listen on address:port now."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        # As servers do: a port in TIME_WAIT is free, one that is listened on is not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def listener_of(port: int, proc: Path = Path("/proc")) -> tuple[int, str] | None:
    """The process that listens on a TCP port of any address.

    Returns:
        process id and command line; None where it cannot be seen (another user's, or another namespace's).
    """
    inodes = {
        f"socket:[{fields[9]}]"
        for table in ("tcp", "tcp6")
        for fields in map(str.split, _lines(proc / "net" / table)[1:])
        if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port
    }
    if not inodes:
        return None
    for process in proc.glob("[0-9]*"):
        try:
            if any(str(link.readlink()) in inodes for link in (process / "fd").iterdir()):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                return int(process.name), command
        except OSError:
            continue
    return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines() or [""]
    except OSError:
        return [""]


def unit_of(process: int, proc: Path = Path("/proc")) -> str:
    """The systemd unit that a process belongs to, by its cgroup; empty where there is none."""
    for line in _lines(proc / str(process) / "cgroup"):
        for part in reversed(line.split("/")):
            if part.endswith(".service"):
                return part
    return ""


def name_problems(name: str | None = None) -> list[str]:
    """Say if a machine's own name leads to no address, in one readable line; empty when it does.

    Args:
        name: to look up; the machine's own if not given.
    """
    own = name or socket.gethostname()
    try:
        socket.getaddrinfo(own, None)
    except OSError:
        return [f"name: this machine is called {own} and that leads to no address; add `127.0.1.1 {own}` to /etc/hosts"]
    return []


def problems(
    memory_mb: int,
    disk_mb: int,
    disk_path: str,
    addresses: list[str],
    own_processes: list[str],
    own_units: list[str] | None = None,
) -> list[str]:
    """What a machine lacks, one readable line each; empty when it will do.

    Args:
        memory_mb: memory that must be available; 0 asks for none.
        disk_mb: space that must be free under disk_path; 0 asks for none.
        disk_path: a folder that may not exist yet.
        addresses: ADDRESS:PORT that must be free to listen on.
        own_processes: words; a listener with one of them in its command line is ours and may stay.
        own_units: systemd units; a listener that belongs to one of them is ours and may stay.
    """
    found, _ = memory_problems(memory_mb, "", available_memory_mb(), 0)
    if disk_mb:
        free, folder = free_disk_mb(disk_path)
        if free < disk_mb:
            found.append(f"disk: {free} MB free in {folder}, {disk_mb} MB needed there; make room")
    for text in addresses:
        address, _, port = text.rpartition(":")
        address = address.strip("[]") or "0.0.0.0"  # noqa: S104 - what a server without an address listens on
        if can_listen(address, int(port)):
            continue
        holder = listener_of(int(port))
        if holder and any(word in holder[1].split() for word in own_processes):
            continue
        if holder and unit_of(holder[0]) in (own_units or []):
            continue
        who = f"process {holder[0]} ({holder[1][:80]})" if holder else "another process"
        found.append(f"port: {text} is taken by {who}; stop it, or choose another port")
    return found
