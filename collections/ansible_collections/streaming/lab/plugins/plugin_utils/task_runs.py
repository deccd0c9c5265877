"""Several tasks of a host in one worker process, where hosts do not wait for each other.

Ansible starts a process for each task of each host, and each process fills its caches anew. Here the strategy looks
ahead: it gives the worker the tasks that follow, too. The worker goes on while results are ordinary, registers each,
and sends it as always. The strategy does with each result what it always does, and by the same rule knows whether the
worker goes on. After any other result (a failure, facts, an include) the worker has ended, and the strategy starts one
for the next task.
"""

from __future__ import annotations

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
from ansible.vars.clean import module_response_deepcopy, strip_internal_keys

MOST = 50
"""How far to look ahead."""
ALONE = (
    *C._ACTION_META,
    *C._ACTION_ALL_INCLUDES,
    *C._ACTION_INVENTORY_TASKS,
    *C._ACTION_INCLUDE_VARS,
    *C._ACTION_SET_FACT,
)
"""Actions whose results change more than a registered variable."""
RUN_ONE = WorkerProcess._run


@dataclass
class Following:
    """The tasks that a worker may do after its own, and the variables of each."""

    tasks: list[Any]
    variables: Callable[[Any, Any], dict[str, Any]]


following: Following | None = None
"""For the worker that is started next, which inherits it."""


class Recorder:
    """The queue of results, which remembers the last one.

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
    """Whether a worker may do a task after another one."""
    return task.action not in ALONE and not (
        task.run_once
        or task.throttle
        or task.any_errors_fatal
        or task.delegate_to
        or task.async_val
        # The strategy resolves it, for which it needs all variables.
        or "{{" in (task.name or "")
    )


def is_ordinary(result: Any) -> bool:
    """Whether a result means no more than a registered variable, so that the next task follows."""
    data = result._return_data
    results = data.get("results")
    items = [data, *(item for item in (results if isinstance(results, list) else []) if isinstance(item, dict))]
    # A handler that is notified comes before the next task, where handlers are flushed.
    notified = result.is_changed() and any("_ansible_notify" in item for item in items)
    return not (
        result.is_failed() or result.is_unreachable() or notified or any("ansible_facts" in item for item in items)
    )


def registered(result: Any) -> dict[str, Any]:
    """The variable that a result is registered as, as StrategyBase._process_pending_results does it."""
    value = strip_internal_keys(module_response_deepcopy(result._return_data))
    value.pop("invocation", None)
    return {result.task.register: value} if result.task.register else {}


def run_tasks(worker: Any) -> None:
    """Replace WorkerProcess._run: do the worker's task, and those that follow."""
    queue = worker._final_q = Recorder(worker._final_q)
    host = worker._host
    host_vars, groups = host.vars, host.groups
    todo = following
    if todo:
        # The connection to the multiplexer serves all tasks, and ends with the process.
        ansible_mitogen.process.ClassicBinding.close = lambda _self: None
    RUN_ONE(worker)
    if not todo:
        return
    for task in todo.tasks:
        if not is_ordinary(queue.last):
            return
        # Ansible empties them to send less.
        host.vars, host.groups = host_vars, groups
        worker._variable_manager.set_nonpersistent_facts(host.name, registered(queue.last))
        worker._task = task
        try:
            worker._task_vars = todo.variables(host, task)
        except Exception as error:  # Without a result the strategy would wait for ever
            data = _error_utils.result_dict_from_exception(error)
            queue.send_task_result(_RawTaskResult(host, task, data, task.dump_attrs()))
            return
        with _task.TaskContext(task):
            RUN_ONE(worker)


WorkerProcess._run = run_tasks


class TaskRuns:
    """A strategy without lockstep whose workers do several tasks."""

    _iterator: Any
    _runs: dict[str, list[Any]]

    def run(self, iterator: Any, play_context: Any, *arguments: Any) -> Any:
        """Run a play."""
        self._iterator, self._runs = iterator, {}
        return super().run(iterator, play_context, *arguments)  # type: ignore[misc]

    def _ahead(self, host: Any) -> Iterator[Any]:
        """The tasks of a host that follow if all results are ordinary."""
        state = self._iterator.get_host_state(host)
        for _ in range(MOST):
            if state.run_state not in (IteratingStates.SETUP, IteratingStates.TASKS, IteratingStates.ALWAYS):
                return
            state, task = self._iterator._get_next_task_from_state(state, host=host)
            if task is None or not (is_end_of_role(task) or may_follow(task)):
                return
            if not is_end_of_role(task):
                yield task

    def _queue_task(self, host: Any, task: Any, task_vars: dict[str, Any], play_context: Any) -> None:
        """Start a worker for a task, and for those that follow it."""
        global following
        strategy: Any = self
        # A host that waits for a free worker would wait for all tasks of another host, and the strategy with it.
        enough = len(strategy._hosts_cache) <= len(strategy._workers)
        tasks = list(self._ahead(host)) if enough and may_follow(task) else []
        for later in tasks:
            strategy._queued_task_cache[host.name, later._uuid] = {
                "host": host,
                "task": later,
                "task_vars": task_vars,
                "play_context": play_context,
            }
        self._runs[host.name] = tasks
        following = Following(tasks, self._variables) if tasks else None
        try:
            super()._queue_task(host, task, task_vars, play_context)  # type: ignore[misc]
        finally:
            following = None

    def _variables(self, host: Any, task: Any) -> dict[str, Any]:
        """What a task of a host can refer to."""
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
        """Account for results, and for the tasks that workers do next."""
        results: list[Any] = []
        while not (results and one_pass) and (max_passes is None or len(results) < max_passes):
            one = super()._process_pending_results(iterator, max_passes=1)  # type: ignore[misc]
            if not one:
                # The loop of `free` does not look, and would wait for ever.
                if self._tqm.has_dead_workers():  # type: ignore[attr-defined]
                    raise AnsibleError("A worker was found in a dead state")
                break
            results += one
            self._follow(one[0])
        return results

    def _follow(self, result: Any) -> None:
        """Note that a worker does its next task, if it does."""
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
            raise AnsibleError(f"the worker of {host} does task {expected}, and the strategy expects {task}")
        strategy._blocked_hosts[host.name] = True
        strategy._pending_results += 1
        strategy._tqm.send_callback("v2_playbook_on_task_start", task, is_conditional=False)
        strategy._tqm.send_callback("v2_runner_on_start", host, task)


def is_end_of_role(task: Any) -> bool:
    """Whether a task is the one by which Ansible notes that a host has done all of a role."""
    return task.action in C._ACTION_META and task.args.get("_raw_params") == "role_complete"
