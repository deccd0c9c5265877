"""One worker process runs several tasks of a host, in plays without lockstep.

Ansible starts a process for each task of each host, and each process fills its caches again. Here the strategy looks
ahead and gives the worker the next tasks, too. The worker continues while results are ordinary: it registers each
result and sends it to the strategy. The strategy processes results as Ansible does, and applies the same rule to know
whether the worker continues. After any other result (a failure, facts, an include, a notified handler) the worker
ends, and the strategy starts one for the next task.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import ansible.constants as C
import ansible_mitogen.process
from ansible._internal import _task
from ansible._internal._errors import _error_utils
from ansible.errors import AnsibleError
from ansible.executor.play_iterator import IteratingStates
from ansible.executor.process.worker import WorkerProcess
from ansible.executor.task_result import _RawTaskResult
from ansible.utils.fqcn import add_internal_fqcns
from ansible.vars.clean import module_response_deepcopy, strip_internal_keys

MAX_TASKS_AHEAD = 50
NOT_GROUPED = (
    *C._ACTION_META,
    *C._ACTION_ALL_INCLUDES,
    *C._ACTION_INVENTORY_TASKS,
    *C._ACTION_INCLUDE_VARS,
    *C._ACTION_SET_FACT,
    *add_internal_fqcns(("pause",)),
)
"""Actions that need the strategy: their results do more than register a variable, or they concern all hosts."""
RUN_ONE_TASK = WorkerProcess._run


@dataclass
class NextTasks:
    """The tasks that a worker runs after its own.

    Args:
        tasks: in their order.
        variables: gives the variables of a task, by host and task.
    """

    tasks: list[Any]
    variables: Callable[[Any, Any], dict[str, Any]]


next_tasks: NextTasks | None = None
"""Inherited by the worker that is started next."""


class Recorder:
    """The queue of results; it keeps the last result.

    Args:
        queue: of the strategy.
    """

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self.last: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)

    def send_task_result(self, result: Any) -> None:
        """Send a result to the strategy."""
        self.last = result
        self._queue.send_task_result(result)


def may_follow(task: Any) -> bool:
    """Whether a worker may run a task after another one."""
    return task.action not in NOT_GROUPED and not (
        task.run_once
        or task.throttle
        or task.any_errors_fatal
        or task.delegate_to
        or task.async_val
        or task.debugger
        # The strategy resolves a name with variables.
        or "{{" in (task.name or "")
    )


def is_ordinary(result: Any) -> bool:
    """True if a result only registers a variable: the worker continues with the next task."""
    data = result._return_data
    results = data.get("results")
    items = [data, *(item for item in (results if isinstance(results, list) else []) if isinstance(item, dict))]
    # With a notified handler, flush_handlers may come before the next task.
    notified = result.is_changed() and any("_ansible_notify" in item for item in items)
    facts = any("ansible_facts" in item for item in items)
    return not (result.is_failed() or result.is_unreachable() or notified or facts)


def registered(result: Any) -> dict[str, Any]:
    """The variable that StrategyBase._process_pending_results registers for a result."""
    value = strip_internal_keys(module_response_deepcopy(result._return_data))
    value.pop("invocation", None)
    return {result.task.register: value} if result.task.register else {}


def run_tasks(worker: Any) -> None:
    """Replace WorkerProcess._run: run the worker's task and the next tasks."""
    queue = worker._final_q = Recorder(worker._final_q)
    host = worker._host
    host_vars, groups = host.vars, host.groups
    grouped = next_tasks
    if grouped:
        # All tasks use one connection to the multiplexer. It ends with the process.
        ansible_mitogen.process.ClassicBinding.close = lambda _self: None
    RUN_ONE_TASK(worker)
    if not grouped:
        return
    for task in grouped.tasks:
        if not is_ordinary(queue.last):
            return
        # WorkerProcess._run empties both, and the next task needs them.
        host.vars, host.groups = host_vars, groups
        # WorkerProcess._run warns of text in them, and names its own task.
        sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
        worker._variable_manager.set_nonpersistent_facts(host.name, registered(queue.last))
        worker._task = task
        try:
            worker._task_vars = grouped.variables(host, task)
        except Exception as error:
            data = _error_utils.result_dict_from_exception(error)
            queue.send_task_result(_RawTaskResult(host, task, data, task.dump_attrs()))
            return
        with _task.TaskContext(task):
            RUN_ONE_TASK(worker)


