"""./lab up on an existing cluster: one block is added to one file, the notes work, and all of it can be undone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import DATANODE, SETTINGS, SITE, SITE_TEXT, Cluster
from scenario_kit import Ended, Scenario

BEFORE = SITE_TEXT.encode("iso-8859-1")
BLOCK = (
    b"<!-- BEGIN streaming-lab TIME: these properties override those above -->\r\n"
    b"  <property><name>dfs.webhdfs.enabled</name><value>true</value></property>\r\n"
    b"  <property><name>dfs.namenode.http-address</name><value>0.0.0.0:9870</value></property>\r\n"
    b"<!-- END streaming-lab -->\r\n"
)
AFTER = BEFORE.replace(b"</configuration>", BLOCK + b"</configuration>")
FOLDER = "/user/hadoop/kafka"
OPTIONS = ("-i", str(Path(__file__).resolve().parents[1] / "inventory"))


@pytest.fixture(scope="module")
def files(cluster: Cluster) -> dict[str, str]:
    """The configuration before the lab came."""
    return cluster.files()


def up(scenario: Scenario, **more: object) -> Ended:
    """./lab up on the cluster's host."""
    return scenario.lab("up", *OPTIONS, "--no-verify", "--limit", "hadoopmaster", settings={**SETTINGS, **more})


def test_a_dry_run_changes_nothing(scenario: Scenario, cluster: Cluster, files: dict) -> None:
    started = cluster.started()
    ended = scenario.lab("up", *OPTIONS, "--check", "--limit", "hadoopmaster", settings=SETTINGS)
    assert ended.status == 0, ended.text
    assert "would change hadoopmaster: webhdfs : Turn WebHDFS on" in ended.text
    assert (cluster.files(), cluster.started()) == (files, started)


def test_up_says_that_hdfs_restarts(scenario: Scenario, cluster: Cluster, files: dict) -> None:
    started = cluster.started()
    ended = up(scenario)
    assert ended.status == 0, ended.text
    assert "hdfs-site.xml changed: running `~/stop.sh && ~/start.sh` as professor" in ended.text
    assert cluster.started() != started


def test_one_block_was_added_and_nothing_else(cluster: Cluster, files: dict) -> None:
    assert re.sub(rb"streaming-lab \d+:", b"streaming-lab TIME:", cluster.site()) == AFTER
    now = cluster.files()
    assert {name for name in now if now[name] != files[name]} == {"hdfs-site.xml"}
    assert now["hdfs-site.xml"].split()[1:3] == ["professor", "444"]
    assert cluster.machine.root("getent passwd hadoop; ls /etc/systemd/system/hadoop-* 2>/dev/null", check=False) == ""


def test_the_folder_of_the_course_is_its_users_alone(cluster: Cluster) -> None:
    listed = cluster.hdfs(f"dfs -ls -d {FOLDER} /user").splitlines()
    assert [line.split()[0::2][:2] for line in listed] == [["drwxr-xr-x", "hadoop"], ["drwxr-xr-x", "professor"]]


def test_second_run_changes_nothing_and_restarts_nothing(scenario: Scenario, cluster: Cluster) -> None:
    started = cluster.started()
    ended = up(scenario)
    assert (ended.status, ended.changed) == (0, 0), ended.text
    assert "hdfs-site.xml changed" not in ended.text
    assert cluster.started() == started


def test_a_restart_that_was_cut_short_is_made_by_the_next_run(scenario: Scenario, cluster: Cluster) -> None:
    cluster.owner(f"LC_ALL=C sed -i 's/BEGIN streaming-lab [0-9]*/BEGIN streaming-lab '$(date +%s)/ {SITE}")
    started = cluster.started()
    ended = up(scenario)
    assert ended.status == 0, ended.text
    assert cluster.started() != started


def test_undo_gives_the_files_back(scenario: Scenario, cluster: Cluster, files: dict) -> None:
    ended = up(scenario, webhdfs_state="absent")
    assert ended.status == 0, ended.text
    assert cluster.site() == BEFORE
    assert cluster.files() == files
    again = up(scenario, webhdfs_state="absent")
    assert (again.status, again.changed) == (0, 0), again.text


def test_an_undo_that_was_cut_short_before_the_restart_is_continued(scenario: Scenario, cluster: Cluster) -> None:
    assert up(scenario).status == 0
    cluster.owner(
        "LC_ALL=C sed -i -e 's/BEGIN streaming-lab [0-9]*/BEGIN streaming-lab '$(date +%s)/ "
        f"-e '/BEGIN streaming-lab/,/END streaming-lab/{{/<property>/d}}' {SITE}"
    )
    started = cluster.started()
    ended = up(scenario, webhdfs_state="absent")
    assert ended.status == 0, ended.text
    assert cluster.started() != started
    assert cluster.site() == BEFORE


def test_the_notes_work_on_it(scenario: Scenario) -> None:
    """Names of DataNodes resolve on the student's host, and the case webhdfs passes."""
    ended = scenario.lab("up", *OPTIONS, "--no-verify", settings=SETTINGS)
    assert ended.status == 0, ended.text
    assert f" {DATANODE}\n" in scenario.machines()["kafka"].root("cat /etc/hosts")
    ended = scenario.lab("verify", *OPTIONS, "webhdfs", settings=SETTINGS)
    assert ended.status == 0, ended.text
    ended = scenario.lab("up", *OPTIONS, "--no-verify", settings=SETTINGS)
    assert (ended.status, ended.changed) == (0, 0), ended.text
