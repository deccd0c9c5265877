"""The slate of a lab: the notes' topics, connectors, tables and files. Lists and removes them.

Runs as root on the workspace host. `./lab reset` and verification call it. All names that the notes use are in
`cases.json` beside this file. Every command prints one JSON object:

    slate list [CASE...]                list the existing items of the cases (default: all cases)
    slate clear CASE...                 remove them, whoever made them
    slate begin [--discard] CASE        remove the leftovers of an earlier verification, and note in the ledger the
                                        names that this one will use; if a person's work has such a name, change
                                        nothing (ok: false)
    slate end CASE                      remove what the case made, and its entries in the ledger
    slate recover                       remove the leftovers of a verification that was killed just now: everything
                                        in the ledger. Leftovers of an older one stay: they may be a person's by now
    slate reset                         remove everything from the servers, and restore the student's folders;
                                        changed or added files are moved to a folder in the student's home

Kinds that are a person's work: topic, connector, table (rows), file, hdfs, tree, unit, and a group with live
members. Traces of it (empty groups and folders, internal topics, offsets of deleted connectors, Faust's data) are
removed without asking. Exit status: 0 done, 2 a server does not answer, 3 a person's work has a needed name.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from connect_rest import RestError
from slate import files, ledger, reset, stores
from slate.stores import Item, Names, Settings
from slate.topics import StoreError

SETTINGS = Path("/usr/local/lib/streaming-lab/slate.json")
LATE_SECONDS = 15.0
DEAD_MEMBER_SECONDS = 60.0
"""A member that was killed stays in its group for its session timeout, by default 45 s."""

Cases = dict[str, Names]
"""Names by kind, of each case."""
Answer = tuple[int, dict[str, Any]]
"""The exit status, and the object to print."""


def load_cases(settings: Settings) -> Cases:
    """Read the names that each case uses.

    Args:
        settings: `kafka_home`, `home`, `programs` and `hdfs_folder` replace these words in the names.
    """
    raw = json.loads(Path(__file__).with_name("cases.json").read_text(encoding="utf-8"))
    folders = {name: settings[name] for name in ("kafka_home", "home", "programs", "hdfs_folder")}
    return {
        case: {kind: [name.format(**folders) for name in names] for kind, names in kinds.items()}
        for case, kinds in raw.items()
    }


def names_of(cases: Cases, wanted: Iterable[str]) -> Names:
    """Join the names of several cases, each once, in order.

    Raises:
        SystemExit: if a case is unknown.
    """
    entries = []
    for case in wanted:
        if case not in cases:
            raise SystemExit(f"slate: there is no case {case}; cases are {', '.join(cases)}")
        entries += ledger.entries_of(case, cases[case])
    return ledger.by_kind(entries)


def declared(path: str) -> Names:
    """Return the topics and connectors that the inventory declares, by kind (the modules note them in a file)."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {kind: sorted(content.get(f"{kind}s", {})) for kind in ("connector", "topic")}


def stop_units() -> None:
    """Stop the programs of a verification that was killed. All its units are named lab-verify-*."""
    for command in (["kill", "--signal=KILL"], ["stop"], ["reset-failed"]):
        subprocess.run(["systemctl", *command, "lab-verify-*.service"], capture_output=True, check=False)


def remove(settings: Settings, names: Names, items: list[Item]) -> list[Item]:
    """Remove items, and return those that still exist.

    A task that ends late stores its offsets, or creates its topic again, after its connector is gone. So this is
    repeated for at most LATE_SECONDS.
    """
    deadline = time.monotonic() + LATE_SECONDS
    while items:
        stores.remove(settings, items)
        items = stores.existing(settings, names)
        remaining = [item for item in items if item.kind not in ("group", "folder")]
        if not remaining or time.monotonic() > deadline:
            return remaining
        time.sleep(1)
    return []


def as_json(items: Iterable[Item]) -> list[dict[str, str]]:
    """Items as JSON objects."""
    return [item._asdict() for item in items]


def run(arguments: argparse.Namespace, settings: Settings) -> Answer:
    """Run one command."""
    cases = load_cases(settings)
    if arguments.command == "recover":
        return run_recover(settings)
    if arguments.command == "reset":
        return run_reset(settings, cases)
    if arguments.command == "begin":
        return run_begin(settings, names_of(cases, [arguments.case]), arguments.case, arguments.discard)
    if arguments.command == "end":
        return run_end(settings, arguments.case)
    names = names_of(cases, arguments.cases or list(cases))
    items = stores.existing(settings, names)
    if arguments.command == "list":
        return 0, {"ok": True, "held": [{**item._asdict(), "work": item.is_work} for item in items]}
    return _answer(items, remove(settings, names, items))


