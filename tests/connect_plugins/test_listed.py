"""The role's last tasks: a worker that does not list an installed connector is an error that says what to do."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.connect.rest_worker import HALF, NO_HTTP, running_worker
from tests.playbooks import ansible_playbook

TASKS = Path(__file__).resolve().parents[2] / "roles/kafka_connect/tasks/run.yml"


def run(tmp_path: Path, answer: Any, discovery: str = "service_load", without_manifest: tuple[str, ...] = ()) -> str:
    """Run the tasks against a worker that gives an answer; returns what Ansible printed."""
    with running_worker() as worker:
        worker.says("GET", "/connector-plugins", answer)
        settings = {
            "ansible_python_interpreter": sys.executable,
            "kafka_connect_port": int(worker.url.rpartition(":")[2]),
            "kafka_connect_service_enabled": True,
            "kafka_home": "/opt/kafka",
            "__kafka_connect_installed": {"acme": [{"name": "a.A"}], "empty": []},
            "__kafka_connect_discovery": discovery,
            "__kafka_connect_prepared": {"without_manifest": list(without_manifest)},
        }
        play = [{"hosts": "localhost", "gather_facts": False, "vars": settings,
                 "tasks": [{"ansible.builtin.import_tasks": str(TASKS)}]}]  # fmt: skip
        book = tmp_path / "play.yml"
        book.write_text(json.dumps(play), encoding="utf-8")
        start = ["--start-at-task", "Ask the worker for its plugins", str(book)]
        done = ansible_playbook("-i", "localhost,", "-c", "local", *start, http_proxy="http://127.0.0.1:9")
    assert (done.returncode == 0) == ("failed=0" in done.stdout), done.stdout
    return done.stdout


def test_a_worker_that_lists_all_is_right_and_asked_without_a_proxy(tmp_path):
    said = run(tmp_path, (200, [{"class": "a.A", "type": "source"}, {"class": "b.B", "type": "sink"}]))
    assert "ok=2" in said and "changed=0" in said and "failed=0" in said


@pytest.mark.parametrize(
    ("discovery", "without_manifest", "advice"),
    [
        ("service_load", ("a.A",), "set kafka_connect_plugin_discovery to auto, because service_load needs a manifest"),
        ("service_load", (), "it could not be loaded, see journalctl -u kafka-connect"),
        ("hybrid_warn", ("a.A",), "it could not be loaded, see journalctl -u kafka-connect"),
    ],
)
def test_a_connector_that_is_not_listed_is_named_with_what_to_do(tmp_path, discovery, without_manifest, advice):
    said = " ".join(run(tmp_path, (200, [{"class": "b.B"}]), discovery, without_manifest).split())
    assert f"/opt/kafka/plugins: the worker does not list a.A; {advice}" in said


@pytest.mark.parametrize("answer", [(500, {"message": "oops"}), NO_HTTP, HALF])
def test_a_worker_that_answers_nonsense_fails_the_task(tmp_path, answer):
    assert "failed=1" in run(tmp_path, answer)
