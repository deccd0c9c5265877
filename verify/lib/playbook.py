"""A playbook of verify/lib on one host of a lab, for modules that a case looks at by themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from verify.lib.inventory import ROOT
from verify.lib.lab import Lab

ANSWERS = "/run/lab-verify/answers.json"


def play(lab: Lab, file: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Run a playbook on the first Connect host and return what it wrote to the path `answers`.

    Args:
        lab: the lab.
        file: a playbook in verify/lib.
        settings: variables of the playbook.

    Raises:
        AssertionError: with the end of the output, if the playbook fails.
    """
    machine = lab.part("connect")
    host = machine.info
    reached = {key: value for key, value in host.values.items() if key.startswith("ansible_") and value != ""}
    argv = [sys.executable, "-m", "ansible", "playbook"]
    with tempfile.TemporaryDirectory() as name:
        inventory, given = Path(name, "hosts.yml"), Path(name, "settings.json")
        inventory.write_text(json.dumps({"all": {"hosts": {host.name: reached}}}), encoding="utf-8")
        given.write_text(json.dumps({**settings, "answers": ANSWERS}), encoding="utf-8")
        done = subprocess.run(
            [*argv, "-i", str(inventory), "-e", f"@{given}", str(ROOT / "verify/lib" / file)],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-500:]
    return json.loads(machine.root(f"cat {ANSWERS}; rm -f {ANSWERS}"))
