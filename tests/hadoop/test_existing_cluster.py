"""A Hadoop cluster that is there already: its ports are taken by its own servers, and nothing is installed on it."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path

import pytest

from tests.playbooks import ansible_playbook

HOSTS = """
all:
  vars: {lab_name: nowhere, ansible_connection: local, ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  children:
    zookeeper: {hosts: {student: {}}}
    kafka: {hosts: {student: {}}}
    namenode: {hosts: {master: {}}}
    datanode: {hosts: {master: {}}}
"""
PLAY = """
- hosts: master
  gather_facts: false
  roles: [preflight]
  tasks:
    - ansible.builtin.debug: {msg: "installed: {{ lab_host_install }}"}
"""


def preflight(clone: Path, folder: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run the preflight on this machine as the cluster's master."""
    (folder / "hosts.yml").write_text(HOSTS, encoding="utf-8")
    (folder / "play.yml").write_text(PLAY, encoding="utf-8")
    (folder / "group_vars").symlink_to(clone / "playbooks/group_vars")
    every = {"preflight_systems": {"Debian": "1", "Ubuntu": "1"}, "preflight_memory_mb": 0, "preflight_disk_mb": 0}
    files = ("-i", str(folder / "hosts.yml"), str(folder / "play.yml"))
    return ansible_playbook(*files, "-e", json.dumps({**every, **settings}))


@pytest.mark.parametrize("port", [9866, 9867])
def test_all_ports_of_the_datanode_are_asked_for(clone: Path, tmp_path: Path, port: int) -> None:
    try:
        taken = socket.create_server(("0.0.0.0", port))
    except OSError:
        # Something here has it: that will do as well.
        taken = socket.socket()
    with taken:
        done = preflight(clone, tmp_path)
    assert f"port: {port} is taken by" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("install", [True, False])
def test_its_ports_are_its_own(clone: Path, tmp_path: Path, install: bool) -> None:
    with socket.create_server(("0.0.0.0", 0)) as namenode:
        port = namenode.getsockname()[1]
        done = preflight(clone, tmp_path, hadoop_namenode_http_port=port, lab_hadoop_install=install)
    if install:
        assert f"port: {port} is taken by process" in done.stdout, done.stdout + done.stderr
    else:
        assert done.returncode == 0, done.stdout + done.stderr
        assert "installed: False" in done.stdout, done.stdout
