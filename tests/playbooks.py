"""Runs of ansible-playbook in processes that begin with Ansible imported."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]


def _ansible(argv: list[str], environment: dict[str, str], output: tuple[str, str]) -> None:
    """Be ansible-playbook, in a process of its own.

    Args:
        argv: the command line.
        environment: every variable.
        output: files for standard output and standard error.
    """
    for descriptor, path in enumerate(output, start=1):
        os.dup2(os.open(path, os.O_WRONLY), descriptor)
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = argv
    from ansible.cli.playbook import main

    main(argv)


def ansible_playbook(*options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run ansible-playbook in the clone's folder, as ansible.cfg says.

    Python's fork server imports Ansible once; to start Python and import Ansible takes longer than a short playbook.

    Args:
        options: of the command line, with the playbook.
        variables: of the environment; Ansible's own have no effect, for Ansible reads its configuration at import.
    """
    # Not what ./lab gives Ansible: the run is the same in every shell.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "LAB_"))}
    environment = {**inherited, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["ansible.cli.playbook"])
    argv = ["ansible-playbook", *options]
    with tempfile.NamedTemporaryFile() as stdout, tempfile.NamedTemporaryFile() as stderr:
        files = (stdout.name, stderr.name)
        process = server.Process(target=_ansible, args=(argv, {**environment, **variables}, files))
        with mock.patch.dict(os.environ, environment, clear=True):
            process.start()
        process.join()
        texts = [Path(name).read_text(encoding="utf-8") for name in files]
    return subprocess.CompletedProcess(argv, process.exitcode or 0, *texts)
