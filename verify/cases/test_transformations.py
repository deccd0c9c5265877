"""Notes 5.6: four single message transformations."""

import json

ENGINE = "mysql"
SERVERS = [("connect", "kafka-connect"), ("mysql", "mysql")]
EXPECTED = [
    {"id": 1, "sensor_id": 101, "temperatura": 22.5, "ingest_time": 1739188800000, "origen": "MySQL"},
    {
        "id": 2,
        "sensor_id": 102,
        "temperatura": 21.799999237060547,
        "ingest_time": 1739189100000,
        "origen": "MySQL",
    },
]


def test_payloads(lab, evidence):
    """The notes' two payloads, exactly, without the envelope; no field begins with a blank."""
    lab.student("mysql sensors < ~/sql/temperatures2.sql")
    assert lab.post("mysql-source2.json") == 201
    stored = [json.loads(record["value"]) for record in lab.records("mysql_temperatures2", 2, 45)]
    lab.running("mysql-temperatures2")
    assert stored == EXPECTED
    blank = [name for payload in stored for name in payload if name != name.strip()]
    assert blank == []
    evidence("; ".join(json.dumps(payload, separators=(",", ":")) for payload in stored))
