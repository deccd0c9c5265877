"""`up` that was interrupted, politely or not, continues where it stopped; in the end nothing shows."""

from __future__ import annotations

import os
import signal
import time

import pytest
from scenario_kit import Scenario, kill_tree, until_line

# Finished phases as ./lab prints them, and how the phase after each is cut short: (line, seconds into it, how).
MOMENTS = [
    (r"^lab ", 1.5, "SIGINT"),
    (r"^lab ", 3.0, "SIGKILL"),
    (r"^  Preflight ", 0.5, "SIGKILL"),
    (r"^  Artifacts ", 6.0, "SIGKILL"),
    (r"^  Hosts ", 2.0, "SIGINT"),
    (r"^  ZooKeeper ", 2.0, "SIGINT"),
    (r"^  Kafka \.", 1.0, "SIGKILL"),
    (r"^  MySQL ", 1.0, "SIGINT"),
    (r"^  Hadoop ", 1.0, "SIGKILL"),
    (r"^  Kafka Connect ", 0.2, "SIGKILL"),
    (r"^  WebHDFS ", 1.0, "SIGINT"),
    (r"^  Course ", 0.1, "SIGINT"),
    (r"^  HDFS sink ", 0.1, "SIGKILL"),
    (r"^  Bluesky ", 0.0, "SIGINT"),
]


@pytest.mark.parametrize(("after", "seconds", "how"), MOMENTS)
def test_up_cut_short(scenario: Scenario, after: str, seconds: float, how: str) -> None:
    child = scenario.start("up", "--no-verify")
    seen = until_line(child, after)
    time.sleep(seconds)
    assert child.poll() is None, f"up had ended before it could be interrupted\n{seen}"
    if how == "SIGKILL":
        kill_tree(child.pid)
        child.wait(10)
        return
    os.kill(child.pid, signal.SIGINT)
    rest, _ = child.communicate(timeout=30)
    assert child.returncode == 130, seen + rest
    assert f"to continue where it stopped, run: ./lab up --name {scenario.name} --no-verify\n" in rest, rest
    assert "Traceback" not in rest, rest


def test_up_then_finishes(scenario: Scenario) -> None:
    ended = scenario.lab("up", "--no-verify")
    assert ended.status == 0, ended.text


def test_and_nothing_is_left_to_change(scenario: Scenario) -> None:
    ended = scenario.lab("up", "--no-verify")
    assert (ended.status, ended.changed) == (0, 0), ended.text


def test_the_lab_works(scenario: Scenario) -> None:
    ended = scenario.lab("verify", "host", "first-steps", "webhdfs")
    assert ended.status == 0, ended.text
