"""Follow the events that plugins/callback/phases.py writes, and know how each phase stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.engine import failure


@dataclass
class Phase:
    """One play or a named block of it: its name, when it started and ended (epoch seconds), and what it did."""

    name: str
    started: float
    ended: float = 0.0
    changed: int = 0
    failed: bool = False
    task: str = ""
    tasks: int = 0

    @property
    def seconds(self) -> float:
        """How long the phase took."""
        return max(0.0, self.ended - self.started)


@dataclass
class Failure:
    """A host that could not go on: where it stopped and why, in one line each."""

    host: str
    task: str
    message: str
    detail: str = ""
    unreachable: bool = False


@dataclass
class Progress:
    """Everything the events told so far. Where hosts do not wait for each other, several phases run at once."""

    finished: list[Phase] = field(default_factory=list)
    running: list[Phase] = field(default_factory=list)
    changes: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    hosts: dict[str, dict[str, int]] = field(default_factory=dict)
    _last: dict[str, Failure] = field(default_factory=dict)
    _items: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    _play: str = ""
    # The named blocks of the play in their order, and the one that each host has reached.
    _blocks: list[str] = field(default_factory=list)
    _reached: dict[str, int] = field(default_factory=dict)
    # Hosts that failed in the play. Tasks of an `always` section are their last.
    _failed: set[str] = field(default_factory=set)

    def take(self, event: dict[str, Any]) -> None:
        """Account for one event."""
        now = float(event.get("time", 0))
        match event.get("event"):
            case "play":
                # A rolling play starts once a batch: one phase all the same.
                if self._play != event["name"]:
                    self.close(now)
                    self._play, self._blocks = event["name"], event.get("phases", [])
                    self._reached, self._failed = {}, set()
                    self.running = [] if self._blocks else [Phase(self._play, now)]
            case "no_hosts":
                self.running = []
            case "task":
                for phase in [] if self._blocks else self.running:
                    phase.task = event["name"]
                    phase.tasks += 1
            case "start":
                self._start(event, now)
            case "end":
                ended = self._phase_of(event)
                if ended and self._blocks:
                    # A host that skips the phase opens it, too, but does nothing in it.
                    began = event["began"] or now
                    ended.started = min(ended.started, began) if ended.tasks else began
                    ended.ended = now
                    ended.tasks += 1
            case "result":
                self._take_result(event)
            case "note":
                self.notes.append((event["host"], event["text"]))
            case "stats":
                self.close(now)
                for host, numbers in event["hosts"].items():
                    mine = self.hosts.setdefault(host, {})
                    for key, number in numbers.items():
                        mine[key] = mine.get(key, 0) + number

    def close(self, now: float) -> None:
        """End the running phases at `now` (epoch seconds). One without a task, where all hosts are gone, is none."""
        for phase in self.running:
            if phase.tasks or phase.failed:
                phase.ended = phase.ended or now
                self.finished.append(phase)
        self.running = []

    def _phase_of(self, event: dict[str, Any]) -> Phase | None:
        """The phase that an event of a host belongs to. Handlers run when the phase of their role has ended."""
        name = event["phase"] if event.get("phase") in self._blocks else self._play
        return next((phase for phase in [*self.running, *reversed(self.finished)] if phase.name == name), None)

    def _start(self, event: dict[str, Any], now: float) -> None:
        """Account for a host that starts a task, and end the phases that all hosts have left."""
        host = event["host"]
        # Items of an earlier task: its failure was ignored, or no condition took it for one.
        self._items = {key: items for key, items in self._items.items() if key[0] != host}
        if event["phase"] not in self._blocks:
            return
        if host not in self._failed:
            self._reached[host] = self._blocks.index(event["phase"])
        first = min(self._reached.values(), default=0)
        left = [phase for phase in self.running if self._blocks.index(phase.name) < first]
        staying = [phase for phase in self.running if phase not in left]
        self.running = left
        self.close(now)
        self.running = staying
        phase = self._phase_of(event)
        if not phase:
            phase = Phase(event["phase"], now)
            self.running.append(phase)
            self.running.sort(key=lambda running: self._blocks.index(running.name))
        phase.task = event["task"]

    def _take_result(self, event: dict[str, Any]) -> None:
        host, task, result = event["host"], event["task"], event.get("result", {})
        phase = self._phase_of(event)
        match event["status"]:
            case "changed":
                self.changes.append((host, task))
                if phase:
                    phase.changed += 1
            case "item_failed":
                self._items.setdefault((host, task), []).append({"item": event.get("item", ""), "result": result})
            case "failed":
                items = self._items.pop((host, task), None)
                source = items[-1]["result"] if items else result
                self._last[host] = Failure(
                    host, task, failure.message_of(result, items), failure.last_stderr_line(source)
                )
                if phase and not event.get("rescued"):
                    phase.failed = True
                    self._failed.add(host)
                    self._reached.pop(host, None)
            case "unreachable":
                self._last[host] = Failure(host, task, failure.unreachable_message(result), unreachable=True)
                if phase:
                    phase.failed = True
                    self._failed.add(host)
                    self._reached.pop(host, None)

    @property
    def failures(self) -> list[Failure]:
        """One entry for each host that did not reach the end; what a rescue section healed is none."""
        return [
            last
            for host, last in sorted(self._last.items())
            if not self.hosts or self.hosts.get(host, {}).get("failures") or self.hosts.get(host, {}).get("unreachable")
        ]

    @property
    def failed_in(self) -> set[str]:
        """Names of the phases in which something failed."""
        return {phase.name for phase in self.finished if phase.failed}

    @property
    def changed(self) -> int:
        """How many changes were made, on all hosts."""
        return sum(numbers.get("changed", 0) for numbers in self.hosts.values()) if self.hosts else len(self.changes)


class EventsFile:
    """Reads a growing file of JSON lines.

    Args:
        path: the file that LAB_EVENTS names; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def new(self) -> Iterator[dict[str, Any]]:
        """The events written since the last call. A line not yet ended waits for the next call."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        complete, _, _ = data.rpartition(b"\n")
        if complete:
            self._offset += len(complete) + 1
            for line in complete.splitlines():
                yield json.loads(line)
