"""Notes 5.4: rows as CSV into a file of HDFS."""

import json
from decimal import Decimal
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
FILE = "temperatures.txt"
ROWS = ["21/02/2025 10:00:00,14.5", "21/02/2025 11:00:00,16.7", "21/02/2025 12:00:00,17.1"]
POISON = '{"schema":null}'
EXAMPLES = json.loads(Path(__file__).parents[1].joinpath("data/example_rows.json").read_text(encoding="utf-8"))
EXAMPLES = EXAMPLES[0]["records"]
"""Of the notes' table."""


def test_rows_as_csv(lab, evidence):
    """The notes' lines, each once; an event without a row is reported and not written; a restart repeats nothing."""
    fill_topic(lab)
    consumer = lab.start("hdfs-csv", "python3 consumer_hdfs_temperatures_csv.py")
    lab.ask("send", topic="mysql_temperatures", values=[POISON])
    look = lambda: lab.hdfs(f"{lab.hdfs_folder}/{FILE}").splitlines()  # noqa: E731
    try:
        until(look, lambda lines: len(lines) >= 3, 30, f"three lines in {FILE}")
        consumer.wait(POISON)
    except AssertionError as error:
        raise AssertionError(f"{error}\nthe consumer printed:\n{consumer.output()[-3000:]}") from None
    # Whoever stops it between a write and its commit gets the rows again: at least once.
    until(
        lambda: lab.ask("group", group="my_group_id_csv")["committed"],
        lambda committed: committed == 4,
        10,
        "the offset of the fourth event committed",
    )
    consumer.stop()

    consumer = lab.start("hdfs-csv", "python3 consumer_hdfs_temperatures_csv.py")
    lab.sql("INSERT INTO temperatures(datahora, valor) VALUES('2025-02-21 13:00:00', 18.25)")
    until(look, lambda lines: len(lines) >= 4, 30, f"the fourth line in {FILE}")
    # NULL, ISO times, DECIMAL and every digit: a number is written without an exponent, else as hdfs-sink writes it.
    lab.ask("fill", topics={"mysql_temperatures": [row["value"] for row in EXAMPLES]})
    rows = [row["csv"].split(",") for row in EXAMPLES]
    wanted = [f"{time},{valor and format(Decimal(valor), 'f')}" for time, valor in rows]
    until(look, lambda lines: len(lines) >= 4 + len(wanted), 30, f"{len(wanted)} more lines in {FILE}")
    consumer.stop()
    assert look() == [*ROWS, "21/02/2025 13:00:00,18.25", *wanted]
    evidence(
        "; ".join(ROWS)
        + f"; an event without a row reported; restarted: only the new row; {len(wanted)} example records,"
        " with NULL, DECIMAL and ISO times"
    )
