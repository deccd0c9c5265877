#!/usr/bin/python
"""Keep a virtual environment as its pinned requirements and the lab's programs are, from wheels."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wheelhouse_venv
short_description: Look at, make or repair a venv from a tar of wheels
description:
  - Without O(archive) it says whether the venv is what the requirements say. It then only changes O(programs).
  - With O(archive) it makes a venv again that differs, without any network. The tar is copied to a folder that only
    root can read, and hashed on the way; nothing is unpacked when the hash is another one.
  - A venv is right when its stamp names the same files, Python and architecture, and when the code of each distribution
    is the one that the lock names. Nothing else but O(programs) may lie in its site-packages. The stamp is written
    last, so an interrupted installation is noticed.
  - If only O(programs) differ from their wheel, they are installed without making the venv again.
options:
  path: {type: path, required: true, description: The venv.}
  requirements: {type: str, required: true, description: Text of the pinned requirements.}
  lock: {type: str, required: true, description: Text of the lock file.}
  archive: {type: path, description: Tar of wheels on the control machine; the action plugin sends it.}
  archive_sha256: {type: str, description: Its sha256.}
  programs:
    type: dict
    description: Folder on the control machine with a pyproject.toml. The action plugin builds it; the module gets the
      wheel in base64 by its file name.
author: [Streaming Lab]
"""

EXAMPLES = r"""
- name: Look at the venv
  streaming.lab.wheelhouse_venv:
    path: /opt/course-venv
    requirements: "{{ lookup('ansible.builtin.file', 'requirements.txt') }}"
    lock: "{{ lookup('ansible.builtin.file', 'wheels.lock') }}"
  register: venv
"""

RETURN = r"""
matches: {type: bool, returned: always, description: "Whether the venv is right, but for O(programs) in check mode."}
problems: {type: list, returned: always, description: What was wrong, at most ten lines.}
python_version: {type: str, returned: always, description: "Major and minor version of the host's Python."}
machine: {type: str, returned: always, description: "The host's architecture."}
glibc: {type: str, returned: always, description: "Version of the host's C library."}
"""

import base64
import contextlib
import hashlib
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils.wheels import files as wheel_files
from ansible_collections.streaming.lab.plugins.module_utils.wheels import lock as wheels

PYTHON = "/usr/bin/python3"
"""The system's Python, which the notes' students would use for `python3 -m venv`."""


