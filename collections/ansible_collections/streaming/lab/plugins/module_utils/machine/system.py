"""The system of a machine: distribution and release, packages, addresses, clock, and who else writes its files.

`root` is the folder that stands for the root folder, `proc` the place where proc(5) is mounted.
"""

from __future__ import annotations

import ipaddress
import json
import platform
import re
import subprocess
import time
from pathlib import Path
from typing import Any

# Releases that derivatives such as Linux Mint name in UBUNTU_CODENAME or DEBIAN_CODENAME of os-release(5).
CODENAMES = {
    "bookworm": ("Debian", "12"),
    "trixie": ("Debian", "13"),
    "jammy": ("Ubuntu", "22.04"),
    "noble": ("Ubuntu", "24.04"),
    "plucky": ("Ubuntu", "25.04"),
    "questing": ("Ubuntu", "25.10"),
    "resolute": ("Ubuntu", "26.04"),
}
NAMES = {"debian": "Debian", "ubuntu": "Ubuntu"}
CLOCK_SECONDS = 60
# Files that apt and dpkg lock while they work (apt's apt.conf(5), Dir::State).
APT_LOCKS = ("var/lib/dpkg/lock-frontend", "var/lib/dpkg/lock", "var/lib/apt/lists/lock")


def read_os_release(root: Path = Path("/")) -> dict[str, str]:
    """The fields of os-release(5)."""
    path = root / "etc" / "os-release"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    fields = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip().strip("\"'") for key, _, value in fields}


def base_system(release: dict[str, str]) -> tuple[str, str]:
    """Distribution and release that a system is, or is derived from.

    Returns:
        such as ("Ubuntu", "24.04"); empty texts where the system is not derived from a release of CODENAMES.
    """
    name = NAMES.get(release.get("ID", ""))
    if name:
        return name, release.get("VERSION_ID", "")
    return CODENAMES.get(release.get("UBUNTU_CODENAME") or release.get("DEBIAN_CODENAME") or "", ("", ""))


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def system_problems(release: dict[str, str], systems: dict[str, str]) -> list[str]:
    """Say if the lab does not support this system.

    Args:
        release: from `read_os_release`.
        systems: lowest release by distribution, such as {"Debian": "13"}.
    """
    name, version = base_system(release)
    if not systems or (name in systems and version and _numbers(version) >= _numbers(str(systems[name]))):
        return []
    shown = release.get("PRETTY_NAME") or release.get("ID") or "an unknown system"
    wanted = ", ".join(f"{key} {value} or later" for key, value in sorted(systems.items()))
    return [f"system: {shown} is not supported; use {wanted}"]


def system_notes(release: dict[str, str]) -> list[str]:
    """Say that a derivative is treated as the system it is derived from."""
    name, version = base_system(release)
    if not name or release.get("ID") in NAMES:
        return []
    return [f"{release.get('PRETTY_NAME', release.get('ID'))} is treated as {name} {version}; it has not been tested"]


def system_facts(release: dict[str, str]) -> dict[str, str]:
    """The facts that roles read, under the names that Ansible's setup module gives them."""
    name, version = base_system(release)
    return {
        "distribution": name,
        "distribution_version": version,
        "architecture": platform.machine(),
        "nodename": platform.node(),
        "python_version": platform.python_version(),
    }


