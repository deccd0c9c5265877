#!/usr/bin/env python3
"""The notes' slate on a lab: what its topics, connectors, tables and files hold, and how to wipe them.

Run as root on the workspace host by the course's Python. `./lab reset` and the verification both call it. The names
that the notes use are known in one place, `slate_cases.json` beside this file. Every command prints one JSON object:

    slate list [CASE...]                what the cases' names hold; all cases when none is named
    slate clear CASE...                 wipe it, whoever made it
    slate begin [--discard] CASE        wipe what an earlier verification left and note in the ledger what this one
                                        will make; if something is there that no verification made, change nothing
                                        (ok: false)
    slate end CASE                      wipe what the case made and strike it from the ledger
    slate recover                       wipe what a verification left that was killed just now: all that the ledger
                                        names. Of an older one nothing is wiped: it may be a person's by now
    slate reset                         wipe all that the servers hold, and bring the student's folders back to what
                                        was installed; files that they changed or added are put aside in their home

Kinds that are a person's work: topic, connector, table (rows), file, hdfs, tree, unit, and a group with live
members. Traces of it (empty groups and folders, internal topics, offsets of deleted connectors, Faust's
data) are wiped without asking. Exit status: 0 done, 2 a server does not answer, 3 a person's work is in the way.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))
import connect_rest
import slate_files
import slate_reset as reset
import slate_stores as stores

LEDGER = Path("/var/lib/streaming-lab/verify/ledger")
LEDGER_SECONDS = 15 * 60
"""How long after a case began what its ledger names is surely verification's own. Every case begins anew."""
HERE = Path(__file__).resolve().parent
LATE_SECONDS = 15.0
TRACES = frozenset({"folder", "internal", "offsets", "trace"})


class Item(NamedTuple):
    """One named thing of a slate; `detail` says how much of it there is."""

    kind: str
    name: str
    detail: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it in the ledger."""
        return self.kind, self.name


def load_cases(settings: dict[str, str]) -> dict[str, dict[str, list[str]]]:
    """Read which names each case uses.

    Args:
        settings: `kafka_home`, `home`, `programs` and `hdfs_folder` stand for folders of this lab in the names.

    Returns:
        For each case, the names by kind.
    """
    raw = json.loads((HERE / "slate_cases.json").read_text(encoding="utf-8"))
    places = {name: settings[name] for name in ("kafka_home", "home", "programs", "hdfs_folder")}
    return {
        case: {kind: [name.format(**places) for name in names] for kind, names in kinds.items()}
        for case, kinds in raw.items()
    }


def names_of(cases: dict[str, dict[str, list[str]]], wanted: Iterable[str]) -> dict[str, list[str]]:
    """Join the names of several cases, each once, in order.

    Raises:
        SystemExit: if a case is unknown.
    """
    joined: dict[str, list[str]] = {}
    for case in wanted:
        if case not in cases:
            raise SystemExit(f"slate: there is no case {case}; cases are {', '.join(cases)}")
        for kind, names in cases[case].items():
            known = joined.setdefault(kind, [])
            known += [name for name in names if name not in known]
    return joined


def is_work(item: Item) -> bool:
    """Tell a person's work from its traces."""
    if item.kind == "group":
        return bool(item.detail)
    return item.kind not in TRACES


def foreign(held: Iterable[Item], ledger: Iterable[tuple[str, str]]) -> list[Item]:
    """List the work that no verification made.

    Args:
        held: what is there now.
        ledger: kind and name of what verifications noted before they made it.
    """
    ours = set(ledger)
    return [item for item in held if is_work(item) and item.key not in ours]


def read_ledger(path: Path = LEDGER) -> list[dict[str, str]]:
    """Return the ledger's entries: one JSON object a line; a line cut short by a crash is passed over."""
    entries = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    for line in lines:
        try:
            entry = json.loads(line)
            entries.append({"case": entry["case"], "kind": entry["kind"], "name": entry["name"]})
        except (ValueError, KeyError, TypeError):
            continue
    return entries


def ledger_age(path: Path = LEDGER) -> float:
    """Return the seconds since a case last began or ended."""
    return time.time() - path.stat().st_mtime


