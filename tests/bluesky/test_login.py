"""A login that Bluesky refuses to the notes' connector is told with what to do.

The traces are those of kafka-connect-bluesky-source 0.0.1 against the stand-in of verify/onhost/bluesky, which answered
as Bluesky does: 401 AuthenticationRequired to a wrong app password, 400 ExpiredToken to the renewal of a session that
is over. The connector knows no host but bsky.social.
"""

from __future__ import annotations

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.bluesky.login import explain
from ansible_collections.streaming.lab.plugins.module_utils.connect import health as connector_health
from ansible_collections.streaming.lab.plugins.module_utils.connect import state as connector_state
from ansible_collections.streaming.lab.plugins.module_utils.connect.health import Connect, report
from ansible_collections.streaming.lab.plugins.module_utils.connect.position import Verdict
from cli.lab import Lab
from tests.connect.rest_worker import running_worker

CLASS = "uk.co.dalelane.kafkaconnect.bluesky.source.BlueskySourceConnector"
PACKAGE = "uk.co.dalelane.kafkaconnect.bluesky"
FAILED = f"org.apache.kafka.connect.errors.ConnectException: {PACKAGE}.api.BlueskyException: Failed to"
LOGIN = f"""\
{FAILED} log in to Bluesky - response code 401
\tat {PACKAGE}.source.BlueskyDataFetcher.start(BlueskyDataFetcher.java:129)
\tat {PACKAGE}.source.BlueskySourceTask.start(BlueskySourceTask.java:47)
Caused by: {PACKAGE}.api.BlueskyException: Failed to log in to Bluesky - response code 401
\tat {PACKAGE}.api.BlueskyClient.login(BlueskyClient.java:129)
\tat {PACKAGE}.source.BlueskyDataFetcher.start(BlueskyDataFetcher.java:125)
\t... 2 more
"""
RENEWAL = f"""\
{FAILED} refresh Bluesky session - response code 400
\tat {PACKAGE}.source.BlueskyDataFetcher.getStatuses(BlueskyDataFetcher.java:105)
\tat {PACKAGE}.source.BlueskySourceTask.poll(BlueskySourceTask.java:66)
Caused by: {PACKAGE}.api.BlueskyException: Failed to refresh Bluesky session - response code 400
\tat {PACKAGE}.api.BlueskyClient.refreshLogin(BlueskyClient.java:163)
\tat {PACKAGE}.api.BlueskyClient$1.run(BlueskyClient.java:83)
\tat java.base/java.util.TimerThread.mainLoop(Timer.java:566)
\tat java.base/java.util.TimerThread.run(Timer.java:516)
"""
CONFIG = {"connector.class": CLASS, "bluesky.password": "${secrets:/etc/kafka-connect/secrets:bluesky_password}"}


def failed(trace: str) -> dict:
    """The status of a connector with a failed task."""
    task = {"id": 0, "state": "FAILED", "trace": trace, "worker_id": "kafka:8083"}
    return {"connector": {"state": "RUNNING", "worker_id": "kafka:8083"}, "tasks": [task]}


def test_status_names_a_refused_app_password_and_its_file(tmp_path):
    with running_worker() as worker:
        worker.says("GET", "/connector-plugins", (200, [{"class": CLASS, "type": "source", "version": "0.0.1"}]))
        worker.says("GET", f"/connector-plugins/{CLASS}/config", (200, []))
        listed = {"bluesky-laliga": {"info": {"config": CONFIG}, "status": failed(LOGIN)}}
        worker.says("GET", "/connectors?expand=info&expand=status", (200, listed))
        [found] = report(Connect(worker.url, 5, 0.2), {}, [])
    assert found["state"] == "FAILED"
    detail = Lab("second", tmp_path / "hosts", root=tmp_path).complete_hints(found["detail"])
    assert detail.startswith("task 0: Bluesky refuses the login (HTTP 401)")
    assert "app password expired or was revoked" in detail
    assert "write a new app password to .lab/second/secrets/bluesky_password" in detail
    assert "--name second" in detail.rpartition(" and run ")[2]


def test_up_says_the_same_of_a_connector_that_it_makes():
    [line] = connector_state.failures(failed(LOGIN))
    assert line == f"task 0 FAILED on kafka:8083: {explain(LOGIN)}"
    assert "\n" not in line and "Exception" not in line


def test_the_end_of_a_session_is_no_refused_app_password():
    state, detail = connector_health._state(failed(RENEWAL), CONFIG, {"class": CLASS}, Verdict(), "")
    assert state == "FAILED"
    assert "ended the session (HTTP 400)" in detail and "restart the failed task" in detail
    assert "bluesky_password" not in detail


@pytest.mark.parametrize("status", [403, 429, 500, 502])
def test_a_failure_of_bluesky_or_of_something_in_between_blames_no_password(status):
    assert explain(LOGIN.replace("401", str(status))) == ""
