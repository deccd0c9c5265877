"""A MySQL server that is here already: used where root can log in, and never changed beyond the lab's own database."""

from __future__ import annotations

from scenario_kit import Scenario
from used import UsedMachine, unchanged

SQL = "mysql --user=root --batch --skip-column-names --execute"
LOCKED_ROOT = "ALTER USER root@localhost IDENTIFIED WITH caching_sha2_password BY 'of-root'"
THEIRS = (
    "CREATE DATABASE botiga; CREATE TABLE botiga.comandes (id INT PRIMARY KEY); INSERT INTO botiga.comandes VALUES (7);"
    "CREATE USER botiguer@localhost IDENTIFIED BY 'seva'"
)
DATA = ("/srv/data/mysql", "/var/lib/kafka/", "/var/lib/zookeeper/", "/var/lib/hadoop/", "/var/lib/mysql/")
STATE = "SELECT * FROM botiga.comandes; SELECT user, host, plugin FROM mysql.user WHERE user IN ('root', 'botiguer')"


def make_foreign(host: UsedMachine) -> None:
    """Make the host's MySQL one that the lab never configured, with data, accounts and a folder of its own."""
    host.root(
        "systemctl stop mysql; rm -r /etc/mysql/mysql.conf.d/zz-streaming-lab.cnf /etc/systemd/system/mysql.service.d; "
        "mkdir /srv/data; cp --archive /var/lib/mysql /srv/data/mysql; systemctl daemon-reload"
    )
    host.root("update-alternatives --remove my.cnf /etc/mysql/mariadb.cnf; rm -rf /etc/mysql/streaming-lab")
    host.write(
        "/etc/mysql/mysql.conf.d/zz-botiga.cnf", "[mysqld]\ndatadir=/srv/data/mysql\ninnodb_buffer_pool_size=96M\n"
    )
    host.root("systemctl start mysql")
    host.root(f'{SQL} "{THEIRS}; {LOCKED_ROOT}"')


def test_a_root_who_cannot_log_in_is_refused(
    scenario: Scenario, machines: tuple[str, str], kafka: UsedMachine, hadoop: UsedMachine, password: dict[str, str]
) -> None:
    make_foreign(kafka)
    with unchanged(kafka, hadoop, servers_write=DATA):
        ended = scenario.lab("up", "--no-verify", *machines, environment=password)
    ended.refuses("mysql: root cannot log in", "ERROR 1045", "/root/.my.cnf", hosts=["kafka"])


def test_an_account_of_somebody_else_is_refused(
    scenario: Scenario, machines: tuple[str, str], kafka: UsedMachine, hadoop: UsedMachine, password: dict[str, str]
) -> None:
    kafka.write("/root/.my.cnf", "[client]\npassword=of-root\n")
    kafka.root("chmod 600 /root/.my.cnf")
    with unchanged(kafka, hadoop, servers_write=DATA):
        ended = scenario.lab("up", "--no-verify", *machines, environment=password)
    ended.refuses("account 'kafka'@'localhost' is not the lab's; rename it", hosts=["kafka"])


def test_a_server_whose_root_can_log_in_is_used_as_it_is(
    scenario: Scenario, machines: tuple[str, str], kafka: UsedMachine, password: dict[str, str]
) -> None:
    kafka.root(f'{SQL} "DROP USER kafka@localhost; DROP USER student@localhost; DROP DATABASE sensors"')
    settings = "cat /etc/mysql/mysql.conf.d/*; systemctl cat mysql"
    started = "systemctl show --property=ActiveEnterTimestamp mysql"
    before = kafka.root(f'{settings}; {started}; {SQL} "{STATE}"')
    ended = scenario.lab("up", "--no-verify", *machines, environment=password)
    assert ended.status == 0, ended.text
    assert kafka.root(f'{settings}; {started}; {SQL} "{STATE}"') == before
    again = scenario.lab("up", "--no-verify", *machines, environment=password)
    assert (again.status, again.changed) == (0, 0), again.text
    ended = scenario.lab("verify", "mysql-source", *machines, environment=password)
    assert ended.status == 0, ended.text
