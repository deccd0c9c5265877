"""Data of a class in a lab: made in the earlier release, read before and after the upgrade."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from verify.support.machine import Machine
from verify.support.waits import until

HOME, KAFKA, PYTHON = "/home/student", "/opt/kafka", "/opt/course-venv/bin/python3"
CONNECT = "http://localhost:8083"
CONNECTORS = ("file-source-distributed", "mysql-temperatures")
TOPICS = ("tema-alumne", "tema-estat", "connect-fitxers", "mysql_temperatures")
GROUP = "grup-alumne"
TABLES = (
    "SELECT * FROM temperatures; SHOW CREATE TABLE temperatures",
    "SELECT * FROM mesures_alumne; SHOW CREATE TABLE mesures_alumne",
)
HDFS = "/user/hadoop"
SINK = f"{HDFS}/kafka/mysql_temperatures"
# Written by the student: one file of their own, a changed program of the notes, and two files in the Kafka home.
# FileStreamSource counts characters and skips bytes (Kafka 3.8.1): after a restart it repeats the end of a file with
# accents, so its file has none.
FILES = {
    f"{HOME}/apunts/treball.txt": "Treball de l'alumne, còpia única\n",
    f"{HOME}/kafka-python/consumer.py": "# canviat per l'alumne\nprint('el meu consumidor')\n",
    f"{KAFKA}/entrada.txt": "Hola\nBon dia\nBona tarda\n",
    f"{KAFKA}/config/connector-alumne.json": '{"name": "connector-alumne"}\n',
}
ROWS = "INSERT INTO temperatures(datahora, valor) VALUES('2025-02-21 10:00:00', 14.5), ('2025-02-21 11:00:00', 16.7)"
OWN_TABLE = (
    "CREATE TABLE mesures_alumne (id INT PRIMARY KEY, nom VARCHAR(40), quan DATETIME(3), valor DECIMAL(9,4)); "
    "INSERT INTO mesures_alumne VALUES (1, 'Cóndor 🦅', '2025-02-21 10:00:00.123', 17.1300), (2, NULL, NULL, NULL)"
)


class Classroom:
    """The hosts of one lab, as the student and an administrator use them.

    Args:
        machines: hosts by name; `kafka` and `hadoopmaster` as in inventory/containers.
    """

    def __init__(self, machines: Mapping[str, Machine]) -> None:
        self.kafka, self.hadoop = machines["kafka"], machines["hadoopmaster"]

    def student(self, command: str, seconds: int = 120) -> str:
        """Type a command as the student in the Kafka folder; return what it printed."""
        return self.kafka.login("student", command, KAFKA, seconds=seconds)

    def ask(self, do: str, **arguments: Any) -> Any:
        """Call a function of onhost.py on the student's host."""
        program = base64.b64encode(Path(__file__).with_name("onhost.py").read_bytes()).decode()
        request = shlex.quote(json.dumps({"do": do, **arguments}))
        printed = self.student(f"echo {program} | base64 -d >/tmp/upgrade.py; {PYTHON} /tmp/upgrade.py {request}")
        return json.loads(printed.strip().splitlines()[-1])

    def sql(self, statement: str) -> str:
        """Run SQL as the student; return rows with tabs between columns."""
        return self.student(f"mysql --batch --default-character-set=utf8mb4 sensors -e {shlex.quote(statement)}")

    def rest(self, path: str) -> Any:
        """GET from Kafka Connect."""
        return json.loads(self.student(f"curl -sS --max-time 20 {CONNECT}{path}"))

    def running(self) -> None:
        """Wait until the connectors and their tasks run.

        Raises:
            AssertionError: they do not, with what Connect says.
        """

        def states() -> list[str]:
            found = []
            for name in CONNECTORS:
                status = self.rest(f"/connectors/{name}/status")
                tasks = status.get("tasks") or [{"state": "no task"}]
                found += [part["state"] for part in (status.get("connector", {"state": "missing"}), *tasks)]
            return found

        until(states, lambda seen: set(seen) == {"RUNNING"}, 90, f"{' and '.join(CONNECTORS)} RUNNING", pause=1)


