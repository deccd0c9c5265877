"""Notes 4.2: consumers that share a topic, or not, by their group; offsets committed by hand and by timer."""

import ast
import json
import re
from collections import Counter
from datetime import UTC, datetime

import pytest

from verify.support.waits import until

ENGINE = "kafka-python"
SERVERS = [("kafka", "kafka")]
ALL = list(range(100))


def ids(unit) -> list[int]:
    """Ids of the messages a consumer printed, in order."""
    return [int(found) for found in re.findall(r"(?:ha rebut|Processant): \{'id': (\d+),", unit.output())]


def wait_members(lab, group: str, count: int) -> None:
    """Wait until a group is stable with a number of members."""
    wanted = {"members": count, "state": "Stable"}
    seen = lab.ask("group", group=group, wanted=wanted, seconds=20)
    assert seen | wanted == seen, f"waited 20 s for {wanted} of group {group}: {seen}"


def wait_ids(units, expected: list[int], seconds: float = 20) -> list[list[int]]:
    """Wait until consumers have printed a number of messages, and check that they are the expected ones, each once."""
    expected = sorted(expected)
    look = lambda: [ids(unit) for unit in units]  # noqa: E731
    seen = until(look, lambda now: sum(map(len, now)) >= len(expected), seconds, f"{len(expected)} messages in all")
    arrived = [number for unit in seen for number in unit]
    repeated = {number: times for number, times in Counter(arrived).items() if times > 1}
    assert sorted(arrived) == expected, (
        f"expected: every id once\nmissing: {sorted(set(expected) - set(arrived))}, more than once: {repeated}"
    )
    return seen


@pytest.fixture(scope="module")
def topic(lab):
    """The topic with two partitions, which the notes forget."""
    where = f"--bootstrap-server {lab.settings['bootstrap']}"
    lab.student(f"bin/kafka-topics.sh --create --topic tema-grups --partitions 2 {where}")
    assert lab.ask("partitions", topic="tema-grups") == 2


def produce(lab, count: int = 100) -> None:
    """Run the student's producer with a pause of 2 ms in place of the notes' second."""
    sent = lab.student(f"python3 producer_groups.py 0.002 {count}", lab.programs)
    numbers = [ast.literal_eval(line.removeprefix("Enviat: "))["id"] for line in sent.splitlines()]
    assert numbers == list(range(count))


def test_sharing_and_resuming(lab, topic, evidence):
    """Two of one group share; other groups get all; one alone gets all; a group that comes back goes on."""
    shared = [lab.start(f"consumer{n}", f"python3 consumer{n}.py") for n in (1, 2)]
    alone = [lab.start(f"group-{g}", f"python3 consumer_groups.py {g.upper()} grup-{g}") for g in ("a", "b")]
    wait_members(lab, "grup-consumidors", 2)
    produce(lab)
    first, second = wait_ids(shared, ALL)
    assert first, "consumer1.py got 0 of 100 messages over two partitions"
    assert second, "consumer2.py got 0 of 100 messages over two partitions"
    for unit in alone:
        wait_ids([unit], ALL)
    evidence(f"two of one group {len(first)}+{len(second)}=100, none twice; groups grup-a and grup-b 100 each")

    for unit in [*shared, *alone]:
        unit.stop()
    produce(lab, 10)
    back = lab.start("consumer1", "python3 consumer1.py")
    wait_ids([back], list(range(10)))
    back.stop()
    evidence("one alone, back after a stop, gets only the 10 new ones")


