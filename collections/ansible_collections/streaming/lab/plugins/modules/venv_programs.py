#!/usr/bin/python
"""Keep the lab's own programs in a venv as they are in the clone."""

from __future__ import annotations

DOCUMENTATION = r"""
module: venv_programs
short_description: Install the lab's programs into a venv, or repair them
description:
  - The action plugin builds a wheel of O(source) on the control machine.
  - The module compares the installed files with the wheel, and installs the wheel if a file is missing, different or
    no longer part of it. No network is needed.
options:
  venv: {type: path, required: true, description: The venv; it has pip.}
  source: {type: path, description: Folder with a pyproject.toml on the control machine.}
  file: {type: str, description: Name of the wheel; set by the action plugin.}
  content: {type: str, description: The wheel in base64; set by the action plugin.}
author: [Streaming Lab]
"""

EXAMPLES = r"""
- name: Install the lab's programs
  streaming.lab.venv_programs:
    venv: /opt/course-venv
    source: src
"""

RETURN = r"""
problems: {type: list, returned: always, description: Differences before the installation, at most ten lines.}
"""

import base64
import tempfile
import zipfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils.wheels import files as wheel_files
from ansible_collections.streaming.lab.plugins.module_utils.wheels import lock as wheels


def problems(venv: Path, wheel: Path) -> list[str]:
    """Compare a venv with a wheel.

    Returns:
        One line for each file that is missing, different or no longer part of the wheel.
    """
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
        record = archive.read(name).decode()
    site = next(venv.glob("lib/python3*/site-packages"), venv)
    faults, files = wheel_files.compare(site, record)
    installed = wheel_files.compare(site, (site / name).read_text(encoding="utf-8"))[1] if not faults else {}
    removed = [path for path in installed if path not in files and wheel_files.is_code(path)]
    return faults + [f"{path} is no longer part of the programs" for path in removed]


def install(venv: Path, wheel: Path) -> None:
    """Install a wheel instead of the version that is there.

    Raises:
        WheelError: with pip's last line of error.
    """
    options = ["--quiet", "--no-index", "--no-deps", "--no-cache-dir", "--force-reinstall"]
    pip = [str(venv / "bin" / "python3"), "-I", "-m", "pip", "--isolated", "--disable-pip-version-check"]
    wheel_files.run([*pip, "install", *options, str(wheel)])


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "venv": {"type": "path", "required": True},
            "source": {"type": "path"},
            "file": {"type": "str"},
            "content": {"type": "str"},
        },
        supports_check_mode=True,
    )
    venv = Path(module.params["venv"])
    try:
        # The folder has mode 0700: nobody else replaces the wheel.
        with tempfile.TemporaryDirectory(prefix="wheels-") as folder:
            wheel = Path(folder, module.params["file"])
            wheel.write_bytes(base64.b64decode(module.params["content"]))
            before = problems(venv, wheel)
            if before and not module.check_mode:
                install(venv, wheel)
                if after := problems(venv, wheel):
                    raise wheels.WheelError(f"still wrong after the installation: {after[0]}")
    except (wheels.WheelError, OSError) as error:
        module.fail_json(msg=f"programs in {venv}: {error}")
    diff = {"before": "".join(f"{venv}: {line}\n" for line in before[:10]), "after": ""} if before else {}
    module.exit_json(changed=bool(before), problems=before[:10], diff=diff)


if __name__ == "__main__":
    main()
