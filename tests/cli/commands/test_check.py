"""./lab up --check: what it says where nothing can be looked at, and that it makes nothing."""

from __future__ import annotations

import io
from argparse import Namespace
from pathlib import Path

import pytest

from cli.commands import up
from cli.engine import ansible, events
from cli.errors import BAD_INPUT, OK, LabError
from cli.lab import Lab
from cli.ui.screen import Screen


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A lab of containers that this clone never made."""
    (tmp_path / "inventory" / "group_vars").mkdir(parents=True)
    (tmp_path / "inventory" / "group_vars" / "all.yml").write_text("lab_containers: true\n", encoding="utf-8")
    return Lab("second", tmp_path / "inventory", root=tmp_path)


def check(lab: Lab, silent: list[str]) -> tuple[int, str]:
    """Run the part of up --check that goes before Ansible; return status and lines."""
    out, inventory = io.StringIO(), Namespace(silent_hosts=lambda: silent)
    status = up.provision(lab, Screen(out), lab.root / "log", inventory, "./lab up --check", check=True)
    return status, out.getvalue()


def test_containers_that_are_not_there_are_named(lab: Lab) -> None:
    status, said = check(lab, ["kafka", "hadoopmaster"])
    assert status == OK and "would create the containers kafka, hadoopmaster" in said
    assert not lab.state.exists()


def test_containers_of_another_clone_are_told_from_ours(lab: Lab) -> None:
    with pytest.raises(LabError, match="this clone did not make them") as refused:
        check(lab, [])
    assert refused.value.status == BAD_INPUT
    assert not lab.state.exists()


@pytest.mark.parametrize(
    "message",
    ["Host key checking is enabled, and SSH reported an unrecognized or mismatching host key", "Permission denied"],
)
def test_another_clones_containers_are_suspected_where_keys_differ(lab: Lab, message: str) -> None:
    progress = events.Progress()
    progress._last["kafka"] = events.Failure("kafka", "Facts", message, unreachable=True)
    out = io.StringIO()
    ansible.report_failures(lab, ansible.Outcome(4, progress, lab.root / "log"), Screen(out))
    assert "another clone may have made the containers of lab second" in out.getvalue()
