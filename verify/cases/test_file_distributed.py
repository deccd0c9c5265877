"""Notes 5.2: the same through the distributed worker and its REST interface."""

import json
import shlex

import pytest

from verify.support.waits import until

ENGINE = "FileStream"
SERVERS = [("connect", "kafka-connect"), ("kafka", "kafka")]
CONNECTORS = ["file-source-distributed", "file-sink-distributed"]
FILES = ("/tmp/lab-verify-entrada.txt", "/tmp/lab-verify-sortida.txt")
PLUGINS = {
    "org.apache.kafka.connect.file.FileStreamSinkConnector": "sink",
    "org.apache.kafka.connect.file.FileStreamSourceConnector": "source",
    "org.apache.kafka.connect.mirror.MirrorCheckpointConnector": "source",
    "org.apache.kafka.connect.mirror.MirrorHeartbeatConnector": "source",
    "org.apache.kafka.connect.mirror.MirrorSourceConnector": "source",
}


def test_lines_go_through_over_rest(lab, evidence):
    """POST both files, append lines live, DELETE; no line is lost or doubled."""
    # Each connector's task runs on whichever worker Connect gives it to, and its file lies there.
    if [host.name for host in lab.info.parts["connect"]] != [lab.workspace.name]:
        evidence("needs one worker, on the student's host: a connector's file lies where its task runs")
        pytest.skip("needs one worker, on the student's host")
    lab.student("touch entrada.txt")
    assert [lab.post(f"connect-file-{end}.json") for end in ("source", "sink")] == [201, 201]
    assert lab.post("connect-file-source.json") == 409
    assert set(CONNECTORS) <= set(lab.rest("/connectors"))
    there = {plugin["class"]: plugin for plugin in lab.rest("/connector-plugins")}
    version = lab.settings.get("kafka_version", "3.8.1")
    assert {name: (there[name]["type"], there[name]["version"]) for name in PLUGINS if name in there} == {
        name: (kind, version) for name, kind in PLUGINS.items()
    }
    for connector in CONNECTORS:
        lab.running(connector)

    lines = ["Hola", "Adéu", "Bon dia", "Bona nit"]
    look = lambda: lab.student("cat sortida.txt 2>/dev/null", check=False)  # noqa: E731
    for number in (2, 4):
        for line in lines[number - 2 : number]:
            lab.student(f'echo "{line}" >> entrada.txt')
        until(look, lambda seen, number=number: seen.count("\n") >= number, 30, f"{number} lines in sortida.txt")
    events = [f'{{"schema":{{"type":"string","optional":false}},"payload":"{line}"}}' for line in lines]
    assert [record["value"] for record in lab.records("connect-fitxers", 4)] == events
    assert look().splitlines() == lines

    for connector in CONNECTORS:
        assert lab.rest(f"/connectors/{connector}", "DELETE") == 204
    assert not set(CONNECTORS) & set(lab.rest("/connectors"))
    evidence(f"201, 201, then 409; {len(PLUGINS)} plugins; 4 lines live, each once; 204, 204")


def test_files_below_tmp_are_everybodys(lab, evidence):
    """A student who names a file in /tmp finds it there."""
    if [host.name for host in lab.info.parts["connect"]] != [lab.workspace.name]:
        pytest.skip("needs one worker, on the student's host")
    kinds = dict(zip(CONNECTORS, ("FileStreamSource", "FileStreamSink"), strict=True))
    try:
        lab.student(f"rm -f {FILES[0]}; echo Hola >{FILES[0]}")
        for (name, kind), file in zip(kinds.items(), FILES, strict=True):
            topic = "topic" if kind == "FileStreamSource" else "topics"
            config = {"connector.class": kind, "tasks.max": "1", "file": file, topic: "connect-fitxers"}
            url = f"{lab.settings['connect']}/connectors/{name}/config"
            put = f"curl -sSf -X PUT -H 'Content-Type: application/json' -d {shlex.quote(json.dumps(config))} {url}"
            lab.student(f"{put} >/dev/null")
            lab.running(name)
        look = lambda: lab.student(f"cat {FILES[1]} 2>/dev/null", check=False)  # noqa: E731
        assert until(look, bool, 30, f"a line in {FILES[1]}") == "Hola\n"
    finally:
        for name in CONNECTORS:
            lab.rest(f"/connectors/{name}", "DELETE")
        lab.workspace.root(f"rm -f {' '.join(FILES)}")
    evidence(f"{FILES[0]} -> {FILES[1]}")
