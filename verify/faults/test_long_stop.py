"""A lab that was switched off for a term: places of groups, files left open, records that are gone.

Times are set by server settings and by the times in records; nothing waits for days.
"""

import base64
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from verify.lib.inventory import ROOT
from verify.lib.waits import until

ENGINE = "kafka, HDFS"
SERVERS = [("kafka", "kafka"), ("namenode", "hadoop-namenode")]
TOPIC = "lab-verify-long-stop"
TERM, YEARS = "lab-verify-term", "lab-verify-years"
OPEN = "/user/hadoop/lab-verify-open.txt"
pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def topic(lab, slate):
    """A topic with ten records."""
    lab.ask("create", topic=TOPIC)
    lab.ask("send", topic=TOPIC, values=[str(number) for number in range(10)])
    return TOPIC


@pytest.fixture
def changed(lab):
    """Adds lines to a server's file for one test; the server restarts before and after."""
    undo = []

    def change(part: str, unit: str, file: str, script: str) -> None:
        machine = lab.part(part)
        undo.append((machine, f"cp -a {file}.lab-verify {file} && rm {file}.lab-verify && systemctl restart {unit}"))
        machine.root(f"cp -a {file} {file}.lab-verify && {script} {file} && systemctl restart {unit}", seconds=200)

    yield change
    for machine, command in undo:
        machine.root(command, seconds=200)


def test_the_place_of_a_group_outlives_a_term(lab, topic, changed, evidence):
    """A place of 120 days ago is kept, in a broker that has just thrown away one of 3 years ago."""
    program = base64.b64encode(Path(__file__).parents[1].joinpath("lib/old_places.py").read_bytes()).decode()
    about = {"bootstrap": lab.settings["bootstrap"], "topic": topic, "groups": {TERM: 120, YEARS: 3 * 365}}
    python = f"{lab.values['course_venv']}/bin/python3"
    lab.workspace.run(f"echo {program} | base64 -d | {python} - {shlex.quote(json.dumps(about))}")
    line = "sed -i '$a offsets.retention.check.interval.ms=500'"
    changed("kafka", "kafka", f"{lab.home}/config/server.properties", line)
    place = lambda group: lab.ask("group", group=group)["committed"]  # noqa: E731
    until(lambda: place(YEARS), lambda seen: seen == 0, 60, "a place of 3 years ago is thrown away")
    assert place(TERM) == 3, "a group that paused for a term begins anew"
    evidence("a group's place of 120 days ago kept, one of 3 years ago gone")


def test_records_that_retention_ate_are_reported(lab, topic, request, evidence):
    """`./lab status` names group, topic and number."""
    words = "bin/kafka-delete-records.sh --bootstrap-server localhost:9092 --offset-json-file /tmp/lab-verify.json"
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
    short = "sed -i '/lease-hard-limit-sec/{n;s/>[0-9]*</>5</}'"
    changed("namenode", "hadoop-namenode", site, short)
    ready = "/usr/local/lib/streaming-lab/ready hdfs http://127.0.0.1:9870"
    namenode.root(ready, seconds=120)
    # Half a file is on its way when its writer is killed.
    writer = f"(printf 'un\\n'; exec sleep 300) | hdfs dfs -appendToFile - {OPEN}"
    namenode.login("hadoop", f"printf 'zero\\n' | hdfs dfs -put -f - {OPEN}")
    namenode.root(f"systemd-run --quiet --collect --unit=lab-verify-writer --uid=hadoop bash -lc {shlex.quote(writer)}")
    append = f"printf 'dos\\n' | timeout 60 hdfs dfs -appendToFile - {OPEN} 2>&1"
    try:
        until(
            lambda: namenode.login("hadoop", "hdfs dfsadmin -listOpenFiles", check=False),
            lambda seen: OPEN in seen,
            60,
            "the writer has the file open",
        )
        namenode.root("systemctl kill --signal=KILL lab-verify-writer", check=False)
        until(
            lambda: namenode.login("hadoop", f"{append} || true", seconds=90),
            lambda said: "Exception" not in said and "lease" not in said,
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
