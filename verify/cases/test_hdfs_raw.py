"""Notes 5.4: whole events into a file of HDFS."""

import json
from pathlib import Path

from verify.support.temperatures import fill_topic
from verify.support.waits import until

ENGINE = "mysql"
SERVERS = [
    ("connect", "kafka-connect"),
    ("mysql", "mysql"),
    ("namenode", "hadoop-namenode"),
    ("datanode", "hadoop-datanode"),
]
FILE = "temperatures_raw.txt"
EXAMPLES = json.loads(Path(__file__).parents[1].joinpath("data/example_rows.json").read_text(encoding="utf-8"))
EXAMPLES = [row["value"] for group in EXAMPLES for row in group["records"]]


def test_whole_events(lab, evidence):
    """The file holds the topic's events, byte for byte, each once."""
    events = fill_topic(lab) + EXAMPLES
    lab.ask("fill", topics={"mysql_temperatures": EXAMPLES})
    consumer = lab.start("hdfs-raw", "python3 consumer_hdfs_temperatures.py")
    try:
        until(
            lambda: lab.hdfs(f"{lab.hdfs_folder}/{FILE}"),
            lambda text: text.count("\n") >= len(events),
            30,
            f"{len(events)} lines in {FILE}",
        )
    except AssertionError as error:
        raise AssertionError(f"{error}\nthe consumer printed:\n{consumer.output()[-3000:]}") from None
    consumer.stop()
    assert lab.hdfs(f"{lab.hdfs_folder}/{FILE}").splitlines() == events
    size = len(chr(10).join(events).encode()) + 1
    evidence(f"3 rows of MySQL and {len(EXAMPLES)} example records -> events in HDFS, {size} bytes equal")
