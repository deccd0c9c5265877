"""Filters: by which address each host of an inventory is reached by the others, from what the hosts say."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

# What a host says of itself: module machine_check's `addresses`. None for a host that was not asked.
Addresses = list[dict[str, str]] | None


def lab_addresses(
    wanted: Mapping[str, str],
    addresses: Mapping[str, Addresses],
    one_machine: bool = False,
    recorded: Mapping[str, str] | None = None,
) -> dict[str, dict[str, str]]:
    """Choose each host's address.

    An address that a host has, and no other host has, is kept. Else (Ansible logs in by a forwarded port, a public
    address or a DNS name) it is the host's only address that no other host has, or the only one of those in a network
    that all hosts share.

    A host that was not asked has the address of an earlier run, and the inventory's where there is none. With such a
    host, which addresses are unique and shared is known in part only: then a host that was asked keeps the address of
    an earlier run if it still has it.

    Args:
        wanted: `lab_address` by host; a DNS name where the inventory gives no address.
        addresses: what each host says of itself.
        one_machine: whether all hosts are names of one machine.
        recorded: addresses that an earlier run chose, by host.
    Returns:
        {address, problem} by host; one of both is empty.
    """
    asked = {host: found for host, found in addresses.items() if found is not None}
    owners: dict[str, set[str]] = {}
    for host, found in asked.items():
        for entry in found:
            owners.setdefault(entry["address"], set()).add(host)
    own = {host: [entry for entry in found if owners[entry["address"]] == {host}] for host, found in asked.items()}
    shared = _shared_networks(own)
    alone = one_machine or len(wanted) == 1 or not asked
    # An address that another host has now was given to it since.
    earlier = {host: address for host, address in (recorded or {}).items() if not owners.get(address, set()) - {host}}
    complete = len(asked) == len(wanted)
    chosen = {}
    for host, address in wanted.items():
        if host not in asked:
            chosen[host] = _of_silent_host(host, earlier.get(host, address), alone)
        elif not complete and earlier.get(host) in {entry["address"] for entry in own[host]}:
            chosen[host] = {"address": earlier[host], "problem": ""}
        elif alone and _kind(address) == "loopback":
            chosen[host] = {"address": address, "problem": ""}
        else:
            chosen[host] = _choose(host, address, asked[host], own[host], shared, alone)
    return chosen


def _kind(address: str) -> str:
    """What a text is: loopback, address, or name."""
    try:
        return "loopback" if ipaddress.ip_address(address).is_loopback else "address"
    except ValueError:
        return "name"


def _shared_networks(own: Mapping[str, list[dict[str, str]]]) -> set[str]:
    """Networks in which every host has an address of its own."""
    networks = [{entry["network"] for entry in entries if entry["network"]} for entries in own.values()]
    return set.intersection(*networks) if networks else set()


def _of_silent_host(host: str, address: str, alone: bool) -> dict[str, str]:
    """The address of a host that was not asked: the inventory's, if other hosts can use it."""
    if _kind(address) != "loopback" or alone:
        return {"address": address, "problem": ""}
    problem = (
        f"{host}: other hosts cannot reach it at {address}, and --limit leaves it out; set its lab_address, or run "
        "without --limit"
    )
    return {"address": "", "problem": problem}


def _choose(
    host: str, wanted: str, found: list[dict[str, str]], unique: list[dict[str, str]], shared: set[str], alone: bool
) -> dict[str, str]:
    """The address of a host that said which it has. Where there is no other host, any of them will do."""
    candidates = [entry["address"] for entry in unique]
    if wanted in candidates or (_kind(wanted) == "address" and ":" in wanted):
        return {"address": wanted, "problem": ""}
    within = [entry["address"] for entry in unique if entry["network"] in shared]
    for choice in (candidates, within):
        if len(choice) == 1:
            return {"address": choice[0], "problem": ""}
    if alone and candidates:
        return {"address": candidates[0], "problem": ""}
    if _kind(wanted) == "name" and not candidates:
        return {"address": wanted, "problem": ""}
    have = ", ".join(candidates or [entry["address"] for entry in found]) or "none"
    why = "is not an address of its own" if _kind(wanted) != "name" else "is a name"
    return {"address": "", "problem": f"{host}: lab_address {wanted} {why}; set lab_address to one of: {have}"}


def lab_twins(machine_ids: Mapping[str, str]) -> list[str]:
    """Say which hosts are copies of one machine that still have one machine-id.

    Args:
        machine_ids: by host; empty where it is not known.
    """
    hosts: dict[str, list[str]] = {}
    for host, number in machine_ids.items():
        if number:
            hosts.setdefault(number, []).append(host)
    return [
        f"{', '.join(sorted(names))} have the same machine-id, as copies of one machine do; DHCP may give them one "
        "address (inventory/classroom/README.md: Copies of one VM)"
        for names in hosts.values()
        if len(names) > 1
    ]


class FilterModule:
    """Ansible's entry to the filters above."""

    def filters(self) -> dict[str, Any]:
        """Names under which templates call the filters."""
        return {"lab_addresses": lab_addresses, "lab_twins": lab_twins}
