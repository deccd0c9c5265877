"""Runs on the lab's host: rows go into a table of its own at a steady rate, and are awaited on their topic.

Prints one JSON object. Reads the student's connector file, so it measures the engine that the lab has. Everything it
makes has one name of this run, and is removed at its end.

    python3 - CONNECTOR_FILE CONNECT_URL BOOTSTRAP ROWS RATE POLL_MS
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from connect_rest import Connect

# The last row may still be on its way when all are in.
PATIENCE_S = 60.0
WARM_UP_ROWS = 200


def connector(file: str, table: str, poll_ms: int, options: set[str]) -> dict[str, Any]:
    """The student's connector, set to read another table; of the JDBC ones the polling is set as well.

    Confluent's from 10.9 on keeps rows back until `batch.max.rows` are together or `poll.linger.ms` (5000) are over, so
    that is set too where the plugin has it.
    """
    config = json.loads(Path(file).read_text(encoding="utf-8"))["config"]
    for name, value in config.items():
        if isinstance(value, str) and "secrets:" not in value:
            config[name] = value.replace("mysql-temperatures", table).replace("temperatures", table)
    if "debezium" in config["connector.class"]:
        config["database.server.id"] = str(5500 + os.getpid() % 1000)
    else:
        config |= {name: str(poll_ms) for name in ("poll.interval.ms", "poll.linger.ms") if name in options}
    return config


@contextlib.contextmanager
def running(connect: Connect, name: str, config: dict[str, Any]) -> Iterator[None]:
    """A connector that runs, and is gone with its offsets afterwards."""
    connect.create(name, config, "RUNNING")
    try:
        deadline = time.monotonic() + 90
        while True:
            status = connect.status(name) or {"connector": {"state": "none"}, "tasks": []}
            states = [status["connector"]["state"], *(task["state"] for task in status["tasks"])]
            if "FAILED" in states:
                sys.exit(f"connector {name} FAILED: {json.dumps(status)[:600]}")
            if len(states) > 1 and set(states) == {"RUNNING"}:
                break
            if time.monotonic() > deadline:
                sys.exit(f"connector {name} does not run within 90 s")
            time.sleep(0.2)
        yield
    finally:
        connect.delete([name], offsets=True)


class Arrivals:
    """Reads the topic from a thread of its own and notes when each row came, and how often."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.at: dict[int, float] = {}
        self.repeated: list[int] = []
        self._stop = threading.Event()
        self._consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=5)
        self._topic = topic
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._consumer.partitions_for_topic(self._topic) and not self._stop.is_set():
            time.sleep(0.1)
        self._consumer.assign([TopicPartition(self._topic, 0)])
        self._consumer.seek_to_beginning()
        while not self._stop.is_set():
            for records in self._consumer.poll(timeout_ms=100).values():
                now = time.time()
                for record in records:
                    number = json.loads(record.value)["payload"]["id"]
                    if number in self.at:
                        self.repeated.append(number)
                    self.at.setdefault(number, now)

    def wait(self, number: int, seconds: float) -> bool:
        """Wait until a row has come."""
        deadline = time.monotonic() + seconds
        while number not in self.at and time.monotonic() < deadline:
            time.sleep(0.05)
        return number in self.at

    def close(self) -> None:
        """Stop reading."""
        self._stop.set()
        self._thread.join()
        self._consumer.close()


def insert(cursor: Any, table: str, rows: int, rate: float) -> dict[int, float]:
    """Insert rows at a rate, each a transaction of its own.

    Returns:
        when MySQL had committed each (time.time), by id.
    """
    committed, started = {}, time.monotonic()
    for number in range(rows):
        time.sleep(max(0.0, started + number / rate - time.monotonic()))
        cursor.execute(f"INSERT INTO {table}(datahora, valor) VALUES (NOW(), %s)", (number % 40,))  # noqa: S608
        committed[cursor.lastrowid] = time.time()
    return committed


def main() -> None:
    """Measure and print."""
    file, url, bootstrap, rows, rate, poll_ms = sys.argv[1:]
    table, connect = f"lab_latency_{int(time.time())}", Connect(url)
    plugin = json.loads(Path(file).read_text(encoding="utf-8"))["config"]["connector.class"]
    config = connector(file, table, int(poll_ms), {option["name"] for option in connect.definitions(plugin)})
    database = pymysql.connect(read_default_file="~/.my.cnf", database="sensors", autocommit=True)
    with database.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE {table}(id INT AUTO_INCREMENT PRIMARY KEY, datahora DATETIME NOT NULL, valor FLOAT NOT NULL)"
        )
        # Rows that go in while Debezium takes its first snapshot may come twice; that is not what is measured here.
        first_row = max(insert(cursor, table, 1, 1))
        arrivals = Arrivals(bootstrap, f"mysql_{table}")
        try:
            with running(connect, table, config):
                if not arrivals.wait(first_row, 120):
                    sys.exit("the row that was there before the connector did not arrive within 120 s")
                warm = insert(cursor, table, WARM_UP_ROWS, float(rate))
                if not arrivals.wait(max(warm), 120):
                    sys.exit(f"the rows before the measurement did not arrive ({len(arrivals.at)} of {len(warm)})")
                committed = insert(cursor, table, int(rows), float(rate))
                arrivals.wait(max(committed), PATIENCE_S)
                # A row that comes twice may come late.
                time.sleep(2)
        finally:
            arrivals.close()
            cursor.execute(f"DROP TABLE {table}")
            admin = KafkaAdminClient(bootstrap_servers=bootstrap)
            admin.delete_topics([topic for topic in admin.list_topics() if table in topic], raise_errors=False)
            admin.close()
    first, last = min(committed.values()), max(committed.values())
    print(
        json.dumps(
            {
                "class": config["connector.class"],
                "rows": len(committed),
                "rate": (len(committed) - 1) / (last - first),
                "missing": sorted(set(committed) - set(arrivals.at)),
                "repeated": sorted(arrivals.repeated),
                "latency": [round(arrivals.at[one] - committed[one], 5) for one in committed if one in arrivals.at],
            }
        )
    )


if __name__ == "__main__":
    main()
