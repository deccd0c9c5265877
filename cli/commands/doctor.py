"""./lab doctor: what is missing or odd on this machine, and what up would do; changes nothing."""

from __future__ import annotations

import os
import shutil
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.streaming.lab.plugins.module_utils.containers import subordinate_ids
from ansible_collections.streaming.lab.plugins.module_utils.machine import apparmor
from ansible_collections.streaming.lab.plugins.module_utils.machine import resources as machine
from cli.errors import CHECK_FAILED, OK, LabError
from cli.lab import Lab, shown
from cli.machine import sudo
from cli.machine.caches import cache_folders
from cli.machine.filesystem import WITHOUT_MODES, file_system
from cli.machine.packages import is_there, packages_of, venv_package
from cli.ui.printable import printable

OKAY, NOTE, BAD = "ok", "note", "PROBLEM"
MEMORY_MB = 5000
DISK_MB = 6000
STORAGE = "/var/lib/containers"
DEFAULT_LAB_PORTS = (9870, 8083)
CAP_SYS_RESOURCE = 24


@dataclass(frozen=True)
class Finding:
    """One line: how grave, about what, and what was seen."""

    level: str
    about: str
    text: str


def register(parser: ArgumentParser) -> None:
    """Add the command's own options and arguments to its parser."""
    parser.description = "Say what is missing or odd on this machine and what up would do. Changes nothing."


def run(lab: Lab, arguments: Namespace) -> int:
    """Look at this machine.

    Returns:
        1 if up would fail, else 0.
    """
    findings = [finding for check in checks_for(lab) for finding in check(lab)]
    width = max(len(finding.about) for finding in findings)
    for finding in findings:
        print(f"  {finding.level.ljust(len(BAD))}  {finding.about.ljust(width)}  {printable(finding.text)}")
    bad = sum(finding.level == BAD for finding in findings)
    print(f"\n{lab.retype('up')} would {plan(lab)}.")
    print(f"It would fail: {bad} problem{'s' * (bad != 1)} above." if bad else "Nothing is in its way.")
    return CHECK_FAILED if bad else OK


def checks_for(lab: Lab) -> list[Callable[[Lab], list[Finding]]]:
    """What is looked at: the container engine only where the lab is made of containers."""
    everywhere: list[Callable[[Lab], list[Finding]]] = [python_found, clone_folder, packages, privileges, caches]
    if not lab.is_containers:
        return everywhere
    return [*everywhere, cgroups, init, resource_limit, user_namespaces, profiles, room, ports, leftovers]


def plan(lab: Lab) -> str:
    """What up would do here, as the end of a sentence."""
    steps = []
    missing = missing_packages(lab)
    if missing:
        steps.append(f"install {', '.join(missing)} by apt")
    if not (lab.root / ".venv" / "lab-stamp").exists():
        steps.append("make .venv")
    if lab.is_containers:
        steps.append(f"make or start the containers of lab {lab.name}")
    return ", ".join([*steps, f"provision the hosts of {lab.shown_inventory} and verify them"])


def missing_packages(lab: Lab) -> list[str]:
    """Packages that up would install."""
    wanted = packages_of("up", lab.is_containers)
    missing = [package for package, what in wanted.items() if not is_there(what)]
    made = (lab.root / ".venv" / "lab-stamp").exists()
    return missing if made else missing + venv_package(sys.executable)


def python_found(lab: Lab) -> list[Finding]:
    """The interpreter, and .venv."""
    version = ".".join(map(str, sys.version_info[:3]))
    ready = (lab.root / ".venv" / "lab-stamp").exists()
    return [
        Finding(OKAY, "python", f"{version} ({sys.executable})"),
        Finding(
            OKAY if ready else NOTE,
            ".venv",
            "made" if ready else "not made yet, or not to its end; up makes it",
        ),
    ]


def clone_folder(lab: Lab) -> list[Finding]:
    """Whether the clone lies where its keys and its Python environment can."""
    kind = file_system(lab.root)
    if kind in WITHOUT_MODES:
        return [
            Finding(BAD, "clone", f"on a shared folder ({kind}) without modes or links; move the clone into your home")
        ]
    return [Finding(OKAY, "clone", f"{lab.root} ({kind or 'file system not known'})")]


def packages(lab: Lab) -> list[Finding]:
    """Packages that up would install."""
    missing = missing_packages(lab)
    if not missing:
        return [Finding(OKAY, "packages", "all there")]
    if not shutil.which("apt-get"):
        return [Finding(BAD, "packages", f"missing, and there is no apt-get: {', '.join(missing)}")]
    return [Finding(NOTE, "packages", f"missing, up installs them: {', '.join(missing)}")]


def privileges(lab: Lab) -> list[Finding]:
    """Whether root can be had where it is needed."""
    if os.geteuid() == 0:
        return [Finding(OKAY, "root", "this is root")]
    if not lab.is_containers and not missing_packages(lab):
        return [Finding(OKAY, "root", "not needed on this machine")]
    try:
        asks = sudo.asks_password()
    except LabError as error:
        return [Finding(BAD, "root", str(error))]
    return [Finding(OKAY, "root", "sudo will ask for your password" if asks else "sudo without password")]


def caches(lab: Lab) -> list[Finding]:
    """How full the artifact cache is: what decides if up can do without the network."""
    findings = []
    for folder in cache_folders(lab):
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
        text = f"holds {size // 2**20} MB; what it lacks up fetches (network not tried)"
        findings.append(
            Finding(OKAY, "cache", f"{folder} {text}")
            if size
            else Finding(NOTE, "cache", f"{folder} is empty: up needs the network")
        )
    return findings


