"""Notes 5.4: whole events into a file of HDFS."""

from verify.lib.temperatures import fill_topic
from verify.lib.waits import until

ENGINE = "mysql"
SERVERS = [
    ("connect", "kafka-connect"),
    ("mysql", "mysql"),
    ("namenode", "hadoop-namenode"),
    ("datanode", "hadoop-datanode"),
]
FILE = "temperatures_raw.txt"


def test_whole_events(lab, evidence):
    """The file holds the topic's events, byte for byte, each once."""
    events = fill_topic(lab)
    consumer = lab.start("hdfs-raw", "python3 consumer_hdfs_temperatures.py")
    try:
        until(
            lambda: lab.hdfs(f"{lab.hdfs_folder}/{FILE}"),
            lambda text: text.count("\n") >= 3,
            30,
            f"three lines in {FILE}",
        )
    except AssertionError as error:
        raise AssertionError(f"{error}\nthe consumer printed:\n{consumer.output()[-3000:]}") from None
    consumer.stop()
    assert lab.hdfs(f"{lab.hdfs_folder}/{FILE}").splitlines() == events
    evidence(f"3 rows of MySQL -> 3 events in HDFS, {len(chr(10).join(events).encode()) + 1} bytes equal")
