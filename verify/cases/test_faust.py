"""Notes 6: a stream processor that keeps the high temperatures."""

import json

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
