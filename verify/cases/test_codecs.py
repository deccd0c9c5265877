"""Records in each of Kafka's compression codecs, in every program of the course that reads."""

import json
import re
from pathlib import Path

import pytest

from verify.support.sinks import Trial
from verify.support.waits import until

ENGINE = "all programs"
SERVERS = [("kafka", "kafka"), ("namenode", "hadoop-namenode"), ("datanode", "hadoop-datanode")]
CODECS = [None, "gzip", "snappy", "lz4", "zstd"]
LONG = "temperatura " * 200
"""Clients do not compress what that does not make shorter."""
TEMPERATURE = {"id": 1, "sensor_id": 1, "temperatura": 30.5, "ingest_time": 0, "origen": LONG}
POST = {"id": {"uri": "at://did/app.bsky.feed.post/x"}, "author": {"displayName": "", "handle": "h"}}
pytestmark = pytest.mark.extra


def values(make) -> list[str]:
    """One text for each codec."""
    return [json.dumps(make(number), ensure_ascii=False) for number in range(len(CODECS))]


TOPICS = {
    "tema-prova": [f"text {number} {LONG}" for number in range(len(CODECS))],
    "tema-json": values(lambda number: {"id": number, "text": LONG}),
    "tema-grups": values(lambda number: {"id": number, "text": LONG}),
    "mysql_temperatures": values(
        lambda number: {"schema": None, "payload": {"id": number, "datahora": 0, "valor": number + 0.5, "nom": LONG}}
    ),
    "mysql_temperatures2": values(lambda number: {**TEMPERATURE, "id": number}),
    "bluesky_laliga": values(lambda number: {"schema": None, "payload": {**POST, "text": f"post {number} {LONG}"}}),
}
PROGRAMS = {
    "consumer.py": "Missatge rebut:  text {}",
    "consumer_json.py": "Rebut: {{'id': {},",
    "consumer1.py": "Consumidor 1 ha rebut: {{'id': {},",
    "consumer_groups.py Nom grup-a": "Nom ha rebut: {{'id': {},",
    "consumer_manual.py": "Confirmat: {{'id': {},",
    "consumer_bluesky.py": "h: post {}",
    "consumer_hdfs_temperatures.py": '"payload": {{"id": {},',
    "consumer_hdfs_temperatures_csv.py": "01/01/1970 00:00:00,{}.5",
}


def stored(lab) -> dict[str, set[str]]:
    """Codecs of the batches that brokers store, by topic."""
    found: dict[str, set[str]] = {topic: set() for topic in TOPICS}
    for machine in lab.every("kafka"):
        folder = machine.info.values["kafka_data_dir"]
        files = machine.root(f"ls {folder}/*/*.log").split()
        logs = ",".join(file for file in files if Path(file).parent.name.rpartition("-")[0] in TOPICS)
        dump = f"runuser -u kafka -- {lab.home}/bin/kafka-dump-log.sh --files {logs}"
        topic = ""
        for line in machine.root(dump, seconds=60).splitlines() if logs else []:
            if line.startswith("Dumping "):
                topic = Path(line.split()[1]).parent.name.rpartition("-")[0]
            found[topic] |= set(re.findall(r"compresscodec: (\w+)", line)) if topic else set()
    return found


def test_every_codec_in_every_program(lab, slate, evidence):
    """Each program shows, or writes to HDFS, one record of each codec."""
    lab.ask("fill", topics=TOPICS, codecs=CODECS)
    for topic, codecs in stored(lab).items():
        assert codecs == {codec or "none" for codec in CODECS}, topic
    units = {name: lab.start(f"codecs-{n}", f"python3 {name}") for n, name in enumerate(PROGRAMS)}
    faust = lab.start("codecs-faust", "faust -A faust_temperatures worker --loglevel=info")
    trial = Trial(lab, "mysql_temperatures")
    folders = {name: f"{lab.hdfs_folder}/codecs/{name}" for name in ("alone", "share")}
    for name, folder in folders.items():
        words = ["--share"] * (name == "share")
        trial.sink(f"codecs-{name}", *words, "--folder", folder, "--group", "hdfs-sink-codecs")
    for name, unit in units.items():
        wanted = [PROGRAMS[name].format(number) for number in range(len(CODECS))]
        until(unit.output, lambda text, wanted=wanted: all(line in text for line in wanted), 60, f"{name}: {wanted}")
    wanted = [f"Temperatura alta: {TEMPERATURE['temperatura']}"] * len(CODECS)
    faust.wait_lines(len(wanted), 60, wanted[0])
    rows = [f"{number},{number}.5" for number in range(len(CODECS))]
    for name, folder in folders.items():
        look = lambda folder=folder: [line for _, lines in sorted(trial.lines(folder).items()) for line in lines]  # noqa: E731
        until(look, lambda lines: lines == rows, 60, f"hdfs-sink ({name}) has written {rows}", 0.3)
    trial.stop(*[f"codecs-{name}" for name in folders])
    for unit in (*units.values(), faust):
        unit.stop()
    names = ", ".join(codec or "none" for codec in CODECS)
    evidence(f"{names} in {len(units) + 1} programs and hdfs-sink, alone and with --share")
