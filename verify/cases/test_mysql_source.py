"""Notes 5.3: rows of MySQL become events."""

import json
import threading
from collections import Counter

import pytest

from verify.support.binary_logs import reason_not_to_purge
from verify.support.playbook import play
from verify.support.secrets import on_host
from verify.support.waits import until

ENGINE = "mysql"
SERVERS = [("connect", "kafka-connect"), ("mysql", "mysql"), ("kafka", "kafka")]


@pytest.fixture(scope="module")
def source(lab):
    """The notes' table and connector; the connector's name."""
    lab.student("mysql sensors < ~/sql/temperatures.sql")
    assert lab.post("mysql-source.json") == 201
    lab.running("mysql-temperatures")
    return "mysql-temperatures"


def test_row_becomes_event(lab, source, evidence):
    """The notes' row, with the notes' payload and schema; another table of the database is not read."""
    lab.sql("INSERT INTO temperatures2 VALUES (7, 101, 'Palma', 22.5, '2025-02-10 12:00:00')")
    lab.sql("INSERT INTO temperatures(datahora, valor) VALUES('2025-02-21 10:00:00', 14.5)")
    event = json.loads(lab.records("mysql_temperatures", 1)[0]["value"])
    assert event["payload"] == {"id": 1, "datahora": 1740132000000, "valor": 14.5}
    fields = {
        field["field"]: (field["type"], field.get("name"), field["optional"]) for field in event["schema"]["fields"]
    }
    assert fields == {
        "id": ("int32", None, False),
        "datahora": ("int64", "org.apache.kafka.connect.data.Timestamp", False),
        "valor": ("float", None, False),
    }
    # The other table's row was committed first; its event would be there by now.
    others = [name for name in lab.ask("topics") if "temperatures2" in name and not name.startswith("_")]
    assert others == [], f"a table that nobody asked for is read: {others}"
    assert lab.ask("partitions", topic="mysql_temperatures") == 1
    config = json.dumps(lab.rest(f"/connectors/{source}"))
    assert "${secrets:" in config, "the connector's configuration holds a password in place of a reference"
    evidence(
        f"(1, 2025-02-21 10:00:00, 14.5) -> {json.dumps(event['payload'], separators=(',', ':'))}; only that table"
    )


def test_the_password_is_shown_nowhere(lab, source):
    """Neither by the worker, which has just used it, nor by what it runs."""
    number, found = on_host(lab.part("connect"), lab)
    assert number, "no secret was found to look for"
    assert found == [], f"the password of {source} is {found}"


@pytest.mark.restarts
def test_restarts_lose_no_row(lab, source, evidence):
    """Worker, broker and MySQL are killed while rows go in: every row arrives; those that arrive twice are counted."""
    stop, put = threading.Event(), []

    def insert() -> None:
        while not stop.is_set():
            try:
                number = lab.sql("INSERT INTO temperatures(datahora, valor) VALUES(NOW(), 1); SELECT LAST_INSERT_ID()")
                put.append(int(number))
            except (AssertionError, ValueError):  # MySQL is down just now; the row was not acknowledged
                stop.wait(0.3)

    writer = threading.Thread(target=insert)
    writer.start()
    try:
        for part, unit in SERVERS:
            count = len(put)
            until(lambda: len(put), lambda now, count=count: now >= count + 5, 30, "rows go in")
            lab.part(part).root(f"systemctl kill --signal=KILL {unit}")
            until(
                lambda part=part, unit=unit: lab.part(part).run(f"systemctl is-active {unit}", check=False).strip(),
                lambda state: state == "active",
                90,
                f"{unit} is active again",
            )
        count = len(put)
        until(lambda: len(put), lambda now: now >= count + 5, 60, "rows go in")
    finally:
        stop.set()
        writer.join()
    until(
        lambda: _status(lab, source),
        lambda state: state == ["RUNNING", "RUNNING"],
        90,
        f"{source} RUNNING again",
    )
    wanted = {int(number) for number in lab.sql("SELECT id FROM temperatures").split()}
    assert set(put) <= wanted

    def look() -> Counter:
        found = lab.ask("read", topic="mysql_temperatures", count=len(wanted), seconds=5)
        return Counter(json.loads(record["value"])["payload"]["id"] for record in found)

    seen = until(look, lambda now: wanted <= set(now), 60, f"all of {len(wanted)} rows")
    assert set(seen) == wanted
    twice = sum(times - 1 for times in seen.values())
    evidence(f"kill -9 of worker, MySQL and broker: {len(wanted)} rows in, {len(wanted)} out, {twice} repeated")


@pytest.mark.faults
def test_a_purged_position_is_recovered_and_repeats_are_reported(lab, source, evidence):
    """MySQL purges rows that a stopped worker has not read: status names the cause, and up reads all rows."""
    if reason := reason_not_to_purge(lab, source):
        evidence(reason)
        pytest.skip(reason)
    lab.sql("INSERT INTO temperatures(datahora, valor) VALUES(NOW(), 1)")
    before = _arrived(lab, lab.sql("SELECT COUNT(*) FROM temperatures"))
    worker, mysql = lab.part("connect"), lab.part("mysql")
    worker.root("systemctl stop kafka-connect", seconds=90)
    lab.sql("INSERT INTO temperatures(datahora, valor) VALUES(NOW(), 2)")
    mysql.root("mysql -e 'FLUSH BINARY LOGS'")
    newest = mysql.root("mysql -N -B -e 'SHOW BINARY LOGS'").split("\n")[-2].split()[0]
    mysql.root(f"mysql -e \"PURGE BINARY LOGS TO '{newest}'\"")
    worker.root("systemctl start kafka-connect", seconds=240)
    settings = {"connect": "http://127.0.0.1:8083", "names": [source]}
    answers = play(lab, "health.yml", settings)
    found = next(c for c in answers["dry"]["connectors"] if c["name"] == source)
    assert (found["state"], answers["dry"]["changed"]) == ("RETRYING", True)
    assert "its position in MySQL's binary log is gone" in found["detail"]
    assert answers["done"]["changed"] is True
    assert any("readers get repeats" in note for note in answers["done"]["lines"])
    wanted = {int(number) for number in lab.sql("SELECT id FROM temperatures").split()}
    until(
        lambda: {json.loads(r["value"])["payload"]["id"] for r in _read(lab, len(before) + len(wanted))},
        lambda seen: wanted <= seen,
        150,
        f"all of {len(wanted)} rows, some of them again",
    )
    answers = play(lab, "health.yml", settings)
    assert (answers["dry"]["changed"], answers["done"]["changed"]) == (False, False)
    evidence("binary log purged while the worker is away: cause named, new snapshot, the row of the meantime arrives")


def _arrived(lab, count: str) -> list:
    return until(lambda: _read(lab, int(count)), lambda seen: len(seen) >= int(count), 45, f"{count} rows")


def _read(lab, count: int) -> list:
    return lab.ask("read", topic="mysql_temperatures", count=count, seconds=10)


def _status(lab, connector: str) -> list[str]:
    try:
        status = lab.rest(f"/connectors/{connector}/status")
        return [status["connector"]["state"], *(task["state"] for task in status["tasks"])]
    except (AssertionError, ValueError, KeyError, TypeError) as error:
        return [str(error)[:200]]
