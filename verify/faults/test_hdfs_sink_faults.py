"""hdfs-sink while things break: every row that Kafka acknowledged is in HDFS, once, and nobody had to help.

All faults share one topic, one folder and one ledger, so a row that an earlier fault doubled fails the later ones too.
"""

import random
import time

import pytest

from verify.support.services import services_of
from verify.support.sinks import PORT, Trial
from verify.support.waits import until

ENGINE = "hdfs-sink"
SERVERS = [("kafka", "kafka"), ("namenode", "hadoop-namenode"), ("datanode", "hadoop-datanode")]
TOPIC = "hdfs-sink-fault"
RECOVERY = 60
"""Seconds within which a fault that is over is overcome."""
pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def trial(lab, slate):
    """The topic, the folder and their ledger."""
    lab.ask("create", topic=TOPIC, partitions=2)
    made = Trial(lab, TOPIC)
    lab.part("namenode").login(
        "hadoop", f"hdfs dfs -mkdir -p {made.folder} && hdfs dfs -chown {lab.student_name} {made.folder}"
    )
    yield made
    made.stop("sink", "second")


@pytest.fixture
def sink(trial):
    """A running sink that has found its place, and stops after the test."""
    trial.sink("sink")
    trial.wait_said("sink", "event=place", 60)
    yield trial
    trial.end("sink")


@pytest.fixture
def report(evidence):
    """Note the ledger after a fault."""

    def note(fault: str, seen: dict, seconds: float) -> None:
        evidence(
            f"{fault}: {seen['acknowledged']} acknowledged, missing {seen['missing']}, doubled {seen['doubled']},"
            f" all there {seconds:.0f} s after"
        )

    return note


@pytest.mark.restarts
def test_killed_under_load(sink, report, request):
    """Kill -9 at random moments; 20 times with --faults, 4 times without."""
    kills = 20 if request.config.getoption("--faults") else 4
    chance = random.Random(20)
    feed = sink.feed(kills * 2.5)
    places = 0
    for _ in range(kills):
        # Between its start, when it looks for its place, and some batches later.
        look = lambda: sink.said("sink").count("event=place")  # noqa: E731
        places = until(look, lambda seen, before=places: seen > before, 60, "the sink finds its place again", 0.1)
        time.sleep(chance.uniform(0, 2.5))
        sink.signal("sink", "KILL")
    feed.wait("produced", 120)
    report(f"{kills} kill -9", *sink.settle(RECOVERY))


@pytest.mark.restarts
def test_stopped_replaced_and_continued(sink, report):
    """SIGSTOP with rows gathered, a second copy takes over, SIGCONT: the first is fenced."""
    feed = sink.feed(8)
    time.sleep(2)
    sink.signal("sink", "STOP")
    sink.sink("second")
    sink.wait_said("second", "event=wrote", 60)
    sink.signal("sink", "CONT")
    sink.wait_said("sink", "event=fenced", 30)
    feed.wait("produced", 60)
    seen = sink.settle(RECOVERY)
    sink.end("sink", "second")
    report("SIGSTOP, a second copy, SIGCONT", *seen)


@pytest.mark.restarts
def test_renames_that_are_done_though_their_answer_is_lost(trial, report):
    """Of each third rename the proxy drops the answer: the place tells what was done."""
    webhdfs = trial.lab.settings["webhdfs"]
    proxy = trial.lab.start("proxy", f"{trial.python} proxy {PORT} {webhdfs} 3", "/")
    trial.sink("sink", "--webhdfs", f"http://127.0.0.1:{PORT}")
    feed = trial.feed(8)
    feed.wait("produced", 60)
    seen = trial.settle(RECOVERY)
    dropped = len(proxy.wait_lines(2, holding="dropped"))
    trial.end("sink")
    proxy.stop()
    report(f"{dropped} renames done and their answers lost", *seen)


def down(trial, part: str, unit: str, seconds: float) -> None:
    """Kill a server with -9 and keep it down."""
    machine = trial.lab.part(part)
    machine.root(f"systemctl kill --signal=KILL {unit}; systemctl stop {unit}")
    time.sleep(seconds)
    machine.root(f"systemctl start {unit}", seconds=120)
    # The fault is over when the server answers: for minutes the NameNode takes a dead DataNode for a living one.
    setting = "hadoop_namenode_http_port" if part == "namenode" else "hadoop_datanode_http_port"
    port = machine.info.values[setting]
    until(lambda: machine.run(f"ss -Hltn sport = :{port}"), bool, 120, f"{unit} listens on {port}", 0.5)


@pytest.mark.parametrize("part", ["namenode", "datanode"])
def test_a_server_of_hdfs_is_killed_for_a_minute(sink, report, part):
    feed = sink.feed(75, rate=100)
    time.sleep(3)
    down(sink, part, f"hadoop-{part}", 60)
    seen = sink.settle(RECOVERY)
    feed.wait("produced", 120)
    seen = (sink.settle(RECOVERY)[0], seen[1])
    assert "event=waiting" in sink.said("sink")
    report(f"{part} killed for 60 s", *seen)