def cgroups(lab: Lab) -> list[Finding]:
    """Which cgroups this machine mounts."""
    if Path("/sys/fs/cgroup/cgroup.controllers").exists():
        return [Finding(OKAY, "cgroups", "pure v2")]
    mode = "hybrid (v1 and unified)" if Path("/sys/fs/cgroup/unified").is_dir() else "v1"
    return [
        Finding(
            NOTE,
            "cgroups",
            f"{mode}: containers get a private mount namespace with pure v2; yours stays as it is",
        )
    ]


def init(lab: Lab) -> list[Finding]:
    """Whether systemd runs this machine."""
    name = Path("/proc/1/comm").read_text(encoding="utf-8").strip()
    if Path("/run/systemd/system").is_dir():
        return [Finding(OKAY, "PID 1", name)]
    return [Finding(NOTE, "PID 1", f"{name}, not systemd: containers are run with cgroupfs")]


def resource_limit(lab: Lab) -> list[Finding]:
    """Whether root may raise limits here: CAP_SYS_RESOURCE in the bounding set."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("CapBnd:") and int(line.split()[1], 16) >> CAP_SYS_RESOURCE & 1:
            return [Finding(OKAY, "limits", "CAP_SYS_RESOURCE is there")]
    return [Finding(NOTE, "limits", "no CAP_SYS_RESOURCE: containers get limits that this machine allows")]


def user_namespaces(lab: Lab) -> list[Finding]:
    """Whether root in a container can be an ordinary account of this machine. `up` tries it."""
    limit = Path("/proc/sys/user/max_user_namespaces")
    if not limit.exists() or limit.read_text(encoding="ascii").strip() == "0":
        why = "user namespaces are switched off (user.max_user_namespaces)"
        return [Finding(NOTE, "isolation", f"{why}: root in a container will be root of this machine")]
    missing = subordinate_ids.add_ranges(change=False)
    if missing:
        said = "; ".join(line.removeprefix("added ") for line in missing)
        return [Finding(NOTE, "isolation", f"up gives containers ids of their own: adds {said}")]
    return [Finding(OKAY, "isolation", "containers have ids of their own")]


def profiles(lab: Lab) -> list[Finding]:
    """Whether an AppArmor profile of this machine would confine a server in a container. Only root can read them."""
    if apparmor.PROFILES.exists() and not os.access(apparmor.PROFILES, os.R_OK):
        return [Finding(NOTE, "AppArmor", "only root sees which profiles are loaded; up checks them")]
    found = apparmor.enforced(["/usr/sbin/mysqld"])
    return [Finding(BAD, "AppArmor", text.removeprefix("AppArmor: ")) for text in found]


def room(lab: Lab) -> list[Finding]:
    """Memory and disk."""
    memory, (disk, folder) = machine.available_memory_mb(), machine.free_disk_mb(STORAGE)
    own = _own_listener(lab)
    enough = memory >= MEMORY_MB or own
    return [
        Finding(
            OKAY if enough else BAD,
            "memory",
            f"{memory} MB available{' beside the running lab' * own}{f', {MEMORY_MB} needed' * (not enough)}",
        ),
        Finding(
            OKAY if disk >= DISK_MB else BAD,
            "disk",
            f"{disk} MB free in {folder}{'' if disk >= DISK_MB else f', {DISK_MB} needed'}",
        ),
    ]


def ports(lab: Lab) -> list[Finding]:
    """The ports on which the default lab's web addresses are published. A lab of another name has others."""
    if lab.name != "lab":
        return [Finding(OKAY, "ports", f"lab {lab.name} publishes its own; up checks them")]
    addresses = [f"127.0.0.1:{port}" for port in DEFAULT_LAB_PORTS]
    taken = [] if _own_listener(lab) else machine.problems(0, 0, "/", addresses, [])
    if taken and os.geteuid() != 0 and (lab.state / "ssh" / "known_hosts").exists():
        # Only root sees which process holds a port, and a lab of this name was made here.
        taken_by = f"taken, by lab {lab.name} if it runs (root could tell)"
        return [Finding(NOTE, "ports", f"{' and '.join(addresses)} {taken_by}")]
    return [Finding(BAD, "ports", text) for text in taken] or [
        Finding(OKAY, "ports", f"{' and '.join(addresses)} free, or this lab's own")
    ]


def leftovers(lab: Lab) -> list[Finding]:
    """State that a lab left on this machine."""
    states = sorted(path.name for path in (lab.root / ".lab").glob("*") if path.is_dir())
    found = (
        [Finding(NOTE, "labs", f"state of {', '.join(states)} in {shown(lab.root / '.lab', lab.root)}")]
        if states
        else []
    )
    stale = Path(STORAGE).is_dir() and not Path("/run/libpod").exists() and not Path("/run/containers").exists()
    if stale:
        found.append(
            Finding(NOTE, "containers", "none run since this machine started; up starts what an earlier lab left")
        )
    return found


def _own_listener(lab: Lab) -> bool:
    """Whether this lab's own containers hold the published ports."""
    # Infra containers publish the ports, or hosts that have none. They are in the command line of podman's monitor.
    names = {f"{lab.name}-{host}{suffix}" for host in ("kafka", "hadoopmaster") for suffix in ("", "_infra")}
    for port in DEFAULT_LAB_PORTS:
        if not machine.can_listen("127.0.0.1", port):
            holder = machine.listener_of(port)
            if holder and names & set(holder[1].split()):
                return True
    return False
