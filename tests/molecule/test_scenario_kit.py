"""What the scenarios stand on: root by the password that was asked once, and a Maven that reaches nobody."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "molecule"))

import scenario_kit  # noqa: E402

SUDO = """printf '%s\\n' "$*"; if [ "$2" = -S ]; then cat; fi"""


def test_root_by_the_password_that_was_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fake_commands: Callable[[str, str], Path]
) -> None:
    """It goes in by standard input: no process list shows it, and sudo asks nobody."""
    (tmp_path / "become").write_text("secret\n", encoding="utf-8")
    monkeypatch.setenv("PATH", f"{fake_commands('sudo', SUDO)}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.delenv(scenario_kit.VARIABLE, raising=False)
    assert scenario_kit.as_root("podman", "ps").stdout.splitlines()[0] == "-n podman ps"
    monkeypatch.setenv(scenario_kit.VARIABLE, str(tmp_path / "become"))
    assert scenario_kit.as_root("podman", "ps").stdout.splitlines() == ["-k -S -p  podman ps", "secret"]


def test_every_phase_is_cut_short_once() -> None:
    """Each phase of the two playbooks is interrupted by a moment of the suite."""
    sys.path.insert(0, str(ROOT / "molecule/bad-input/tests"))
    from test_interrupted import MOMENTS

    phases: list[str] = []
    for play in yaml.safe_load((ROOT / "playbooks/site.yml").read_text(encoding="utf-8")):
        tasks = play.get("tasks", [])
        blocks = [task["name"] for task in tasks if "block" in task]
        phases += blocks if len(blocks) == len(tasks) else [play["name"]]
    after = {pattern.removeprefix("^").strip(" .\\") for pattern, _seconds, _how in MOMENTS}
    # The last play makes what is declared: nothing here, and over before it could be cut short.
    assert set(phases[:-1]) <= after, "the phase after each of these is never interrupted"


@pytest.mark.skipif(not shutil.which("mvn"), reason="no mvn here")
def test_maven_reaches_nobody(tmp_path: Path) -> None:
    environment = {**os.environ, **scenario_kit.offline(tmp_path / "offline")}
    goal = [
        "mvn",
        "-B",
        f"-Dmaven.repo.local={tmp_path}/repository",
        "org.apache.maven.plugins:maven-help-plugin:3.2.0:help",
    ]
    done = subprocess.run(goal, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "refused" in done.stdout, done.stdout
    assert (tmp_path / "offline/runs").read_text() == "run\n"


def test_a_line_for_several_hosts_counts_for_each() -> None:
    line = '  hadoopmaster, kafka: task "preflight : Check" failed: kafka_heep is no setting'
    ended = scenario_kit.Ended(2, f"{line}\n  2 hosts, changed=0, 1.3 s")
    assert ended.failures == [(host, "kafka_heep is no setting") for host in ("hadoopmaster", "kafka")]
    ended.refuses("kafka_heep", hosts=["hadoopmaster", "kafka"])
