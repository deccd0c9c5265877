"""What must work on a machine that was used before, all at once: names, addresses, apt, Java, proxies, sudo, 2 GB."""

from __future__ import annotations

import pytest
from scenario_kit import NOBODY, Scenario
from used import UsedMachine

SAME_ADDRESS = "10.0.2.15"
# A default Java that fails whoever starts it.
OTHER_JAVA = '#!/bin/sh\necho "openjdk version \\"17.0.1\\" of somebody else was started: $*" >&2\nexit 17\n'
PROXIES = "".join(f'{name}="{NOBODY}"\n' for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"))
DEAD_SOURCE = f"deb [trusted=yes] {NOBODY}/gone stable main\n"
CLOUD_INIT = "cloud-init single --name cc_update_etc_hosts --frequency always"


@pytest.fixture(scope="module", autouse=True)
def used(kafka: UsedMachine, hadoop: UsedMachine) -> None:
    """Both hosts with everything that must work."""
    for host in (kafka, hadoop):
        # First network card: the same address on every host, as VirtualBox's NAT gives it.
        host.root("ip link add nat0 type veth peer name nat1")
        host.root(f"ip address add {SAME_ADDRESS}/24 dev nat0 && ip link set nat0 up")
        host.write("/opt/java-17/bin/java", OTHER_JAVA)
        host.root("chmod 755 /opt/java-17/bin/java")
        host.root("update-alternatives --install /usr/bin/java java /opt/java-17/bin/java 9999")
        host.write("/etc/apt/sources.list.d/dead.list", DEAD_SOURCE)
        # Packages of the lab that its hosts have not got yet.
        host.root("dpkg --remove nano jq")
        host.write("/etc/environment", PROXIES)
    kafka.root(f"printf '127.0.1.1\\t{kafka.name}\\n' | cat - /etc/hosts >/run/hosts && cat /run/hosts >/etc/hosts")
    # As mariadb-common leaves it, which comes with libraries of other programs.
    kafka.write("/etc/mysql/mariadb.cnf", "[client-server]\nport=3306\n!includedir /etc/mysql/conf.d/\n")
    kafka.root("update-alternatives --install /etc/mysql/my.cnf my.cnf /etc/mysql/mariadb.cnf 500")
    # In the image of Debian, libc6 is sid's, and with it locales has to be.
    install = "apt-get -q install --yes --no-install-recommends"
    hadoop.root(f"{install} cloud-init || {install} cloud-init locales/sid", seconds=300)
    hadoop.write("/etc/cloud/cloud.cfg.d/90-lab.cfg", "manage_etc_hosts: true\n")
    hadoop.root(f"touch /etc/cloud/cloud-init.disabled; {CLOUD_INIT}")
    hadoop.limit_memory(2048)


def test_a_lock_of_apt_that_outlasts_the_wait_is_named(
    scenario: Scenario, machines: tuple[str, str], kafka: UsedMachine, password: dict[str, str]
) -> None:
    """The wait is 15 minutes; the suite shortens it to 5 s by its setting."""
    kafka.hold_apt(600)
    try:
        short = {"host_apt_lock_seconds": 5}
        ended = scenario.lab("up", "--no-verify", *machines, settings=short, environment=password)
    finally:
        kafka.free_apt()
    assert ended.status == 3, ended.text
    assert "kafka: note: apt is in use by process" in ended.text, ended.text
    messages = [message for host, message in ended.failures if host == "kafka"]
    assert len(messages) == 1 and "apt could not install" in messages[0] and "lock" in messages[0], ended.text


def test_everything_at_once(
    scenario: Scenario, machines: tuple[str, str], kafka: UsedMachine, hadoop: UsedMachine, password: dict[str, str]
) -> None:
    """Apt's locks are held for 75 s (instead of ten minutes), more than the 60 s that apt itself is waited for."""
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), NOBODY)
    kafka.hold_apt(75)
    with hadoop.memory(1350):
        ended = scenario.lab("up", "--no-verify", *machines, environment={**password, **proxies})
        assert ended.status == 0, ended.text
        again = scenario.lab("up", "--no-verify", *machines, environment=password)
        assert (again.status, again.changed) == (0, 0), again.text
    assert SAME_ADDRESS not in kafka.root("cat /etc/hosts")
    assert kafka.root("jq --version").startswith("jq")


def test_mysql_reads_the_labs_settings_beside_mariadbs_file(kafka: UsedMachine) -> None:
    asked = kafka.root("mysql --batch --skip-column-names --execute 'SELECT @@global.time_zone, @@bind_address'")
    assert asked.split() == ["+00:00", "127.0.0.1"]


def test_names_survive_cloud_inits_next_boot(kafka: UsedMachine, hadoop: UsedMachine) -> None:
    hadoop.root(CLOUD_INIT)
    assert "manage_etc_hosts" in hadoop.root("cat /etc/hosts")
    names = kafka.root("getent hosts kafka; getent hosts hadoopmaster").split()
    assert {"kafka", "hadoopmaster"} <= set(names), names
    # The Hadoop host is of no student's lab: it has its own address, not only cloud-init's 127.0.1.1.
    names = hadoop.root("getent ahosts hadoopmaster")
    assert str(hadoop.machine.info.values["lab_address"]) in names, names


def test_cases_pass_as_the_student_of_such_a_machine(
    scenario: Scenario, machines: tuple[str, str], password: dict[str, str]
) -> None:
    cases = ("host", "webhdfs", "mysql-source", "hdfs-csv")
    ended = scenario.lab("verify", *cases, *machines, environment=password)
    assert ended.status == 0, ended.text


def test_nothing_of_the_machine_was_taken_over(kafka: UsedMachine, hadoop: UsedMachine) -> None:
    for host in (kafka, hadoop):
        assert host.root("readlink -f /usr/bin/java").strip() == "/opt/java-17/bin/java"
        assert host.root("cat /etc/environment") == PROXIES
        assert host.root("cat /etc/apt/sources.list.d/dead.list") == DEAD_SOURCE