def test_killed_before_commit(lab, topic, evidence):
    """After kill -9, manual commit reads the message in hand again; automatic commit what its timer had not reached."""
    manual = lab.start("manual", "python3 consumer_manual.py 1")
    auto = lab.start("auto", "python3 consumer_groups.py Auto grup-auto")
    if not lab.ask("read", topic="tema-grups", count=1, seconds=1):
        produce(lab)
    sent = Counter(
        json.loads(record["value"])["id"] for record in lab.ask("read", topic="tema-grups", count=1, seconds=1)
    )
    until(lambda: len(ids(auto)), lambda seen: seen >= sent.total(), 20, f"grup-auto has read {sent.total()} messages")
    # In the second in which the next message is worked on, after one was confirmed.
    until(manual.output, lambda text: 0 < text.count("Confirmat") < text.count("Processant"), 20, "a message in hand")
    manual.kill()
    auto.kill()
    before, auto_before = ids(manual), ids(auto)
    committed = lab.ask("group", group="grup-auto")["committed"]

    manual = lab.start("manual", "python3 consumer_manual.py")
    auto = lab.start("auto", "python3 consumer_groups.py Auto grup-auto")
    for group in ("grup-manual", "grup-auto"):
        seen = lab.ask("group", group=group, wanted={"committed": sent.total()}, seconds=25)
        assert seen["committed"] == sent.total(), f"{group} has not confirmed every message within 25 s: {seen}"
    processed = Counter(before) + Counter(ids(manual))
    again = processed - sent
    assert processed >= sent, f"never processed: {sorted((sent - processed).elements())}"
    assert again == Counter({before[-1]: 1}), f"in hand at the kill: {before[-1]}; processed again: {dict(again)}"
    read = Counter(auto_before) + Counter(ids(auto))
    lost, repeated = (sent - read).total(), (read - sent).total()
    manual.stop()
    auto.stop()
    assert lost == 0, f"never read by grup-auto: {sorted((sent - read).elements())}"
    # All were processed before the kill, so what the timer had not committed is read again, and nothing else.
    assert repeated == sent.total() - committed, f"{committed} of {sent.total()} committed at the kill"
    evidence(
        f"kill -9 with manual commit: the message in hand is read again, none lost; "
        f"with automatic commit (a timer of 5 s): {repeated} repeated, {lost} lost"
    )


def read_again(lab, group: str, wanted: list[int], total: int, *place: str) -> None:
    """Set the offsets of a stopped group back, and check that it reads exactly the wanted records again.

    Args:
        lab: the lab.
        group: its id; its program has been stopped.
        wanted: ids of the records that it must read.
        total: of the records on the topic.
        place: arguments of kafka-consumer-groups.sh.
    """
    wait_state = lab.ask("group", group=group, wanted={"state": "Empty", "committed": total}, seconds=20)
    assert (wait_state["state"], wait_state["committed"]) == ("Empty", total), wait_state
    where = f"--bootstrap-server {lab.settings['bootstrap']} --group {group}"
    lab.student(f"bin/kafka-consumer-groups.sh {where} --reset-offsets {' '.join(place)} --execute")
    reader = lab.start(f"again-{place[-1]}", f"python3 consumer_groups.py Altre {group}")
    seen = lab.ask("group", group=group, wanted={"members": 1, "committed": total}, seconds=25)
    assert seen["committed"] == total, f"{group} has not read to the end within 25 s: {seen}"
    wait_ids([reader], wanted)
    reader.stop()


def test_reading_again_from_a_number_and_from_a_time(lab, topic, evidence):
    """Section 2 of the notes: Kafka keeps what was read, and a consumer can read it again from an offset."""
    before = len(lab.ask("read", topic="tema-grups", count=0, seconds=1))
    produce(lab, 40)
    produce(lab, 10)
    records = lab.ask("read", topic="tema-grups", count=before + 50, seconds=10)
    for record in records:
        record["id"] = json.loads(record["value"])["id"]
    last = sorted(records, key=lambda record: record["timestamp"])[-10:]
    first_reader = lab.start("first", "python3 consumer_groups.py Primer grup-rellegir")
    wait_ids([first_reader], [record["id"] for record in records])
    first_reader.stop()

    offset = max(record["offset"] for record in records if record["partition"] == 0) - 4
    wanted = [r["id"] for r in records if (r["partition"], r["offset"]) >= (0, offset) and r["partition"] == 0]
    place = ("--topic", "tema-grups:0", "--to-offset", str(offset))
    read_again(lab, "grup-rellegir", wanted, len(records), *place)

    moment = datetime.fromtimestamp(last[0]["timestamp"] / 1000, UTC)
    text = f"{moment:%Y-%m-%dT%H:%M:%S}.{last[0]['timestamp'] % 1000:03d}"
    wanted = [r["id"] for r in records if r["timestamp"] >= last[0]["timestamp"]]
    read_again(lab, "grup-rellegir", wanted, len(records), "--topic", "tema-grups", "--to-datetime", text)
    evidence(f"read again after a stop: 5 records from offset {offset} of a partition, {len(wanted)} from a time")