def write(lab: Classroom, path: str, text: str) -> None:
    """Write a file as the student."""
    encoded = base64.b64encode(text.encode()).decode()
    lab.student(f"mkdir -p {shlex.quote(str(Path(path).parent))} && echo {encoded} | base64 -d >{shlex.quote(path)}")


def make(lab: Classroom) -> None:
    """Fill the lab with data of every kind that an upgrade must keep."""
    for path, text in FILES.items():
        write(lab, path, text)
    lab.student(f"chmod 640 {HOME}/apunts/treball.txt")
    create = "bin/kafka-topics.sh --bootstrap-server localhost:9092 --create --topic"
    lab.student(f"{create} tema-alumne --partitions 2 --config retention.ms=-1")
    lab.student(f"{create} tema-estat --config cleanup.policy=compact")
    lab.ask("send", topic="tema-alumne", values=[f"Missatge número {number}" for number in range(100)])
    lab.ask("send", topic="tema-estat", values=["a", "b", "c"])
    assert lab.ask("commit", topic="tema-alumne", group=GROUP, records=60) == 60

    lab.sql(f"{ROWS}; {OWN_TABLE}")
    for file in ("connect-file-source.json", "mysql-source.json"):
        post = f"curl -sS -f -X POST -H 'Content-Type: application/json' --data @config/{file} {CONNECT}/connectors"
        lab.student(post)
    lab.running()
    least = {"connect-fitxers": 3, "mysql_temperatures": 2}
    found = lab.ask("read", topics=list(least), least=least, seconds=60)
    assert {topic: len(records) for topic, records in found.items()} == least, found

    sink(lab, rows=2)
    # By hand, as the owner of the files.
    lab.hadoop.login(
        "hadoop",
        "hdfs dfs -mkdir -p /user/hadoop/treballs && printf 'línia 1\\nlínia 2\\n' | "
        "hdfs dfs -put - /user/hadoop/treballs/informe.txt && hdfs dfs -chmod 640 /user/hadoop/treballs/informe.txt",
        seconds=120,
    )


def sink(lab: Classroom, rows: int) -> None:
    """Run hdfs-sink as the student until HDFS has a number of rows of the topic, then end it.

    Raises:
        AssertionError: HDFS has fewer or more.
    """

    def count() -> int:
        return sum(about[4] for path, about in lab.ask("hdfs", folder=SINK).items() if path.endswith(".csv"))

    command = "exec hdfs-sink --topic mysql_temperatures --seconds 1 --columns datahora:datetime,valor:float"
    lab.kafka.root(f"systemd-run --quiet --collect --unit=upgrade-sink --uid=student bash -lc {shlex.quote(command)}")
    try:
        until(count, lambda seen: seen >= rows, 60, f"{rows} rows in {SINK}", pause=1)
    finally:
        lab.kafka.root("systemctl stop upgrade-sink", check=False)
    assert count() == rows, f"{count()} rows in {SINK} instead of {rows}"


def read(lab: Classroom) -> dict[str, Any]:
    """All that an upgrade must keep, by kind."""
    describe = "bin/kafka-topics.sh --bootstrap-server localhost:9092 --describe --topic"
    stat = "stat -c '%n %a %U %G'"
    files = shlex.join(FILES)
    return {
        "topics": {topic: sorted(lab.student(f"{describe} {topic}").splitlines()) for topic in TOPICS},
        "records": lab.ask("read", topics=list(TOPICS)),
        "group": lab.ask("offsets", group=GROUP, topic="tema-alumne"),
        "tables": [lab.sql(statement) for statement in TABLES],
        "files": lab.student(f"sha256sum {files}; {stat} {files}"),
        "hdfs": lab.ask("hdfs", folder=HDFS),
        "connectors": {name: lab.rest(f"/connectors/{name}")["config"] for name in CONNECTORS},
        # Debezium's own position also moves where no row of its table changes.
        "offsets": lab.rest(f"/connectors/{CONNECTORS[0]}/offsets"),
    }
