"""Send the tar of wheels to a host for the time of the installation, and the lab's programs as a wheel."""

from __future__ import annotations

import base64
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase


def build(source: Path, folder: Path) -> Path:
    """Build a wheel. It has the same bytes for the same files, also with other modes and dates.

    Args:
        source: a folder with a pyproject.toml for uv's own build backend, which needs no network.
        folder: receives the wheel.

    Raises:
        AnsibleError: with the output of uv, or if uv is missing.
    """
    uv = Path(sys.executable).with_name("uv")
    options = ["--wheel", "--offline", "--no-cache", "--no-config", "--quiet", "--python", sys.executable]
    command = [str(uv), "build", *options, "--out-dir", str(folder), str(source)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise AnsibleError(f"uv does not run ({error}); remove .venv and run ./lab up, which creates it") from error
    if done.returncode:
        raise AnsibleError(f"uv cannot build {source}: {' '.join(done.stderr.split())}")
    return next(folder.glob("*.whl"))


class ActionModule(ActionBase):
    """The action; see the module for its options. `archive` and `programs` become what the host needs."""

    _requires_connection = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module, with the tar in Ansible's own folder of the host if one is given."""
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        folder = None
        try:
            if arguments.get("programs"):
                with tempfile.TemporaryDirectory() as built:
                    wheel = build(Path(arguments["programs"]), Path(built))
                    # As text: a file on the host would lie in a folder of the login user, who could replace it.
                    arguments["programs"] = {wheel.name: base64.b64encode(wheel.read_bytes()).decode()}
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
        # The lock and the wheel as text are no use to a reader of the output.
        result.pop("invocation", None)
        return result
