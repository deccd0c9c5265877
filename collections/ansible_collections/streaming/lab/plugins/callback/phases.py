"""Ansible callback: what happens, as JSON lines, for ./lab to show one line a phase."""

from __future__ import annotations

import json
import os
import time
from typing import Any, TextIO

from ansible.playbook.block import Block
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: phases
type: notification
short_description: Write plays, tasks, changes, notes and failures as JSON lines
description:
  - Appends one JSON object a line to the file that E(LAB_EVENTS) names; without it, does nothing.
  - A play is one phase. If all its tasks are in named blocks, each block is a phase.
  - Results are cut to what a message can be made of. Ansible has already censored those of C(no_log) tasks.
requirements: []
"""

KEPT = (
    "msg",
    "stderr",
    "stdout",
    "module_stderr",
    "module_stdout",
    "exception",
    "rc",
    "cmd",
    "censored",
    "reason",
    "failed",
)
LONGEST = 4000
# The message of such a task is for the person who runs ./lab.
DEBUG = ("debug", "ansible.builtin.debug")


class CallbackModule(CallbackBase):
    """Writes one event a line; see cli/engine/events.py for the reader."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "phases"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._file: TextIO | None = None
        self._began: dict[tuple[str, str], float] = {}
        self._reported_stats: dict[str, dict[str, int]] = {}
        path = os.environ.get("LAB_EVENTS")
        if path:
            self._file = open(path, "a", buffering=1, encoding="utf-8")  # noqa: PTH123, SIM115 - lives as long as Ansible
        else:
            self.disabled = True

    def _write(self, event: str, **fields: Any) -> None:
        if self._file:
            self._file.write(json.dumps({"event": event, "time": time.time(), **fields}, default=str) + "\n")

    def _host_event(self, status: str, outcome: Any, **fields: Any) -> None:
        task = outcome._task
        self._write(
            "result",
            status=status,
            host=outcome._host.get_name(),
            task=task.get_name().strip(),
            path=task.get_path(),
            phase=_phase(task),
            **fields,
        )

    def _end(self, outcome: Any) -> None:
        host, task = outcome._host.get_name(), outcome._task
        began = self._began.pop((host, task._uuid), None)
        self._write("end", host=host, phase=_phase(task), began=began)

    def v2_playbook_on_play_start(self, play: Any) -> None:
        names = [block.name for block in play.tasks if isinstance(block, Block)]
        self._write("play", name=play.get_name().strip(), phases=names if all(names) else [])

    def v2_playbook_on_no_hosts_matched(self) -> None:
        self._write("no_hosts")

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._write("task", name=task.get_name().strip())

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self._write("task", name=task.get_name().strip())

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self._began[host.get_name(), task._uuid] = time.time()
        self._write("start", host=host.get_name(), task=task.get_name().strip(), phase=_phase(task))

    def v2_runner_on_ok(self, result: Any) -> None:
        self._end(result)
        if result._result.get("changed"):
            self._host_event("changed", result)
        text = result._result.get("msg")
        if result._task.action in DEBUG and isinstance(text, str) and "results" not in result._result:
            self._write("note", host=result._host.get_name(), text=text[:LONGEST])
        for note in result._result.get("notes") or []:
            self._write("note", host=result._host.get_name(), text=f"note: {str(note)[:LONGEST]}")

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._host_event(
            "item_failed",
            result,
            result=_kept(result._result),
            item=str(result._result.get("_ansible_item_label", "")),
        )

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._end(result)
        if not ignore_errors:
            self._host_event("failed", result, result=_kept(result._result), rescued=_has_rescue(result._task))

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._host_event("unreachable", result, result=_kept(result._result))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        # Ansible's own sums include the earlier playbooks of the same command.
        sums = {host: stats.summarize(host) for host in sorted(stats.processed)}
        added = {
            host: {key: number - self._reported_stats.get(host, {}).get(key, 0) for key, number in numbers.items()}
            for host, numbers in sums.items()
        }
        self._reported_stats = sums
        self._write("stats", hosts=added)


def _phase(task: Any) -> str:
    """The name of the outermost named block of the play around a task; empty if there is none."""
    name, parent = "", task._parent
    while parent is not None:
        if isinstance(parent, Block) and parent.name and parent._role is None:
            name = parent.name
        parent = getattr(parent, "_parent", None)
    return name


def _kept(result: dict[str, Any]) -> dict[str, Any]:
    """The parts of a result that make a message, each cut from the front: the end of an output says why."""
    kept = {key: result[key] for key in KEPT if result.get(key) not in (None, "")}
    return {key: value[-LONGEST:] if isinstance(value, str) else value for key, value in kept.items()}


def _has_rescue(task: Any) -> bool:
    """Whether a block's rescue section catches a failure of the task (and the task is not part of it)."""
    child, parent = task, task._parent
    while parent is not None:
        rescue = getattr(parent, "rescue", None) or []
        if rescue and all(member._uuid != child._uuid for member in rescue):
            return True
        child, parent = parent, getattr(parent, "_parent", None)
    return False