def run_begin(settings: Settings, names: Names, case: str, discard: bool) -> Answer:
    """Prepare a case; see `begin` above."""
    reset.pause_services(names.get("unit", []))
    entries = ledger.read()
    noted = {(entry["kind"], entry["name"]) for entry in entries}
    items = without_dead_members(settings, names, noted)
    foreign = [item for item in items if item.is_work and (item.key not in noted or item.kind == "group")]
    if foreign and not discard:
        reset.start_services(names.get("unit", []))
        of_inventory = declared(settings["declared"])
        conflicts = [item.name for item in foreign if item.name in of_inventory.get(item.kind, [])]
        return 3, {"ok": False, "foreign": as_json(foreign), "declared": conflicts}
    kept = {item.key for item in items if item.kind == "folder"} - noted
    names = {kind: [name for name in listed if (kind, name) not in kept] for kind, listed in names.items()}
    items = [item for item in items if item.key not in kept]
    # Noted before anything is made: the leftovers of a verification that is killed never look like a student's work.
    ledger.note(case, ledger.entries_of(case, names))
    return _answer(items, remove(settings, names, items))


def run_end(settings: Settings, case: str) -> Answer:
    """Clean up after a case; see `end` above. The ledger decides: a person's own folder of HDFS is not in it."""
    names = ledger.by_kind(entry for entry in ledger.read() if entry["case"] == case)
    items = stores.existing(settings, names)
    remaining = remove(settings, names, items)
    reset.start_services(names.get("unit", []))
    if not remaining:
        groups = stores.existing(settings, {"group": names.get("group", [])})
        ledger.note(case, ledger.entries_of(case, {"group": [item.name for item in groups if item.is_work]}))
    return _answer(items, remaining)


def without_dead_members(settings: Settings, names: Names, noted: set[tuple[str, str]]) -> list[Item]:
    """List the existing items, once the groups of an earlier verification have lost the members that it killed.

    Args:
        settings: addresses of the lab.
        names: of the case.
        noted: kinds and names in the ledger.
    """
    deadline = time.monotonic() + DEAD_MEMBER_SECONDS
    while True:
        items = stores.existing(settings, names)
        waits = any(item.kind == "group" and item.is_work and item.key in noted for item in items)
        if not waits or time.monotonic() > deadline:
            return items
        time.sleep(1)


def run_recover(settings: Settings) -> Answer:
    """Clean up after a killed verification; see `recover` above."""
    names = ledger.by_kind(ledger.read())
    if not names:
        return 0, {"ok": True, "removed": []}
    stop_units()
    items = stores.existing(settings, names) if ledger.is_fresh() else []
    remove(settings, names, items)
    reset.start_services(names.get("unit", []))
    ledger.write([])
    return 0, {"ok": True, "removed": as_json(items)}


def run_reset(settings: Settings, cases: Cases) -> Answer:
    """Remove everything from a lab; see `reset` above."""
    stop_units()
    stopped = reset.stop_services()
    try:
        items = [Item(kind, name) for kind, names in reset.everything(settings).items() for name in names]
        of_cases = names_of(cases, cases)
        items += stores.existing(settings, {kind: of_cases.get(kind, []) for kind in ("file", "trace")})
        stores.remove(settings, items)
        with files.owner_of(Path(settings["home"])):
            items += [Item("aside", str(path)) for path in reset.restore_files(settings)]
            items += [Item("trace", str(path)) for path in reset.remove_states(settings)]
        ledger.write([])
    finally:
        # Also after an error: services that ran before the reset run after it.
        reset.start_services(stopped)
    return 0, {"ok": True, "removed": as_json(items)}


def _answer(items: list[Item], remaining: list[Item]) -> Answer:
    if remaining:
        listed = ", ".join(f"{item.kind} {item.name}" for item in remaining)
        return 2, {"ok": False, "error": f"still there after wiping: {listed}"}
    return 0, {"ok": True, "removed": as_json(items)}


def main() -> int:
    """Read the command line and the lab's addresses, and run the command."""
    parser = argparse.ArgumentParser(prog="slate", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list").add_argument("cases", nargs="*")
    commands.add_parser("clear").add_argument("cases", nargs="+")
    for name in ("begin", "end"):
        commands.add_parser(name).add_argument("case")
    commands.choices["begin"].add_argument("--discard", action="store_true")
    commands.add_parser("recover")
    commands.add_parser("reset")
    arguments = parser.parse_args()
    settings = json.loads(SETTINGS.read_text(encoding="utf-8"))
    started = time.monotonic()
    try:
        status, answer = run(arguments, settings)
    except Exception as error:  # any error of a client library: the caller reads one line of JSON, never a traceback
        text = str(error).splitlines()[0] if str(error) else ""
        complete = isinstance(error, (StoreError, RestError))
        status, answer = 2, {"ok": False, "error": text if complete else f"{type(error).__name__}: {text}"}
    print(json.dumps({**answer, "seconds": round(time.monotonic() - started, 2)}, ensure_ascii=False))
    return status


if __name__ == "__main__":
    sys.exit(main())
