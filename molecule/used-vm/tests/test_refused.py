"""What is refused, before anything is changed on any host: another owner's things, a wrong clock, too little memory."""

from __future__ import annotations

from scenario_kit import Scenario
from used import LATE_PYTHON, UsedMachine, unchanged

BY_HAND = "[Unit]\nDescription=Kafka by hand\n[Service]\nExecStart=/bin/sleep infinity\n"
CONTROL = "Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: nobody <root@localhost>\nDescription: nothing\n"


def test_a_person_and_a_unit_called_kafka(
    scenario: Scenario, machines: tuple[str, str], kafka: UsedMachine, hadoop: UsedMachine
) -> None:
    with (
        kafka.person("kafka", 1001),
        kafka.file("/etc/systemd/system/kafka.service", BY_HAND),
        unchanged(kafka, hadoop),
    ):
        ended = scenario.lab("up", *machines)
    ended.refuses(
        "account: user kafka (uid 1001) is not the lab's; rename it",
        "unit: /etc/systemd/system/kafka.service is not the lab's; stop and disable",
        hosts=["kafka"],
    )
    assert ended.status == 2, ended.text


def test_numbers_of_others_and_folders_of_others(
    scenario: Scenario, machines: tuple[str, str], kafka: UsedMachine, hadoop: UsedMachine
) -> None:
    kafka.write("/opt/kafka/README", "a Kafka of mine")
    with hadoop.person("hadoop", 1001), kafka.person("backup-agent", 803), unchanged(kafka, hadoop):
        ended = scenario.lab("up", *machines)
    kafka.root("rm -r /opt/kafka")
    ended.refuses(hosts=["hadoopmaster", "kafka"])
    said = dict(ended.failures)
    assert "user hadoop (uid 1001) is not the lab's" in said["hadoopmaster"]
    assert "uid 803 belongs to user backup-agent; set kafka_connect_uid to a free number" in said["kafka"]
    assert "/opt/kafka is here and is not the lab's; move it away, or set kafka_home" in said["kafka"]


def test_a_host_with_too_little_memory_for_its_parts(
    scenario: Scenario, machines: tuple[str, str], kafka: UsedMachine, hadoop: UsedMachine
) -> None:
    with kafka.memory(1500), hadoop.memory(700), unchanged(kafka, hadoop):
        ended = scenario.lab("up", *machines)
    ended.refuses("memory: ", "close programs or add memory", hosts=["hadoopmaster", "kafka"])
    said = dict(ended.failures)
    assert "700 MB available, 848 MB needed for namenode, datanode" in said["hadoopmaster"]
    assert "1500 MB available" in said["kafka"] and "needed for zookeeper, kafka, connect, mysql" in said["kafka"]


def test_a_clock_that_is_two_hours_off(
    scenario: Scenario, machines: tuple[str, str], kafka: UsedMachine, hadoop: UsedMachine
) -> None:
    for host in (kafka, hadoop):
        host.root("apt-get -q update && apt-get -q install --yes --no-install-recommends libfaketime", seconds=300)
        library = host.root("ls /usr/lib/*/faketime/libfaketime.so.1").strip()
        fake = f"LD_PRELOAD={library} FAKETIME=-2h FAKETIME_DONT_FAKE_MONOTONIC=1"
        host.write(LATE_PYTHON, f'#!/bin/sh\n{fake} exec /usr/bin/python3 "$@"\n')
        host.root(f"chmod 755 {LATE_PYTHON}")
    ended = scenario.lab("up", *machines, settings={"ansible_python_interpreter": LATE_PYTHON})
    for host in (kafka, hadoop):
        host.root(f"rm {LATE_PYTHON}")
    ended.refuses("clock: this host is ", " s behind the control machine", hosts=["hadoopmaster", "kafka"])


def test_mariadb_although_it_is_stopped(scenario: Scenario, machines: tuple[str, str], kafka: UsedMachine) -> None:
    kafka.write("/run/mariadb/DEBIAN/control", CONTROL.format(name="mariadb-server"))
    kafka.root("dpkg-deb --build /run/mariadb /run/mariadb.deb && dpkg --install --force-conflicts /run/mariadb.deb")
    try:
        ended = scenario.lab("up", *machines)
    finally:
        kafka.root("dpkg --purge mariadb-server")
    ended.refuses("mysql: MariaDB is installed", hosts=["kafka"])