def test_the_broker_is_killed(sink, report):
    """Systemd starts it again; producer and sink go on by themselves."""
    machine = sink.lab.part("kafka")
    feed = sink.feed(15)
    time.sleep(4)
    machine.root("systemctl kill --signal=KILL kafka")
    for unit, _ports in services_of(machine.info):
        if unit == "kafka":
            until(
                lambda: machine.run("systemctl is-active kafka", check=False).strip(),
                lambda state: state == "active",
                120,
                "kafka active again",
                0.5,
            )
    feed.wait("produced", 120)
    report("broker kill -9", *sink.settle(RECOVERY))


def refused(trial, spoil: str, repair: str, text: str, user: str = "hadoop") -> tuple[dict, float]:
    """Spoil HDFS by a command of its superuser while a sink runs, wait until the sink says so, and repair it."""
    namenode = trial.lab.part("namenode")
    trial.sink("sink", user=user)
    trial.wait_said("sink", "event=place", 60)
    try:
        namenode.login("hadoop", spoil, seconds=90)
        feed = trial.feed(6)
        trial.wait_said("sink", text, 60)
        feed.wait("produced", 90)
    finally:
        namenode.login("hadoop", repair, seconds=90)
    seen = trial.settle(RECOVERY)
    trial.end("sink")
    return seen


def test_safe_mode(trial, report):
    spoil, repair = "hdfs dfsadmin -safemode enter", "hdfs dfsadmin -safemode leave"
    report("safe mode", *refused(trial, spoil, repair, "Name node is in safe mode"))


def test_no_space_left(trial, report):
    """A space quota of one byte on the folder, taken away again."""
    spoil = f"hdfs dfsadmin -setSpaceQuota 1 {trial.folder}"
    report("out of space", *refused(trial, spoil, f"hdfs dfsadmin -clrSpaceQuota {trial.folder}", "event=waiting"))


def test_permission_is_refused_and_repaired(trial, report):
    """A sink that is not HDFS's superuser loses its right to write, and gets it back."""
    user = trial.lab.student_name
    give = f"hdfs dfs -chown -R {user} {trial.folder}"
    trial.lab.part("namenode").login("hadoop", give)
    spoil = f"hdfs dfs -chown -R hadoop {trial.folder}"
    report("403 and repaired", *refused(trial, spoil, give, "ermission denied", user))


def test_one_of_two_that_share_dies(trial, report):
    """Kafka's group gives each one partition; the dead one's goes to the other, without a person."""
    trial.sink("sink", "--share")
    trial.sink("second", "--share")
    for name in ("sink", "second"):
        trial.wait_said(name, "event=place", 60)
    feed = trial.feed(15)
    for name in ("sink", "second"):
        trial.wait_said(name, "event=wrote", 60)
    trial.lab.workspace.root("systemctl kill --signal=KILL lab-verify-sink; systemctl stop lab-verify-sink")
    feed.wait("produced", 60)
    seen = trial.settle(RECOVERY)
    trial.end("sink", "second")
    report("two share, one dies for good", *seen)


def test_the_topic_is_deleted_and_made_again(lab, slate, evidence):
    """Under the same name, with the same offsets: the new topic is read from its beginning, the old one's rows stay."""
    again = Trial(lab, "hdfs-sink-again")
    lab.ask("create", topic=again.topic, partitions=2)
    again.sink("sink")
    again.feed(2).wait("produced", 60)
    again.settle(RECOVERY)
    again.recreate_topic(partitions=2)
    # More rows than before: their offsets include those of the old topic.
    again.feed(4).wait("produced", 60)
    until(again.compare, lambda seen: not seen["missing"], RECOVERY, "the rows of both topics in HDFS")
    again.wait_said("sink", "event=new_topic", 30)
    seen = again.end("sink")
    evidence(
        f"topic made again: {seen['acknowledged']} acknowledged, missing {seen['missing']}, doubled {seen['doubled']}"
    )


def test_a_sink_by_day_is_killed(lab, slate, evidence):
    """Kill -9 while rows of several days come by turns: a batch has a file of each, and is committed as one."""
    days = Trial(lab, "hdfs-sink-days")
    lab.ask("create", topic=days.topic, partitions=2)
    days.sink("sink", "--by-day", "--time-field", "datahora")
    feed = days.feed(6, rate=50, days=3)
    chance = random.Random(3)
    for _ in range(3):
        days.wait_said("sink", "event=wrote", 60)
        time.sleep(chance.uniform(0.5, 2))
        days.signal("sink", "KILL")
    feed.wait("produced", 60)
    _, seconds = days.settle(RECOVERY)
    seen = days.end("sink")
    assert seen["folders"] == 3, seen
    evidence(
        f"3 kill -9 by day: {seen['acknowledged']} acknowledged, missing {seen['missing']},"
        f" doubled {seen['doubled']}, all there {seconds:.0f} s after"
    )
