"""plugins/module_utils/containers/engine.py: what podman's records are compared with."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.containers.engine import ContainerError, Podman, really_runs


@pytest.mark.parametrize(
    ("stat", "runs"),
    [("7 (systemd) S 1", True), ("7 (sleep) R 1", True), ("7 (init) Z 1", False), ("7 (bash) S 1", False)],
)
def test_only_a_living_first_process_of_a_container_counts(tmp_path: Path, stat: str, runs: bool) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text(stat)
    assert really_runs(7, tmp_path) is runs
    assert not really_runs(8, tmp_path)


def test_podmans_own_words_reach_the_person(tmp_path: Path) -> None:
    script = tmp_path / "podman"
    script.write_text("#!/bin/sh\necho first >&2\necho 'Error: no space left' >&2\nexit 125\n")
    script.chmod(0o755)
    with pytest.raises(ContainerError, match=r"podman network failed: no space left"):
        Podman(str(script)).run("network", "create")
