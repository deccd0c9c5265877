"""The notes' way from MySQL to HDFS, up to the topic: what the cases hdfs-raw and hdfs-csv start from."""

from __future__ import annotations

import json

from verify.support.lab import Lab


def fill_topic(lab: Lab) -> list[str]:
    """Bring the notes' three rows into `mysql_temperatures` by the notes' connector.

    Returns:
        The three events, as they are in the topic.
    """
    lab.student("mysql sensors < ~/sql/temperatures.sql && mysql sensors < ~/sql/temperatures_insert.sql")
    assert lab.post("mysql-source.json") == 201
    events = [record["value"] for record in lab.records("mysql_temperatures", 3, 45)]
    assert [json.loads(event)["payload"]["id"] for event in events] == [1, 2, 3]
    return events