def write_ledger(entries: list[dict[str, str]], path: Path = LEDGER) -> None:
    """Replace the ledger; no reader sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    new.replace(path)


def declared(path: str) -> dict[str, list[str]]:
    """Names of the topics and connectors that the inventory declares, by kind (the modules note them in a file)."""
    try:
        noted = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {kind: sorted(noted.get(f"{kind}s", {})) for kind in ("connector", "topic")}


def entries_for(case: str, names: dict[str, list[str]]) -> list[dict[str, str]]:
    """List what a case notes in the ledger before it makes anything."""
    return [{"case": case, "kind": kind, "name": name} for kind, found in names.items() for name in found]


def by_kind(entries: Iterable[dict[str, str]]) -> dict[str, list[str]]:
    """Turn ledger entries into names by kind, each once."""
    names: dict[str, list[str]] = {}
    for entry in entries:
        known = names.setdefault(entry["kind"], [])
        if entry["name"] not in known:
            known.append(entry["name"])
    return names


def held_items(settings: dict, names: dict[str, list[str]]) -> list[Item]:
    """Look at every store that the names need and list what is there."""
    return [Item(*found) for found in stores.held(settings, names)]


def stop_units() -> None:
    """End programs of a verification that was killed. Its units are all named lab-verify-*."""
    for command in (["kill", "--signal=KILL"], ["stop"], ["reset-failed"]):
        subprocess.run(["systemctl", *command, "lab-verify-*.service"], capture_output=True, check=False)


def wipe(settings: dict, names: dict[str, list[str]], held: list[Item]) -> list[Item]:
    """Remove what is there, in the order data flows, and say what is left of it after all.

    A task that did not end in time stores its offsets, or makes its topic again, after its connector is gone. So this
    is repeated, for LATE_SECONDS at most.
    """
    deadline = time.monotonic() + LATE_SECONDS
    while True:
        stores.wipe(settings, names, [tuple(item) for item in held])
        held = held_items(settings, names)
        left = [item for item in held if item.kind not in ("group", "folder")]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(1)


def show(items: Iterable[Item]) -> list[dict[str, str]]:
    """Items as JSON."""
    return [item._asdict() for item in items]


def run(arguments: argparse.Namespace, settings: dict) -> tuple[int, dict]:
    """Do one command.

    Returns:
        The exit status and the object to print.
    """
    cases = load_cases(settings)
    ledger = read_ledger()
    if arguments.command == "recover":
        names = by_kind(ledger)
        if not names:
            return 0, {"ok": True, "removed": []}
        stop_units()
        held = held_items(settings, names) if ledger_age() < LEDGER_SECONDS else []
        if held:
            wipe(settings, names, held)
        write_ledger([])
        return 0, {"ok": True, "removed": show(held)}

    if arguments.command == "reset":
        stop_units()
        return run_reset(settings, cases)

    if arguments.command == "end":
        # The ledger, not the case: what was a person's before the case began (a folder of HDFS) is not in it.
        names = by_kind(entry for entry in ledger if entry["case"] == arguments.case)
    else:
        names = names_of(cases, [arguments.case] if arguments.command == "begin" else arguments.cases or list(cases))
    held = held_items(settings, names)
    if arguments.command == "list":
        return 0, {"ok": True, "held": [{**item._asdict(), "work": is_work(item)} for item in held]}
    if arguments.command == "begin":
        strange = foreign(held, ((entry["kind"], entry["name"]) for entry in ledger))
        if strange and not arguments.discard:
            made = declared(settings["declared"])
            inventorys = [item.name for item in strange if item.name in made.get(item.kind, [])]
            return 3, {"ok": False, "foreign": show(strange), "declared": inventorys}
        known = {(entry["kind"], entry["name"]) for entry in ledger}
        kept = {item.key for item in held if item.kind == "folder"} - known
        names = {kind: [name for name in found if (kind, name) not in kept] for kind, found in names.items()}
        held = [item for item in held if item.key not in kept]
        # Noted before anything is made: a verification killed at any moment leaves nothing that looks like a student's.
        others = [entry for entry in ledger if entry["case"] != arguments.case]
        write_ledger(others + entries_for(arguments.case, names))
    left = wipe(settings, names, held) if held else []
    if left:
        return 2, {
            "ok": False,
            "error": "still there after wiping: " + ", ".join(f"{i.kind} {i.name}" for i in left),
        }
    if arguments.command == "end":
        write_ledger([entry for entry in ledger if entry["case"] != arguments.case])
    return 0, {"ok": True, "removed": show(held)}


def run_reset(settings: dict, cases: dict[str, dict[str, list[str]]]) -> tuple[int, dict]:
    """Throw away all that a lab holds; see `reset` above."""
    stopped = reset.stop_services()
    try:
        found = reset.everything(settings)
        files = names_of(cases, cases)
        names = {**found, "file": files.get("file", []), "trace": files.get("trace", [])}
        held = [Item(kind, name) for kind, listed in found.items() for name in listed]
        held += held_items(settings, {kind: names[kind] for kind in ("file", "trace")})
        stores.wipe(settings, names, [tuple(item) for item in held])
        with slate_files.owner_of(Path(settings["home"])):
            held += [Item("aside", str(path)) for path in reset.put_aside(settings)]
        write_ledger([])
    finally:
        # Also where a server did not do as it was told: what ran before the reset runs after it.
        reset.start_services(stopped)
    return 0, {"ok": True, "removed": show(held)}


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
    settings = json.loads((HERE / "slate.json").read_text(encoding="utf-8"))
    started = time.monotonic()
    try:
        status, answer = run(arguments, settings)
    except Exception as error:  # whatever a client library raises: the caller reads one line of JSON, never a traceback
        said = str(error).splitlines()[0] if str(error) else ""
        known = isinstance(error, (stores.StoreError, connect_rest.RestError))
        status, answer = 2, {"ok": False, "error": said if known else f"{type(error).__name__}: {said}"}
    print(json.dumps({**answer, "seconds": round(time.monotonic() - started, 2)}, ensure_ascii=False))
    return status


if __name__ == "__main__":
    sys.exit(main())
