"""Build the lab's programs on the control machine, for the module of this name."""

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

    Parameters:
        source: a folder with a pyproject.toml for uv's own build backend, which needs no network.
        folder: receives the wheel.

    Raises:
        AnsibleError: with the output of uv, or if uv is missing.
    """
    uv = Path(sys.executable).with_name("uv")
    options = ["--wheel", "--offline", "--no-cache", "--no-config", "--quiet", "--python", sys.executable]
    try:
        done = subprocess.run(
            [uv, "build", *options, "--out-dir", folder, source], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise AnsibleError(f"uv does not run ({error}); remove .venv and run ./lab up, which creates it") from error
    if done.returncode:
        raise AnsibleError(f"uv cannot build {source}: {' '.join(done.stderr.split())}")
    return next(folder.glob("*.whl"))


class ActionModule(ActionBase):
    """The action; see the module for its options. It replaces `source` by the wheel."""

    _requires_connection = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Build the wheel and run the module with it."""
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        with tempfile.TemporaryDirectory() as folder:
            wheel = build(Path(arguments.pop("source")), Path(folder))
            # As text: a file would lie in a folder of the login user, who could replace it.
            arguments |= {"file": wheel.name, "content": base64.b64encode(wheel.read_bytes()).decode()}
        result.update(self._execute_module(module_args=arguments, task_vars=task_vars))
        result.pop("invocation", None)
        return result