def host_python() -> tuple[str, str, str]:
    """Return the system Python's version, the architecture and the C library's version.

    Raises:
        WheelError: if there is no system Python.
    """
    say = "import platform, sys; print('%d.%d' % sys.version_info[:2], platform.libc_ver()[1] or '2.17')"
    try:
        done = subprocess.run([PYTHON, "-c", say], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise wheels.WheelError(f"{PYTHON} does not run: {error}") from error
    version, glibc = done.stdout.split()
    return version, platform.machine(), glibc


def problems(venv: Path, stamp: str, chosen: dict[str, wheels.Locked], version: str) -> list[str]:
    """Say what is wrong with a venv.

    Args:
        venv: its folder.
        stamp: what it should be made of, by `wheels.stamp`.
        chosen: file of the lock for each distribution, by normalized name.
        version: the host's Python, such as `3.13`.

    Returns:
        One line for each fault; none when the venv is right.
    """
    mark = venv / "wheelhouse-stamp"
    if not venv.is_dir():
        return ["there is none"]
    if not mark.is_file() or mark.read_text(encoding="utf-8").strip() != stamp:
        return ["was made for other requirements or another Python, or its installation was interrupted"]
    if not os.access(venv / "bin" / "python3", os.X_OK):
        return ["bin/python3 does not run"]
    return wheel_files.damage(venv / "lib" / f"python{version}" / "site-packages", chosen)


def copy_checked(archive: Path, target: Path, sha256: str) -> None:
    """Copy a tar and hash the bytes that are written.

    Raises:
        WheelError: if the copy is not the file that the control machine has.
    """
    digest = hashlib.sha256()
    with archive.open("rb") as source, target.open("xb") as copy:
        for block in iter(lambda: source.read(1 << 20), b""):
            digest.update(block)
            copy.write(block)
    if digest.hexdigest() != sha256:
        raise wheels.WheelError(
            f"the archive of wheels arrived damaged (expected {sha256}, found {digest.hexdigest()}): nothing was "
            "installed; run again"
        )


def install(
    venv: Path, archive: Path, sha256: str, chosen: dict[str, wheels.Locked], stamp: str, programs: Path | None = None
) -> None:
    """Make a venv again from a tar of wheels, and the wheel of the lab's programs.

    Raises:
        WheelError: if the tar is not the expected one, or with pip's last line of error.
    """
    # Made with mode 0700: until this ends nobody else reads or replaces what lies in it.
    with tempfile.TemporaryDirectory(prefix="wheels-") as folder:
        copy = Path(folder, "wheels.tar")
        copy_checked(archive, copy, sha256)
        with tarfile.open(copy) as tar:
            tar.extractall(folder, filter="data")
        pip = next(Path(folder).glob("pip-*.whl"), None)
        if pip is None:
            raise wheels.WheelError("the requirements do not pin pip, which installs the others")
        if venv.exists():
            shutil.rmtree(venv)
        pinned = [f"{name}=={entry.version}" for name, entry in chosen.items()]
        run([PYTHON, "-I", "-m", "venv", "--without-pip", str(venv)])
        pip_install(venv, [str(pip / "pip")], ["--find-links", folder, *pinned, *([str(programs)] if programs else [])])
    (venv / "wheelhouse-stamp").write_text(stamp + "\n", encoding="utf-8")


def pip_install(venv: Path, pip: list[str], arguments: list[str]) -> None:
    """Install wheels by pip, without a network.

    Raises:
        WheelError: with pip's last line of error.
    """
    # A pip.conf of the machine is for the machine's own pip.
    isolated = [str(venv / "bin" / "python3"), "-I", *pip, "--isolated", "--disable-pip-version-check"]
    run([*isolated, "install", "--quiet", "--no-index", "--no-deps", "--no-cache-dir", *arguments])


def run(command: list[str]) -> None:
    """Run a command that makes files for everybody.

    Raises:
        WheelError: with its last line of error.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False, umask=0o022)
    if done.returncode:
        output = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise wheels.WheelError(f"{' '.join(command[:4])}: {output[-1] if output else 'failed'}")


def only_programs(site_packages: Path, wrong: list[str], programs: dict[str, wheels.Locked]) -> bool:
    """Whether the problems of a venv are those of the lab's programs alone."""
    return bool(programs) and wrong == wheel_files.damage(site_packages, programs)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "requirements": {"type": "str", "required": True},
            "lock": {"type": "str", "required": True},
            "archive": {"type": "path"},
            "archive_sha256": {"type": "str"},
            "programs": {"type": "dict", "default": {}},
        },
        required_together=[("archive", "archive_sha256")],
        supports_check_mode=True,
    )
    # Made with mode 0700: nobody else replaces a wheel.
    with tempfile.TemporaryDirectory(prefix="programs-") as folder:
        wheel = None
        for file, content in module.params["programs"].items():
            wheel = Path(folder, file)
            wheel.write_bytes(base64.b64decode(content))
        keep(module, wheel)


def keep(module: AnsibleModule, wheel: Path | None) -> None:
    """Look at the venv, install what is wrong, and end the module.

    Args:
        module: with its options.
        wheel: the lab's programs; None: there are none.
    """
    venv, archive = Path(module.params["path"]), module.params["archive"]
    try:
        version, machine, glibc = host_python()
        wanted = wheels.pins(module.params["requirements"])
        chosen = wheels.select(wanted, wheels.read_lock(module.params["lock"]), version, machine, glibc)
        stamp = wheels.stamp(chosen, version, machine)
        entry = wheel and wheels.Locked(wheel.name, wheels.sha256(wheel), wheel_files.wheel_content(wheel))
        programs = {entry.name: entry} if entry else {}
        wrong = left = problems(venv, stamp, chosen | programs, version)
        update = only_programs(venv / "lib" / f"python{version}" / "site-packages", wrong, programs)
        if update and not module.check_mode:
            # A broken installation that pip does not replace is made again below.
            with contextlib.suppress(wheels.WheelError):
                pip_install(venv, ["-m", "pip"], ["--force-reinstall", str(wheel)])
            left = problems(venv, stamp, chosen | programs, version)
        install_now = bool(left and archive) and not (update and module.check_mode)
        if install_now and not module.check_mode:
            install(venv, Path(archive), module.params["archive_sha256"], chosen, stamp, wheel)
            left = problems(venv, stamp, chosen | programs, version)
            if left:
                raise wheels.WheelError(f"still wrong after the installation: {left[0]}")
    except (wheels.WheelError, OSError, tarfile.TarError) as error:
        module.fail_json(msg=f"venv {venv}: {error}")
    diff = {"before": "".join(f"{venv}: {line}\n" for line in wrong[:10]), "after": ""} if wrong else {}
    module.exit_json(
        changed=update or install_now,
        matches=not left or (update and module.check_mode),
        problems=wrong[:10],
        python_version=version,
        machine=machine,
        glibc=glibc,
        diff=diff,
    )


if __name__ == "__main__":
    main()
