"""Send the tar of wheels to a host for the time of the installation."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """The action; see the module for its options. It replaces `archive` by the tar's path on the host."""

    _requires_connection = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module, with the tar in Ansible's own folder of the host where one is given."""
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        folder = None
        try:
            if arguments.get("archive") and not self._task.check_mode:
                folder = self._make_tmp_path()
                remote = self._connection._shell.join_path(folder, "wheels.tar")
                self._transfer_file(arguments["archive"], remote)
                self._fixup_perms2((folder, remote))
                arguments["archive"] = remote
            result.update(self._execute_module(module_args=arguments, task_vars=task_vars))
        finally:
            if folder:
                self._remove_tmp_path(folder)
        # The lock as text is no use to a reader of the output.
        result.pop("invocation", None)
        return result
