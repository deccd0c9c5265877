"""What verification of a long stop does on hosts, as far as it needs no lab."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from verify.faults import test_long_stop as long_stop
from verify.support import programs
from verify.support.inventory import DEFAULTS


def test_places_are_younger_and_older_than_the_setting(clone: Path) -> None:
    default = yaml.safe_load((clone / "roles/kafka/defaults/main.yml").read_text(encoding="utf-8"))
    assert DEFAULTS["kafka_offsets_retention_minutes"] == default["kafka_offsets_retention_minutes"]
    for minutes in (1, 10080, 525600):
        groups = long_stop.ages(minutes)
        assert groups[long_stop.TERM] * 1440 < minutes < groups[long_stop.YEARS] * 1440
    assert long_stop.ages(525600) == {long_stop.TERM: 120, long_stop.YEARS: 3 * 365}
    assert list(long_stop.ages(2**31 - 1)) == [long_stop.TERM]


def test_a_servers_file_is_changed_by_the_command_that_runs_on_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "server.properties"
    file.write_text("a=1\n", encoding="utf-8")
    copy = tmp_path / "kept_file.py"
    program = (programs.FOLDER / "kept_file.py").read_text(encoding="utf-8")
    copy.write_text(program.replace("/run/lab-verify-kept", str(tmp_path / "kept")), encoding="utf-8")
    monkeypatch.setattr(programs, "FOLDER", tmp_path)
    commands = []

    def root(command: str, seconds: int = 60) -> str:
        commands.append(command)
        return subprocess.run(
            ["sh", "-c", command.replace("systemctl restart", "true")], check=True, capture_output=True, text=True
        ).stdout

    lab = SimpleNamespace(part=lambda name: SimpleNamespace(root=root))
    changing = long_stop.changed.__wrapped__(lab)
    change = next(changing)
    change("kafka", "kafka", str(file), "sed", "$a b=2")
    assert file.read_text(encoding="utf-8") == "a=1\nb=2\n"
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700
    with pytest.raises(subprocess.CalledProcessError) as refused:
        change("kafka", "kafka", str(file), "sed", "$a b=3")
    assert "is there from an earlier test" in refused.value.stderr and refused.value.stderr.count("\n") == 1
    assert next(changing, None) is None
    assert file.read_text(encoding="utf-8") == "a=1\n"
    assert commands[-1].endswith("systemctl restart kafka")
