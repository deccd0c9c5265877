"""Network links of a lab on this machine that podman did not remove, because a run was interrupted."""

from __future__ import annotations

import ipaddress
import json
import subprocess
import time
from pathlib import Path

SYS = Path("/sys/class/net")
START_SECONDS = 2
"""Time in which a container that starts gets its first process, after podman made its link."""


def remove_bridge(network: dict) -> None:
    """Delete the bridge of a removed network and the links in it, where podman left them.

    Another network can have the bridge's name by now. So a bridge without an address in the network's subnet stays.

    Args:
        network: as podman listed it before it was removed.
    """
    bridge = network.get("network_interface", "")
    subnets = [ipaddress.ip_network(entry["subnet"]) for entry in network.get("subnets") or []]
    links = _links_in(bridge)
    if links is None or not any(address in subnet for address in _addresses(bridge) for subnet in subnets):
        return
    for link in [*links, bridge]:
        _ip("link", "delete", "dev", link)


def remove_ended(network: dict) -> list[str]:
    """Delete links in a network's bridge that lead to a network namespace without a process.

    Such a namespace still has a host's address, and answers instead of the host's new container.

    Returns:
        names of the links.
    """
    bridge = network.get("network_interface", "")
    ended = _ended_links(bridge)
    if ended:
        time.sleep(START_SECONDS)
        ended &= _ended_links(bridge)
    for link in ended:
        _ip("link", "delete", "dev", link)
    return sorted(ended)


def _ended_links(bridge: str) -> set[str]:
    """Links in a bridge of which no process has the other end."""
    links = _links_in(bridge)
    if not links:
        return set()
    used = _used_indexes()
    return {link for link in links if (index := _index(link)) is not None and index not in used}


def _links_in(bridge: str) -> list[str] | None:
    """Names of the links in a bridge; None where there is no such bridge."""
    folder = SYS / bridge / "brif"
    return sorted(path.name for path in folder.iterdir()) if bridge and folder.is_dir() else None


def _index(link: str) -> int | None:
    """Number of a link (netdevice(7)); None where it is gone."""
    try:
        return int((SYS / link / "ifindex").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _addresses(link: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Addresses of a link."""
    shown = json.loads(_ip("-json", "address", "show", "dev", link) or "[]")
    return [ipaddress.ip_address(entry["local"]) for found in shown for entry in found.get("addr_info", [])]


def _used_indexes(proc: Path = Path("/proc")) -> set[int]:
    """Numbers of the links that are the other end of a link in any process's network namespace."""
    namespaces: dict[int, Path] = {}
    for path in proc.glob("[0-9]*/ns/net"):
        try:
            namespaces[path.stat().st_ino] = path
        except OSError:
            continue
    used = set()
    for path in namespaces.values():
        shown = _run("nsenter", f"--net={path}", "ip", "-json", "link", "show", "type", "veth")
        used |= {int(found.get("link_index", 0)) for found in json.loads(shown or "[]")}
    return used


def _ip(*arguments: str) -> str:
    """Output of ip(8); empty where it fails."""
    return _run("ip", *arguments)


def _run(*argv: str) -> str:
    """Output of a command; empty where it fails."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""
