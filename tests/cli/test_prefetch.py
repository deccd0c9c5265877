"""Downloads that begin before .venv exists: when they are useful, what they fetch, and that they end with ./lab."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path

import pytest

from cli import prefetch
from cli.lab import DEFAULT_INVENTORY, ROOT, Lab

UP = Namespace(command="up", check=False)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """The default lab of a clone, and a user with an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    inventory = tmp_path / DEFAULT_INVENTORY
    (inventory / "group_vars").mkdir(parents=True)
    (inventory / "hosts.yml").write_text("all: {}\n")
    (inventory / "group_vars/all.yml").write_text("lab_containers: true\n")
    return Lab("lab", inventory, root=tmp_path)


def test_downloads_begin_for_up_and_for_the_whole_test(lab: Lab) -> None:
    assert prefetch.is_useful(lab, UP)
    assert prefetch.is_useful(lab, Namespace(command="test", suite=None))


def test_other_commands_download_nothing(lab: Lab) -> None:
    assert not prefetch.is_useful(lab, Namespace(command="up", check=True))
    assert not prefetch.is_useful(lab, Namespace(command="test", suite="lint"))
    assert not prefetch.is_useful(lab, Namespace(command="status"))


def test_a_cache_with_products_needs_no_download(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "cache/streaming-lab/products").mkdir(parents=True)
    (tmp_path / "cache/streaming-lab/products/kafka.tar").touch()
    assert not prefetch.is_useful(lab, UP)


@pytest.mark.parametrize("setting", ["artifacts_distribution=archive", "lab_mysql_source=jdbc"])
def test_settings_of_the_artifacts_are_left_to_ansible(lab: Lab, setting: str) -> None:
    assert not prefetch.is_useful(dataclasses.replace(lab, extra_vars=(setting,)), UP)
    (lab.inventory / "group_vars/all.yml").write_text(setting.replace("=", ": "))
    assert not prefetch.is_useful(lab, UP)


def test_other_inventories_are_left_to_ansible(lab: Lab, tmp_path: Path) -> None:
    """Without a NameNode, for example, there is no Hadoop to fetch."""
    other = lab.inventory.rename(tmp_path / "inventory/mine")
    assert not prefetch.is_useful(dataclasses.replace(lab, inventory=other), UP)


def test_all_locked_artifacts_are_fetched_and_the_download_ends_with_its_parent(tmp_path: Path) -> None:
    """With an mvn that notes its project and then waits."""
    mvn = tmp_path / "path/mvn"
    mvn.parent.mkdir()
    mvn.write_text(f"#!/bin/sh\ncat $(find . -name pom.xml) >{tmp_path}/poms\necho $$ >{tmp_path}/pid\nexec sleep 60\n")
    mvn.chmod(0o755)
    parent = subprocess.Popen(
        ["/bin/sh", "-c", f"{sys.executable} -m cli.prefetch $$ & exec sleep 60"],
        env={"PATH": f"{mvn.parent}:/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)},
        cwd=ROOT,
    )
    deadline = time.monotonic() + 30
    while not (tmp_path / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    poms = (tmp_path / "poms").read_text()
    for artifact in ("kafka_2.13", "hadoop-common", "debezium-connector-mysql", "mysql-connector-j"):
        assert f"<artifactId>{artifact}</artifactId>" in poms
    child = Path("/proc", (tmp_path / "pid").read_text().strip())
    assert child.exists()
    parent.kill()
    parent.wait()
    while child.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not child.exists()