WorkerProcess._run = run_tasks


class TaskRuns:
    """A mixin for a strategy without lockstep: one worker runs several tasks of a host."""

    _iterator: Any
    _runs: dict[str, list[Any]]

    def run(self, iterator: Any, play_context: Any, *arguments: Any) -> Any:
        """Run a play. After an error here, workers do not continue with their next tasks."""
        self._iterator, self._runs = iterator, {}
        try:
            return super().run(iterator, play_context, *arguments)  # type: ignore[misc]
        except BaseException:
            for worker in self._workers:  # type: ignore[attr-defined]
                if worker and worker.is_alive():
                    worker.terminate()
            raise

    def _ahead(self, host: Any) -> Iterator[Any]:
        """The next tasks of a host, if all results are ordinary."""
        state = self._iterator.get_host_state(host)
        for _ in range(MAX_TASKS_AHEAD):
            if state.run_state not in (IteratingStates.SETUP, IteratingStates.TASKS, IteratingStates.ALWAYS):
                return
            state, task = self._iterator._get_next_task_from_state(state, host=host)
            if task is None or not (is_end_of_role(task) or may_follow(task)):
                return
            if not is_end_of_role(task):
                yield task

    def _queue_task(self, host: Any, task: Any, task_vars: dict[str, Any], play_context: Any) -> None:
        """Start a worker for a task and for the tasks after it."""
        global next_tasks
        strategy: Any = self
        # Without a free worker, a host would wait for all grouped tasks of another host, and so would the strategy.
        every_host_has_a_worker = len(strategy._hosts_cache) <= len(strategy._workers)
        grouped = every_host_has_a_worker and not strategy._step and not strategy.debugger_active and may_follow(task)
        tasks = list(self._ahead(host)) if grouped else []
        for later in tasks:
            strategy._queued_task_cache[host.name, later._uuid] = {
                "host": host,
                "task": later,
                "task_vars": task_vars,
                "play_context": play_context,
            }
        self._runs[host.name] = tasks
        next_tasks = NextTasks(tasks, self._variables) if tasks else None
        try:
            super()._queue_task(host, task, task_vars, play_context)  # type: ignore[misc]
        finally:
            next_tasks = None

    def _variables(self, host: Any, task: Any) -> dict[str, Any]:
        """Variables of a task of a host."""
        strategy: Any = self
        variables = strategy._variable_manager.get_vars(
            play=self._iterator._play,
            host=host,
            task=task,
            _hosts=strategy._hosts_cache,
            _hosts_all=strategy._hosts_cache_all,
        )
        strategy.add_tqm_variables(variables, play=self._iterator._play)
        return variables

    def _process_pending_results(
        self, iterator: Any, one_pass: bool = False, max_passes: int | None = None
    ) -> list[Any]:
        """Process results, and note which tasks their workers run next."""
        results: list[Any] = []
        while not (results and one_pass) and (max_passes is None or len(results) < max_passes):
            processed = super()._process_pending_results(iterator, max_passes=1)  # type: ignore[misc]
            if not processed:
                # The loop of `free` does not check this, and would wait forever.
                if self._tqm.has_dead_workers():  # type: ignore[attr-defined]
                    raise AnsibleError("A worker process was killed: run the same command again")
                break
            results += processed
            self._follow(processed[0])
        return results

    def _follow(self, result: Any) -> None:
        """Note the next task of a worker that continues."""
        strategy: Any = self
        host = result.host
        run = self._runs.get(host.name)
        if not run:
            return
        if not is_ordinary(result):
            run.clear()
            return
        expected = run.pop(0)
        _, task = self._iterator.get_next_task_for_host(host)
        while task is not None and is_end_of_role(task):
            strategy._execute_meta(task, None, self._iterator, target_host=host)
            _, task = self._iterator.get_next_task_for_host(host)
        if task is not expected:
            raise AnsibleError(f"the worker of {host} runs task {expected}, but the strategy expects {task}")
        strategy._blocked_hosts[host.name] = True
        strategy._pending_results += 1
        strategy._tqm.send_callback("v2_playbook_on_task_start", task, is_conditional=False)
        strategy._tqm.send_callback("v2_runner_on_start", host, task)


def is_end_of_role(task: Any) -> bool:
    """True for the implicit task that marks the end of a role."""
    return task.action in C._ACTION_META and task.args.get("_raw_params") == "role_complete"
