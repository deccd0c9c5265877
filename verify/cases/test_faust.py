"""Notes 6: a stream processor that keeps the high temperatures."""

import json

from verify.support import streams
from verify.support.waits import until

ENGINE = "faust-streaming"
SERVERS = [("connect", "kafka-connect"), ("mysql", "mysql"), ("kafka", "kafka")]
HIGH = {"id": 1, "sensor_id": 101, "temperatura": 22.5, "ingest_time": 1739188800000, "origen": "MySQL"}
LATER = {"id": 3, "sensor_id": 103, "temperatura": 30.0, "ingest_time": 1739189400000, "origen": "MySQL"}
POISON = ["això no és JSON", '{"id": 9}', json.dumps({"schema": {}, "payload": LATER})]


def test_high_temperatures(lab, evidence):
    """Sensor 101 arrives and 102 does not; records that cannot be read are reported, and the next good one arrives."""
    lab.student("mysql sensors < ~/sql/temperatures2.sql")
    assert lab.post("mysql-source2.json") == 201
    # Faust passes over a topic that is not there yet when it starts.
    lab.records("mysql_temperatures2", 2, 45)
    worker = lab.start("faust", "faust -A faust_temperatures worker --loglevel=info")
    lab.ask("send", topic="mysql_temperatures2", values=[*POISON, json.dumps(LATER)])
    try:
        found = [json.loads(record["value"]) for record in lab.records("faust_temperatures_altes", 2, 45)]
    except AssertionError as error:
        raise AssertionError(f"{error}\nthe worker printed:\n{worker.output()[-4000:]}") from None
    assert found == [HIGH, LATER]
    reported = worker.wait_lines(len(POISON), 5, "Registre descartat")
    assert len(reported) == len(POISON)
    assert "schemas.enable=false" in reported[-1]
    worker.stop()
    evidence("sensor 101 (22.5) arrives, 102 (21.8) does not; 3 poison records reported, the record after them arrives")


def test_means_survive_kill_9(lab, evidence):
    """The means of each sensor and hour equal plain Python row by row, although program and service are killed."""
    topic, root = "mysql_temperatures2", lab.workspace.root
    by_hand = lab.start("faust-means", "faust -A faust_mean worker --loglevel=warn")
    rows = streams.three_days(300)
    lab.ask("send", topic=topic, values=[json.dumps(fields) for fields in rows[:150]])
    lab.ask("read", topic="faust_temperatures_mitjanes", count=60, seconds=45)
    by_hand.kill()
    root("systemctl start faust-mean")
    try:
        lab.ask("send", topic=topic, values=[*POISON, *(json.dumps(fields) for fields in rows[150:])])
        wanted = means(lab, topic)
        until(lambda: len(results(lab)), lambda count: count >= len(wanted) // 2, 45, "half of the means", pause=0.5)
        root("systemctl kill --signal=KILL faust-mean")
        seen = until(lambda: results(lab), lambda now: len(now) >= len(wanted), 45, f"{len(wanted)} means", pause=1)
    finally:
        printed = root("systemctl stop faust-mean; journalctl --output=cat -n 40 -u faust-mean", check=False)
    assert seen == wanted, f"the service printed:\n{printed}"
    evidence(f"mean of each sensor's hour: {len(wanted)} rows right, after 2 kill -9")


def means(lab, topic: str) -> dict:
    """The means that the rows of a topic must come to, by sensor, hour and count."""
    rows = []
    for record in lab.ask("read", topic=topic, count=1, seconds=5):
        try:
            fields = json.loads(record["value"])
        except ValueError:
            continue
        if "sensor_id" in fields:
            rows.append(fields)
    return {(found["sensor_id"], found["inici"], found["n"]): found for found in streams.means_of_the_hour(rows)}


def results(lab) -> dict:
    """The means on the topic; one that came twice must be the same."""
    found: dict = {}
    for record in lab.ask("read", topic="faust_temperatures_mitjanes", count=0, seconds=0):
        value = json.loads(record["value"])
        key = (value["sensor_id"], value["inici"], value["n"])
        assert found.setdefault(key, value) == value
    return found