def installed_packages() -> list[str]:
    """Names of the OS packages that dpkg has installed; none where there is no dpkg."""
    try:
        done = subprocess.run(
            ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return []
    return [line.split()[0] for line in done.stdout.splitlines() if line.endswith(" installed")]


def clock_problems(control_time: float, now: float | None = None, tolerance: int = CLOCK_SECONDS) -> list[str]:
    """Say if this machine's clock differs from the control machine's.

    Args:
        control_time: the control machine's clock when it asked, in seconds since 1970; 0 asks for nothing.
        now: this machine's clock; read if not given.
        tolerance: seconds that they may differ.
    """
    difference = round((time.time() if now is None else now) - control_time)
    if not control_time or abs(difference) <= tolerance:
        return []
    side = "ahead of" if difference > 0 else "behind"
    return [
        f"clock: this host is {abs(difference)} s {side} the control machine; correct the one that is wrong "
        "(timedatectl set-ntp true, or timedatectl set-time)"
    ]


def own_addresses(proc: Path = Path("/proc")) -> list[dict[str, str]]:
    """IPv4 addresses of this machine's interfaces, without loopback.

    Returns:
        {address, network} each, sorted; network is such as 10.10.10.0/24, and empty where no route names it.
    """
    local, previous = set(), ""
    trie = proc / "net" / "fib_trie"
    for line in trie.read_text(encoding="ascii").splitlines() if trie.exists() else []:
        if match := re.search(r"\|-- ([0-9.]+)", line):
            previous = match[1]
        elif "/32 host LOCAL" in line:
            local.add(ipaddress.IPv4Address(previous))
    networks = connected_networks(proc)
    found = []
    for address in sorted(local):
        if address.is_loopback or address.is_link_local:
            continue
        around = [network for network in networks if address in network]
        widest = str(max(around, key=lambda network: network.prefixlen)) if around else ""
        found.append({"address": str(address), "network": widest})
    return found


def connected_networks(proc: Path = Path("/proc")) -> list[ipaddress.IPv4Network]:
    """Networks that an interface of this machine is part of: routes without a gateway."""
    table = proc / "net" / "route"
    networks = []
    for line in table.read_text(encoding="ascii").splitlines()[1:] if table.exists() else []:
        fields = line.split()
        target, gateway, mask = (int.from_bytes(bytes.fromhex(fields[n]), "little") for n in (1, 2, 7))
        if not gateway and mask:
            networks.append(ipaddress.IPv4Network((target, bin(mask).count("1"))))
    return networks


def names_files(root: Path = Path("/")) -> list[str]:
    """Files that must hold the lab's names: /etc/hosts, and cloud-init's template, which replaces it at each boot."""
    hosts, template = root / "etc/hosts", root / "etc/cloud/templates/hosts.debian.tmpl"
    if template.exists() and (_holds(hosts, r"manage_etc_hosts") or _cloud_manages_hosts(root)):
        return ["/etc/hosts", "/etc/cloud/templates/hosts.debian.tmpl"]
    return ["/etc/hosts"]


def _cloud_manages_hosts(root: Path) -> bool:
    """Whether cloud-init's merged configuration, or a file of it, says that /etc/hosts is rewritten."""
    merged = root / "run/cloud-init/combined-cloud-config.json"
    try:
        value = json.loads(merged.read_text(encoding="utf-8")).get("manage_etc_hosts")
        return value is True or str(value).lower() in ("true", "template")
    except (OSError, ValueError, AttributeError):
        pass
    files = [root / "etc/cloud/cloud.cfg", *sorted((root / "etc/cloud/cloud.cfg.d").glob("*.cfg"))]
    return any(_holds(path, r"^\s*manage_etc_hosts:\s*['\"]?(?i:true|template)\b") for path in files)


def wsl_writes_hosts(root: Path = Path("/")) -> bool:
    """Whether WSL writes /etc/hosts at each start."""
    written = _holds(root / "etc/hosts", r"generateHosts")
    return written and not _holds(root / "etc/wsl.conf", r"^\s*generateHosts\s*=\s*(?i:false)")


def _holds(path: Path, pattern: str) -> bool:
    try:
        return bool(re.search(pattern, path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE))
    except OSError:
        return False


def apt_notes(seconds: int, root: Path = Path("/")) -> list[str]:
    """Say who holds apt's locks, so that a wait has a reason.

    Args:
        seconds: how long the lab waits for them.
        root: folder that stands for the root folder.
    """
    for name in APT_LOCKS:
        holder = _lock_holder(root / name)
        if holder:
            return [f"apt is in use by {holder}; the lab waits up to {seconds} s for it where it installs packages"]
    return []


def _lock_holder(path: Path) -> str:
    """The process that holds a POSIX lock on a file (proc_locks(5)), in words; empty where there is none."""
    try:
        inode = path.stat().st_ino
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return ""
    for fields in map(str.split, lines):
        if "POSIX" in fields and fields[5].endswith(f":{inode}"):
            command = Path(f"/proc/{fields[4]}/comm")
            return f"process {fields[4]}" + (f" ({command.read_text().strip()})" if command.exists() else "")
    return ""


def firewall_notes(ports: list[str], root: Path = Path("/")) -> list[str]:
    """Say that ufw is on, with the command that opens the lab's ports.

    Args:
        ports: of the servers that this machine runs.
        root: folder that stands for the root folder.
    """
    if not ports or not _holds(root / "etc/ufw/ufw.conf", r"^ENABLED=(?i:yes)"):
        return []
    numbers = ",".join(sorted({port.rpartition(":")[2] for port in ports}, key=int))
    return [
        f"ufw is on; if other hosts cannot reach this one: sudo ufw allow proto tcp from NETWORK to any port {numbers}"
    ]


def machine_id(root: Path = Path("/")) -> str:
    """This machine's id (machine-id(5)); empty where it has none yet."""
    path = root / "etc/machine-id"
    return path.read_text(encoding="ascii").strip() if path.exists() else ""


def describe(control_time: float, systems: dict[str, str], now: float) -> dict[str, Any]:
    """What the lab's playbooks need to know of this machine, and what is wrong with its system or clock.

    Args:
        control_time: the control machine's clock, in seconds since 1970; 0 asks for nothing.
        systems: lowest release by distribution.
        now: this machine's clock when the check began, in seconds since 1970.
    Returns:
        facts, packages, addresses, names_files, wsl_writes_hosts, machine_id, problems, notes.
    """
    release = read_os_release()
    return {
        "facts": system_facts(release),
        "packages": installed_packages(),
        "addresses": own_addresses(),
        "names_files": names_files(),
        "wsl_writes_hosts": wsl_writes_hosts(),
        "machine_id": machine_id(),
        "problems": system_problems(release, systems) + clock_problems(control_time, now),
        "notes": system_notes(release),
    }
