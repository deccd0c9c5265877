"""A model of a class: which resource decides how long it takes to provision many hosts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HOSTS = 30
HOST_CORES = 2
LINKS = {"gigabit": 940, "Wi-Fi": 100}
"""Mbit/s that all hosts share."""
INTERNET_MBIT = 100
HEADERS = 1.06
"""Bytes on the wire for each byte of a full TCP segment: 1538 of Ethernet for 1448 of data."""


def model(added: Mapping[str, float], cores: int) -> list[dict[str, Any]]:
    """Seconds that each resource is busy; the largest is the least time that the class can take.

    Args:
        added: cost of an added host, as many_hosts.slopes gives it: MB and seconds.
        cores: of the control machine.
    Returns:
        a row for each link.
    """
    rows = []
    for link, mbit in LINKS.items():
        seconds = {
            "push s": seconds_of(added["pushed MB"], mbit),
            "packages s": seconds_of(added["packages MB"], min(mbit, INTERNET_MBIT)),
            "control s": HOSTS * added["control cpu s"] / cores,
            "host s": added["hosts cpu s"] / HOST_CORES,
        }
        # Push and packages use one air.
        if mbit <= INTERNET_MBIT:
            seconds["push s"] += seconds["packages s"]
        slowest = max(seconds, key=lambda name: seconds[name])
        rows.append({"link": link, "Mbit/s": mbit, **seconds, "decides": slowest.removesuffix(" s")})
    return rows


def seconds_of(megabytes: float, mbit: int) -> float:
    """Seconds in which a link carries the data of all hosts.

    Args:
        megabytes: for one host.
        mbit: of the link, in Mbit/s.
    """
    return HOSTS * megabytes * 8 * HEADERS / mbit
