"""A lab that was switched off for a term: places of groups, files left open, records that are gone.

Times are set by server settings and by the times in records; nothing waits for days.
"""

import json
import os
import shlex
import subprocess
import sys
import time

import pytest

from cli.lab import ROOT
from verify.support.programs import print_program
from verify.support.waits import until

ENGINE = "kafka, HDFS"
SERVERS = [("kafka", "kafka"), ("namenode", "hadoop-namenode")]
TOPIC = "lab-verify-long-stop"
TERM, YEARS = "lab-verify-term", "lab-verify-years"
OPEN = "/user/hadoop/lab-verify-open.txt"
pytestmark = pytest.mark.faults


def kept_file(*arguments: str) -> str:
    """The shell command that runs verify/onhost/kept_file.py."""
    return f"{print_program('kept_file.py')} | python3 - {shlex.join(arguments)}"


def ages(retention_minutes: int) -> dict[str, float]:
    """Ages in days of two groups' places: one that the broker keeps, and one that it throws away.

    Args:
        retention_minutes: the setting kafka_offsets_retention_minutes. Where it is so long that the second place would
            be older than 1970, there is only the first one.
    """
    days = retention_minutes / (24 * 60)
    old = {YEARS: days * 3} if days * 3 * 86400 < time.time() else {}
    return {TERM: min(days / 3, 120), **old}


@pytest.fixture(scope="module")
def topic(lab, slate):
    """A topic with ten records."""
    lab.ask("create", topic=TOPIC)
    lab.ask("send", topic=TOPIC, values=[str(number) for number in range(10)])
    return TOPIC


@pytest.fixture
def changed(lab):
    """Changes a server's file by a command for one test; the server restarts before and after."""
    undo = []

    def change(part: str, unit: str, file: str, *command: str) -> None:
        machine = lab.part(part)
        machine.root(kept_file("keep", file))
        undo.append((machine, f"{kept_file('restore', file)} && systemctl restart {unit}"))
        machine.root(f"{kept_file('change', file, *command)} && systemctl restart {unit}", seconds=200)

    yield change
    for machine, command in undo:
        machine.root(command, seconds=200)


def test_the_place_of_a_group_outlives_a_term(lab, topic, changed, evidence):
    """A place younger than the retention is kept, in a broker that has just thrown away an older one."""
    groups = ages(int(lab.part("kafka").info.values["kafka_offsets_retention_minutes"]))
    about = {"bootstrap": lab.settings["bootstrap"], "topic": topic, "groups": groups}
    python = f"{lab.values['course_venv']}/bin/python3"
    lab.workspace.run(f"{print_program('old_offsets.py')} | {python} - {shlex.quote(json.dumps(about))}")
    if YEARS not in groups:
        pytest.skip("kafka_offsets_retention_minutes is so long that no place is older")
    kept, gone = (f"{groups[name]:.5g} days" for name in (TERM, YEARS))
    sed = ("sed", "$a offsets.retention.check.interval.ms=500")
    changed("kafka", "kafka", f"{lab.home}/config/server.properties", *sed)
    place = lambda group: lab.ask("group", group=group)["committed"]  # noqa: E731
    until(lambda: place(YEARS), lambda seen: seen == 0, 60, f"a place of {gone} ago is thrown away")
    assert place(TERM) == 3, f"a group that paused for {kept} starts from the beginning"
    evidence(f"a group's place of {kept} ago kept, one of {gone} ago gone")


def test_records_that_retention_ate_are_reported(lab, topic, request, evidence):
    """`./lab status` names group, topic and number."""
    brokers = shlex.quote(lab.settings["bootstrap"])
    words = f"bin/kafka-delete-records.sh --bootstrap-server {brokers} --offset-json-file /tmp/lab-verify.json"
    place = json.dumps({"version": 1, "partitions": [{"topic": topic, "partition": 0, "offset": 8}]})
    lab.student(f"echo {shlex.quote(place)} >/tmp/lab-verify.json; {words}; rm /tmp/lab-verify.json")
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "LAB_EVENTS"))}
    inventory = request.config.getoption("--lab-inventory")
    command = [sys.executable, "-m", "cli", "-i", inventory, "status"]
    done = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, check=False)
    found = [line.strip() for line in done.stdout.splitlines() if f"group {TERM}" in line]
    assert len(found) == 1, done.stdout + done.stderr
    assert f"5 records of topic {topic}" in found[0]
    evidence(f"status: group {TERM} can no longer read 5 records")


def test_a_file_that_a_killed_writer_left_open_is_closed(lab, slate, changed, evidence):
    """The NameNode closes it by itself, and then others append to it."""
    namenode = lab.part("namenode")
    limit = namenode.login("hadoop", "hdfs getconf -confKey dfs.namenode.lease-hard-limit-sec").strip()
    assert int(limit) <= 120, "a file stays open for a lesson"
    site = namenode.login("hadoop", "echo $HADOOP_HOME/etc/hadoop/hdfs-site.xml").strip()
    changed("namenode", "hadoop-namenode", site, "sed", "/lease-hard-limit-sec/{n;s/>[0-9]*</>5</}")
    ready = "/usr/local/lib/streaming-lab/ready hdfs http://127.0.0.1:9870"
    namenode.root(ready, seconds=120)
    # Half a file is on its way when its writer is killed.
    writer = f"(printf 'un\\n'; exec sleep 300) | hdfs dfs -appendToFile - {OPEN}"
    # The NameNode answers before its DataNode takes blocks, and then it refuses to write.
    put = f"printf 'zero\\n' | hdfs dfs -put -f - {OPEN} && echo written || true"
    until(
        lambda: namenode.login("hadoop", put, seconds=90),
        lambda output: output.endswith("written\n"),
        90,
        "HDFS takes the first line",
        pause=1,
    )
    namenode.root(f"systemd-run --quiet --collect --unit=lab-verify-writer --uid=hadoop bash -lc {shlex.quote(writer)}")
    append = f"printf 'dos\\n' | timeout 60 hdfs dfs -appendToFile - {OPEN} 2>&1 && echo appended || true"
    try:
        until(
            lambda: namenode.login("hadoop", "hdfs dfsadmin -listOpenFiles", check=False),
            lambda seen: OPEN in seen,
            60,
            "the writer has the file open",
        )
        namenode.root("systemctl kill --signal=KILL lab-verify-writer", check=False)
        until(
            lambda: namenode.login("hadoop", append, seconds=90),
            lambda said: said.endswith("appended\n"),
            60,
            "another program appends to the file",
            pause=1,
        )
        lines = namenode.login("hadoop", f"hdfs dfs -cat {OPEN}").split()
        assert (lines[0], lines[-1]) == ("zero", "dos")
    finally:
        namenode.root("systemctl stop lab-verify-writer", check=False)
        namenode.login("hadoop", f"hdfs dfs -rm -skipTrash {OPEN}", check=False)
    evidence(f"a file left open by kill -9 is closed by the NameNode (limit {limit} s), and appended to")
