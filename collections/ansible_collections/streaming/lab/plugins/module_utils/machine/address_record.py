"""The addresses that a run chose for hosts of a lab, kept in the lab's folder of state for runs that leave hosts out.

    {HOST: {"lab_address": "vm1.local", "address": "10.0.0.4"}}

A host with the inventory's own address has no entry. An entry counts only while the host's lab_address is the same, and
only for a host that runs may ask: a host on which nothing is installed (lab_host_install) is never asked.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

FILE = "addresses.json"
MOST_NAMED = 3

Record = dict[str, dict[str, str]]


class RecordError(Exception):
    """What is wrong with the file, in one line that says what to do."""


def read(path: Path) -> Record:
    """Read the record; a file that is not there is an empty one.

    Raises:
        RecordError: the file cannot be read, or does not hold a record.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise RecordError(
            f"{path}, the hosts' addresses of earlier runs, cannot be read ({error.strerror}); correct its owner or "
            "mode, or delete it, then run ./lab up without --limit"
        ) from error
    except ValueError as error:
        raise _corrupt(path) from error
    if not isinstance(found, dict):
        raise _corrupt(path)
    for entry in found.values():
        texts = [entry.get("lab_address"), entry.get("address")] if isinstance(entry, dict) else [None]
        if not all(isinstance(text, str) for text in texts):
            raise _corrupt(path)
    return found


def _corrupt(path: Path) -> RecordError:
    return RecordError(
        f"{path}, the hosts' addresses of earlier runs, is damaged; delete it, then run ./lab up without --limit"
    )


def write(path: Path, record: Record) -> None:
    """Replace the record. No reader sees half of it; an empty record has no file.

    Args:
        path: of the file; its folder is made where it is missing.
        record: the new one.
    Raises:
        RecordError: the file cannot be written.
    """
    try:
        if not record:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(record, file, indent=1, sort_keys=True)
            file.write("\n")
        Path(temporary).replace(path)
    except OSError as error:
        raise RecordError(
            f"{path}, the hosts' addresses, cannot be written ({error.strerror}); correct the folder's owner or make "
            "room on the disk, then run this again"
        ) from error


def recorded(record: Record, wanted: Mapping[str, str]) -> dict[str, str]:
    """Addresses by host, of hosts that have the same lab_address still; none that two hosts have.

    Args:
        record: of earlier runs.
        wanted: lab_address by host.
    """
    addresses = {
        host: record[host]["address"]
        for host, address in wanted.items()
        if host in record and record[host]["lab_address"] == address
    }
    times = Counter(addresses.values())
    return {host: address for host, address in addresses.items() if times[address] == 1}


def updated(record: Record, wanted: Mapping[str, str], chosen: Mapping[str, str], asked: Collection[str]) -> Record:
    """The record after a run: new entries of the hosts that answered; of the others the entries that this run used.

    Args:
        record: of earlier runs.
        wanted: lab_address by host, of the hosts that may have an entry.
        chosen: address by host.
        asked: hosts that said which addresses they have.
    """
    # An entry that was not used is stale: another host has the address now.
    kept = {
        host: address
        for host, address in recorded(record, wanted).items()
        if host not in asked and chosen[host] == address
    }
    current = {host: chosen[host] for host in asked if chosen[host] != wanted[host]}
    return {
        host: {"lab_address": wanted[host], "address": address} for host, address in sorted({**kept, **current}.items())
    }


def earlier_note(wanted: Mapping[str, str], chosen: Mapping[str, str], asked: Collection[str]) -> list[str]:
    """Say in one line which hosts keep the address of an earlier run; nothing where no host does.

    Args:
        wanted: lab_address by host, of all hosts.
        chosen: address by host.
        asked: hosts that said which addresses they have.
    """
    hosts = [f"{host} ({chosen[host]})" for host in wanted if host not in asked and chosen[host] != wanted[host]]
    if not hosts:
        return []
    names = ", ".join(hosts[:MOST_NAMED]) + f" and {len(hosts) - MOST_NAMED} more" * (len(hosts) > MOST_NAMED)
    return [
        f"hosts left out of this run keep their last known address: {names}; if an address changed, start the host and "
        "run ./lab up without --limit"
    ]
