"""What a power cut or a killed process does: servers come back by themselves, with their data."""

import subprocess
import time

import pytest

from verify.support.services import services_of
from verify.support.waits import until

SERVERS = [("kafka", "kafka"), ("zookeeper", "zookeeper")]
TOPIC = "lab-verify-restart"
TABLE = "lab_verify_restart"
pytestmark = pytest.mark.restarts


@pytest.fixture
def message(lab):
    """A record written before; the slate of the case `host` is put back after."""
    answer = lab.slate("begin", "host")
    assert answer["ok"], answer
    text = f"written before, at {time.time_ns()}"
    lab.ask("create", topic=TOPIC)
    lab.ask("send", topic=TOPIC, values=[text])
    yield text
    # A broker that has just started answers before its controller has told it of its topics.
    until(lambda: lab.ask("topics"), lambda there: TOPIC in there, 60, f"the topic {TOPIC}", 0.5)
    answer = lab.slate("end", "host")
    assert answer["ok"], answer


def test_killed_broker_serves_again(lab, message, evidence):
    """After kill -9 the broker comes back with its data, in one start; how fast is measured in benchmarks/."""
    machine = lab.part("kafka")
    before = restarts(machine)
    started = time.monotonic()
    machine.root("systemctl kill --signal=KILL kafka")
    # Clients only then: one that starts while the broker is down waits half a minute before it says so.
    show = "systemctl show --property=ActiveState,NRestarts --value kafka"
    until(
        lambda: machine.run(show).split(),
        lambda seen: "active" in seen and str(before) not in seen,
        60,
        "kafka active again, by systemd",
    )
    records = until(lambda: _read(lab), lambda seen: seen == [message], 20, f"{message!r} in {TOPIC}")
    seconds = time.monotonic() - started
    assert records == [message]
    tries = restarts(machine) - before
    assert tries == 1, f"systemd started the broker {tries} times"
    evidence(f"broker killed with -9 serves its data again after {seconds:.1f} s, in one start")


def test_host_restart(lab, message, evidence):
    """Every host restarts; every server comes back in order, and what was written is there."""
    here = [machine.name for machine in lab.machines if machine.info.values["ansible_connection"] == "local"]
    if here:
        pytest.skip(f"{', '.join(here)} is the machine that the verification runs on")
    put = lab.sql(f"CREATE TABLE IF NOT EXISTS {TABLE} (v INT); INSERT INTO {TABLE} VALUES (1); SELECT v FROM {TABLE}")
    for machine in lab.machines:
        boot = machine.run("cat /proc/sys/kernel/random/boot_id; stat --format=%Z /proc/1")
        command = str(machine.info.values["lab_restart_command"]).replace("{host}", machine.name)
        if command:
            subprocess.run(command, shell=True, check=True, capture_output=True, timeout=180)
        else:
            machine.root("systemctl reboot", check=False)
        until(
            lambda m=machine, b=boot: _boot(m) not in ("", b),
            bool,
            180,
            f"{machine.name} answers after its restart",
            1,
        )
    for machine in lab.machines:
        for unit, _ports in services_of(machine.info):
            until(
                lambda m=machine, u=unit: m.run(f"systemctl is-active {u}", check=False).strip(),
                lambda state: state == "active",
                120,
                f"{unit} active on {machine.name} after the restart",
                0.5,
            )
            assert restarts(machine, unit) == 0, f"{unit} needed more than one start\n{machine.journal(unit)}"
    lab.bring_helper()
    until(lambda: _read(lab), lambda seen: seen == [message], 30, f"{message!r} in {TOPIC}")
    assert lab.sql(f"SELECT v FROM {TABLE}; DROP TABLE {TABLE}") == put
    evidence("host restart: every service back in one start, topic and table as before")


def restarts(machine, unit: str = "kafka") -> int:
    """How often systemd has restarted a unit."""
    return int(machine.run(f"systemctl show --property=NRestarts --value {unit}"))


def _read(lab) -> list[str]:
    try:
        return [record["value"] for record in lab.ask("read", topic=TOPIC, count=1, seconds=2)]
    except (AssertionError, RuntimeError, ValueError) as error:
        return [str(error)[:300]]


def _boot(machine) -> str:
    try:
        return machine.run("cat /proc/sys/kernel/random/boot_id; stat --format=%Z /proc/1", seconds=10)
    except (AssertionError, RuntimeError):
        return ""
