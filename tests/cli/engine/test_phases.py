"""What the events of a run become on the screen."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from cli.engine import ansible, failure
from cli.engine.events import EventsFile, Progress
from cli.lab import Lab
from cli.ui.screen import CLEAR, UP_AND_CLEAR, Screen, phase_line


def progress_of(path: Path) -> Progress:
    progress = Progress()
    for event in EventsFile(path).new():
        progress.take(event)
    return progress


def result(status: str, host: str, task: str, time: float = 0, **more: object) -> dict:
    return {"event": "result", "status": status, "host": host, "task": task, "time": time, **more}


def started(host: str, task: str, time: float, phase: str = "") -> dict:
    return {"event": "start", "host": host, "task": task, "phase": phase, "time": time}


def ended(host: str, began: float, time: float, phase: str) -> dict:
    return {"event": "end", "host": host, "began": began, "phase": phase, "time": time}


def stats(time: float, **hosts: dict[str, int]) -> dict:
    return {"event": "stats", "time": time, "hosts": hosts}


def test_a_play_is_a_phase_with_its_time_and_changes(write_events: Callable[..., Path]) -> None:
    progress = progress_of(
        write_events(
            {"event": "play", "name": "ZooKeeper", "time": 100.0},
            {"event": "task", "name": "Install", "time": 100.5},
            result("changed", "kafka", "Install", 104),
            {"event": "play", "name": "Kafka", "time": 105.0},
            {"event": "task", "name": "Start", "time": 105.5},
            stats(117.3, kafka={"changed": 1}),
        )
    )
    assert [(phase.name, phase.seconds, phase.changed) for phase in progress.finished] == [
        ("ZooKeeper", 5.0, 1),
        ("Kafka", 12.299999999999997, 0),
    ]
    assert progress.changed == 1


def test_phase_line_reads_well() -> None:
    assert phase_line("Kafka", 12.34, "4 changed") == "  Kafka ..................   12.3 s  (4 changed)"
    assert phase_line("Kafka", 0.04).endswith("  0.0 s")


def test_a_rolling_play_is_one_phase(write_events: Callable[..., Path]) -> None:
    events = [
        event
        for second in (1, 2, 3)
        for event in (
            {"event": "play", "name": "Kafka", "time": second},
            {"event": "task", "name": "Restart one", "time": second},
        )
    ]
    assert [phase.name for phase in progress_of(write_events(*events, stats(9))).finished] == ["Kafka"]


def test_phases_of_hosts_that_do_not_wait_for_each_other(write_events: Callable[..., Path]) -> None:
    """A phase ends when every host has left it. Hosts that skip it do not count for its time."""
    path = write_events(
        {"event": "play", "name": "Servers", "phases": ["Hosts", "Kafka", "MySQL", "Hadoop"], "time": 0},
        started("kafka", "Prepare", 1, "Hosts"),
        started("hadoop", "Prepare", 1.5, "Hosts"),
        ended("kafka", 1, 4, "Hosts"),
        started("kafka", "Start", 4, "Kafka"),
        ended("hadoop", 1.5, 6, "Hosts"),
        # hadoop skips Kafka and MySQL, before kafka is there.
        started("hadoop", "Start", 6, "Kafka"),
        started("hadoop", "Start", 6.1, "MySQL"),
        started("hadoop", "Start HDFS", 6.2, "Hadoop"),
        result("changed", "hadoop", "Start HDFS", 9, phase="Hadoop"),
        ended("hadoop", 6.2, 9, "Hadoop"),
        ended("kafka", 4, 10, "Kafka"),
    )
    events = EventsFile(path)
    progress = Progress()
    for event in events.new():
        progress.take(event)
    assert [(phase.name, phase.started, phase.ended) for phase in progress.finished] == [("Hosts", 1, 6)]
    assert (progress.running[0].name, progress.running[0].task) == ("Kafka", "Start")
    write_events(
        started("kafka", "Start", 10, "MySQL"),
        ended("kafka", 10, 12, "MySQL"),
        result("failed", "kafka", "Start", 12.5, result={"msg": "no"}, phase="MySQL"),
        stats(13, kafka={"failures": 1}, hadoop={"ok": 2}),
    )
    for event in events.new():
        progress.take(event)
    assert [
        (phase.name, phase.started, phase.ended, phase.changed, phase.failed) for phase in progress.finished[1:]
    ] == [
        ("Kafka", 4, 10, 0, False),
        ("MySQL", 10, 12, 0, True),
        ("Hadoop", 6.2, 9, 1, False),
    ]


def test_a_play_without_hosts_is_no_phase(write_events: Callable[..., Path]) -> None:
    path = write_events({"event": "play", "name": "MySQL", "time": 1}, {"event": "no_hosts", "time": 1}, stats(2))
    assert progress_of(path).finished == []


def test_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "events"
    events = EventsFile(path)
    assert list(events.new()) == []
    path.write_text('{"event": "play", "name": "A", "time": 1}\n{"event": "ta', encoding="utf-8")
    assert [event["event"] for event in events.new()] == ["play"]
    with path.open("a", encoding="utf-8") as file:
        file.write('sk", "name": "B", "time": 2}\n')
    assert [event["event"] for event in events.new()] == ["task"]


def test_failures_are_one_a_host_and_the_last(write_events: Callable[..., Path]) -> None:
    progress = progress_of(
        write_events(
            {"event": "play", "name": "Kafka", "time": 1},
            result("failed", "b", "Healed", result={"msg": "first"}, rescued=True),
            result("failed", "a", "Start", result={"msg": "first"}),
            result("failed", "a", "Say so", result={"msg": "second"}),
            result(
                "unreachable",
                "c",
                "Facts",
                result={"msg": "Failed to connect to the host via ssh: No route to host"},
            ),
            stats(9, a={"failures": 1}, b={"rescued": 1}, c={"unreachable": 1}),
        )
    )
    assert [(entry.host, entry.message, entry.unreachable) for entry in progress.failures] == [
        ("a", "second", False),
        ("c", "No route to host", True),
    ]
    assert progress.finished[0].failed


def test_items_of_an_ignored_loop_are_not_reported_with_a_later_failure(write_events: Callable[..., Path]) -> None:
    item = {"item": "old.jar", "result": {"msg": "wrong checksum"}}
    progress = progress_of(
        write_events(
            {"event": "play", "name": "Kafka", "time": 1},
            started("a", "Fetch", 1),
            result("item_failed", "a", "Fetch", **item),
            started("a", "Look", 2),
            started("a", "Fetch", 3),
            result("failed", "a", "Fetch", result={"msg": "no network"}),
            stats(9, a={"failures": 1}),
        )
    )
    assert [entry.message for entry in progress.failures] == ["no network"]


def test_report_is_a_line_a_host_and_the_log(write_events: Callable[..., Path], tmp_path: Path) -> None:
    progress = progress_of(
        write_events(
            {"event": "play", "name": "Kafka", "time": 1},
            result(
                "failed",
                "a",
                "Start Kafka",
                result={"msg": "it did not start", "stderr": "x\nport 9092 is taken"},
            ),
            result("unreachable", "b", "Facts", result={"msg": "timed out"}),
            stats(9, a={"failures": 1}, b={"unreachable": 1}),
        )
    )
    out = io.StringIO()
    lab = Lab("lab", tmp_path, root=tmp_path)
    log = tmp_path / "build" / "log" / "up.log"
    ansible.report_failures(lab, ansible.Outcome(2, progress, log), Screen(out))
    assert out.getvalue().splitlines() == [
        "",
        '  a: task "Start Kafka" failed: it did not start',
        "    its last line: port 9092 is taken",
        "  b: unreachable (timed out)",
        "  log: build/log/up.log",
    ]


def test_what_is_wrong_for_all_hosts_is_said_once(write_events: Callable[..., Path], tmp_path: Path) -> None:
    events = [result("failed", host, "Check the settings", result={"msg": "x is no setting"}) for host in ("b", "a")]
    progress = progress_of(write_events({"event": "play", "name": "Settings", "time": 1}, *events, stats(9)))
    out = io.StringIO()
    log = tmp_path / "up.log"
    ansible.report_failures(Lab("lab", tmp_path, root=tmp_path), ansible.Outcome(2, progress, log), Screen(out))
    assert out.getvalue().splitlines()[1] == '  a, b: task "Check the settings" failed: x is no setting'


def test_a_broken_playbook_is_reported_in_ansibles_own_words(tmp_path: Path) -> None:
    out = io.StringIO()
    outcome = ansible.Outcome(4, Progress(), tmp_path / "x.log", "[ERROR]: the role 'kafka' was not found")
    ansible.report_failures(Lab("lab", tmp_path, root=tmp_path), outcome, Screen(out))
    assert "the role 'kafka' was not found" in out.getvalue()


def test_the_tally_says_changed_0(write_events: Callable[..., Path]) -> None:
    tally = ansible.Tally()
    tally.add(ansible.Outcome(0, progress_of(write_events(stats(1, localhost={"ok": 1}, kafka={"ok": 3}))), Path("x")))
    assert tally.line().startswith("1 host, changed=0, ")


def test_message_of_a_loop_names_the_items() -> None:
    items = [
        {"item": "kafka.jar", "result": {"msg": "wrong checksum"}},
        {"item": "zk.jar", "result": {"msg": "no network"}},
    ]
    assert failure.message_of({"msg": "One or more items failed"}, items) == (
        "kafka.jar: wrong checksum; zk.jar: no network"
    )


def test_message_of_a_command_says_the_command() -> None:
    plain = {
        "msg": "non-zero return code",
        "cmd": ["hdfs", "dfs", "-ls"],
        "rc": 1,
        "stderr": "warning\nls: no such file",
    }
    assert failure.message_of(plain) == "hdfs dfs -ls ended with status 1"
    assert failure.last_stderr_line(plain) == "ls: no such file"


def test_message_hides_what_ansible_censored() -> None:
    assert "hidden" in failure.message_of({"censored": "the output has been hidden"})


def test_message_is_one_line_of_bearable_length() -> None:
    message = failure.message_of({"msg": "Task failed: a\n b\n" + "c" * 2000})
    assert message.startswith("a b c") and "\n" not in message and len(message) <= failure.LONGEST


def test_a_terminal_sees_what_runs_and_a_pipe_does_not() -> None:
    terminal, pipe = io.StringIO(), io.StringIO()
    for out, live in ((terminal, True), (pipe, False)):
        screen = Screen(out, live=live)
        screen.running(["  Kafka", "  Hadoop"])
        screen.running(["  Hadoop"])
        screen.line("done")
    assert terminal.getvalue() == f"  Kafka\n  Hadoop{CLEAR}{UP_AND_CLEAR}  Hadoop{CLEAR}done\n"
    assert pipe.getvalue() == "done\n"


def test_a_handler_after_its_phase_counts_for_it(write_events: Callable[..., Path]) -> None:
    progress = progress_of(
        write_events(
            {"event": "play", "name": "Workspace", "phases": ["Course", "Bluesky"], "time": 0},
            started("kafka", "Install", 1, "Course"),
            ended("kafka", 1, 2, "Course"),
            started("kafka", "Start", 2, "Bluesky"),
            ended("kafka", 2, 3, "Bluesky"),
            started("kafka", "Restart the programs", 3, "Course"),
            result("failed", "kafka", "Restart the programs", 4, result={"msg": "no"}, phase="Course"),
            ended("kafka", 3, 4, "Course"),
            stats(5, kafka={"failures": 1}),
        )
    )
    assert [phase.name for phase in progress.finished] == ["Course", "Bluesky"]
    assert progress.failed_in == {"Course"}


def test_a_failed_host_does_not_keep_phases_open(write_events: Callable[..., Path]) -> None:
    """Tasks of its `always` section follow the failure."""
    progress = progress_of(
        write_events(
            {"event": "play", "name": "Servers", "phases": ["Kafka", "MySQL", "Hadoop"], "time": 0},
            started("a", "Start", 1, "Kafka"),
            started("b", "Start", 1, "Kafka"),
            result("failed", "b", "Start", 2, result={"msg": "no"}, phase="Kafka"),
            started("b", "Tidy up", 3, "Kafka"),
            ended("b", 3, 4, "Kafka"),
            ended("a", 1, 5, "Kafka"),
            started("a", "Start", 5, "MySQL"),
        )
    )
    assert [phase.name for phase in progress.finished] == ["Kafka"]
    assert [phase.name for phase in progress.running] == ["MySQL"]
