"""Notes 6: Kafka Streams, with the lab's own single-file Java programs and Kafka's own jars."""

import json

from verify.support import streams
from verify.support.machine import Unit

ENGINE = "kafka-streams"
SERVERS = [("kafka", "kafka")]
LINES = ["La sargantana va i torna a anar", "Una col·lecció d'esdeveniments: 3 temes", "", "TEMA tema Tema"]
ROWS = [streams.row(1, 101, 22.5, streams.MIDNIGHT), streams.row(2, 102, 20.0, streams.MIDNIGHT),
        streams.row(3, 103, None, streams.MIDNIGHT), streams.row(4, 101, 20.01, streams.MIDNIGHT + 1)]  # fmt: skip


def start(lab, program: str, *topics: str) -> Unit:
    """Start a program as its own comment says."""
    avro = "env CLASSPATH='/opt/avro/*' " if program == "AvroConversion" else ""
    command = f"{avro}bin/kafka-run-class.sh ~/kafka-streams/{program}.java {' '.join(topics)}"
    return lab.start(program, command, lab.home, seconds=400)


def send(lab, topic: str, values: list) -> None:
    """Send rows as JSON, and text and NULL as they are."""
    lab.ask("send", topic=topic, values=[json.dumps(value) if isinstance(value, dict) else value for value in values])


def check_last(lab, topic: str, wanted: dict, unit: Unit, seconds: int = 60) -> str:
    """Wait until each key of a topic of updates has its last value, and return how many; each count came once."""
    seen = lab.ask("last", topic=topic, wanted=wanted, seconds=seconds)
    differing = "\n".join(f"  {key}: {wanted.get(key)}, {value}" for key, value in list(seen["wrong"].items())[:10])
    printed = unit.output()[-3000:]
    assert not seen["wrong"], f"{topic}: expected and arrived differ:\n{differing}\nthe program printed:\n{printed}"
    assert not seen["stale"], f"{topic}: {seen['stale']} of {seen['read']} updates repeat an earlier count"
    return f"{len(wanted)} of {len(wanted)}"


def test_filter_and_conversion_to_avro(lab, evidence):
    """What is above 20 degrees passes; JSON becomes Avro, and is the same when read back; bad records are reported."""
    filters = start(lab, "TemperatureFilter", "streams_temperatures", "streams_temperatures_altes")
    converts = start(lab, "AvroConversion", "streams_temperatures", "streams_temperatures_avro")
    for unit in (filters, converts):
        unit.wait("En espera: el topic streams_temperatures encara no existeix", 40)
    lab.ask("create", topic="streams_temperatures")
    send(lab, "streams_temperatures", [*ROWS[:2], *streams.POISON, *ROWS[2:]])
    for unit in (filters, converts):
        reported = unit.wait_lines(len(streams.POISON), 60, "Registre descartat")
        assert len(reported) == len(streams.POISON)
        assert "schemas.enable=false" in reported[2]
        assert "temperatura ha de ser un nombre o null" in reported[3]
    seen = lab.ask("read", topic="streams_temperatures_altes", count=3, seconds=20, committed=True)
    assert [json.loads(record["value"]) for record in seen] == [ROWS[0], ROWS[3]]
    lab.ask("read", topic="streams_temperatures_avro", count=5, seconds=20, committed=True)
    command = "CLASSPATH='/opt/avro/*' bin/kafka-run-class.sh ~/kafka-streams/AvroConversion.java --read"
    printed = lab.student(f"{command} streams_temperatures_avro").splitlines()
    assert [json.loads(line) for line in printed if line.startswith("{")] == ROWS
    for unit in (filters, converts):
        unit.stop()
    evidence("filter > 20: 2 of 4 rows; Avro read back: 4 of 4 equal; 4 bad records reported by both")


def test_counts_survive_kill_9(lab, evidence):
    """Word count, and the mean of each sensor's day, equal plain Python, although both programs are killed."""
    rows = streams.three_days(240)
    texts = [LINES[number % len(LINES)] for number in range(240)]
    lab.ask("create", topic="streams_text")
    send(lab, "streams_temperatures", [])
    topics = {"DailyMean": ("streams_temperatures", "streams_mitjanes"),
              "WordCount": ("streams_text", "streams_paraules")}  # fmt: skip
    units = [start(lab, program, *names) for program, names in topics.items()]

    def feed(first: int, end: int) -> None:
        send(lab, "streams_text", [None, *texts[first:end]])
        send(lab, "streams_temperatures", [*rows[first:end], streams.POISON[0]])

    def check(end: int) -> tuple[str, str, int]:
        means, late = streams.means_of_the_day([*ROWS, *rows[:end]])
        found = check_last(lab, "streams_mitjanes", means, units[0])
        return found, check_last(lab, "streams_paraules", streams.words(texts[:end]), units[1]), late

    feed(0, 80)
    check(80)
    feed(80, 120)
    for unit in units:
        unit.kill()
    feed(120, 160)
    units = [start(lab, program, *names) for program, names in topics.items()]
    check(160)
    feed(160, 240)
    means, counts, late = check(240)
    for unit in units:
        unit.stop()
    evidence(
        f"kill -9 amid the rows: means of 24 h each hour {means} equal, {late} rows too late; "
        f"word counts {counts} equal, no update twice"
    )
