"""A playbook of verify/playbooks on one host of a lab, for modules that a case looks at by themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from cli.lab import ROOT
from verify.support.lab import Lab
from verify.support.machine import Machine

ANSWERS = "/run/lab-verify/answers.json"
SECONDS = 300


def run(machine: Machine, file: str, settings: dict[str, Any], *options: str) -> str:
    """Run a playbook on a host and return its output.

    Args:
        machine: the host.
        file: a file of verify/playbooks.
        settings: variables of the playbook; only this user can read them meanwhile.
        options: of ansible-playbook.

    Raises:
        AssertionError: with the end of the output, if the playbook fails.
    """
    host = machine.info
    reached = {key: value for key, value in host.values.items() if key.startswith("ansible_") and value != ""}
    with tempfile.TemporaryDirectory() as name:
        inventory, given = Path(name, "hosts.yml"), Path(name, "settings.json")
        inventory.write_text(json.dumps({"all": {"hosts": {host.name: reached}}}), encoding="utf-8")
        given.touch(mode=0o600)
        given.write_text(json.dumps(settings), encoding="utf-8")
        argv = [sys.executable, "-m", "ansible", "playbook", *options, "-i", str(inventory), "-e", f"@{given}"]
        done = subprocess.run(
            [*argv, str(ROOT / "verify/playbooks" / file)],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-500:]
    return done.stdout + done.stderr


def play(lab: Lab, file: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Run a playbook on the first Connect host and return what it wrote to the path `answers`.

    Raises:
        AssertionError: with the end of the output, if the playbook fails.
    """
    machine = lab.part("connect")
    run(machine, file, {**settings, "answers": ANSWERS})
    return json.loads(machine.root(f"cat {ANSWERS}; rm -f {ANSWERS}"))
