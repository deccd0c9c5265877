"""Read the files of `seeded_files` on the control machine and send them as one task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


def gather(folder: Path, dest: str, mode: str, replace: dict[str, str]) -> list[dict[str, str]]:
    """List a folder's files as the module takes them.

    Args:
        folder: the folder; its files, not those of folders in it.
        dest: where they go on the host.
        mode: their permissions.
        replace: text that stands for another one, such as the notes' `localhost:9092` on a lab with another port.

    Returns:
        Destination, content and mode of each file, by name.
    """
    files = []
    for path in sorted(folder.iterdir()):
        if not path.is_file():
            continue
        content = path.read_text(encoding="utf-8")
        for old, new in replace.items():
            content = content.replace(old, new)
        files.append({"dest": f"{dest.rstrip('/')}/{path.name}", "content": content, "mode": mode})
    return files


class ActionModule(ActionBase):
    """The action; see the module for its options, and `sets` and `replace` below.

    `sets` is a list of `{src, dest, mode}`: folders under the role's `files`, where their files go, and
    their permissions. `replace` maps text of the files to what stands in its place.
    """

    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Gather the files and run the module.

        Raises:
            AnsibleActionFail: if a folder of `sets` is not there.
        """
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        replace = {str(old): str(new) for old, new in (arguments.pop("replace", None) or {}).items()}
        files: list[dict[str, str]] = []
        for entry in arguments.pop("sets", []):
            folder = Path(self._find_needle("files", entry["src"]))
            if not folder.is_dir():
                raise AnsibleActionFail(f"seeded_files: {entry['src']} is no folder of files")
            files += gather(folder, str(entry["dest"]), str(entry.get("mode", "0664")), replace)
        arguments["files"] = files
        result.update(self._execute_module(module_args=arguments, task_vars=task_vars))
        return result
