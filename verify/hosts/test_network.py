"""Who reaches the lab's ports: the hosts that need them, the machine that runs the containers, and nobody else."""

from __future__ import annotations

import json
import shlex
import socket

import pytest
import requests

from verify.support.machine import Unit
from verify.support.services import services_of

DISALLOWED = "-Dorg.apache.kafka.disallowed.login.modules=com.sun.security.auth.module.JndiLoginModule,"
# Prints `open`, or why a port is not reached.
LOOK = "import socket,sys\ntry: socket.create_connection((sys.argv[1], int(sys.argv[2])), 5); print('open')\n"
LOOK += "except OSError as error: print(type(error).__name__)"
REFUSED = "ConnectionRefusedError"


def reached(machine, address: str, port: int) -> str:
    """What a host finds on a port of an address."""
    return machine.run(f"python3 -c {shlex.quote(LOOK)} {address} {port}").strip()


def status(machine, url: str) -> int:
    """Status of an answer over HTTP; 0 where nothing answers."""
    asked = machine.run(f"curl --noproxy '*' -sS -o /dev/null -w '%{{http_code}}' {url} 2>/dev/null", check=False)
    return int(asked or 0)


def closed_to(lab, port: str, host: str) -> bool:
    """Whether a port is closed to a host by the lab's own rules."""
    parts = {"kafka_connect_port": ("connect", "workspace"), "zookeeper_port": ("kafka", "zookeeper")}
    users = {info.name for part in parts.get(port, ("kafka", "connect", "workspace")) for info in lab.info.parts[part]}
    return not lab.values["lab_open_to"] and lab.values["firewall_enabled"] and host not in users


def test_connect_answers_on_its_own_host_by_every_name(lab, evidence):
    """As the notes have it, by the broker's name, and by the host's."""
    worker, port = lab.part("connect"), lab.values["kafka_connect_port"]
    names = ["localhost", "127.0.0.1", worker.name]
    # In a lab of one broker that broker is also called `kafka`.
    names += ["kafka"] * (lab.part("kafka").name == worker.name)
    assert {name: status(worker, f"http://{name}:{port}/connectors") for name in names} == dict.fromkeys(names, 200)
    evidence(f"Connect answers {', '.join(dict.fromkeys(names))} on its host")


@pytest.mark.parametrize(
    ("part", "setting"),
    [("connect", "kafka_connect_port"), ("zookeeper", "zookeeper_port"), ("kafka", "kafka_port")],
)
def test_other_hosts_are_refused(lab, part, setting, evidence):
    """A host of the lab that plays another part."""
    server, port = lab.part(part), int(lab.values[setting])
    others = [machine for machine in lab.machines if closed_to(lab, setting, machine.name)]
    address = str(server.info.values["lab_address"])
    for machine in others:
        assert reached(machine, address, port) == REFUSED, f"{server.name}:{port} from {machine.name}"
    if others:
        evidence(f"{part} {port} closed to {', '.join(machine.name for machine in others)}")


def test_a_students_standalone_worker_is_closed_too(lab):
    """Whatever listens on its port: on the host it answers, elsewhere it does not."""
    port, host = int(lab.values["kafka_connect_standalone_port"]), lab.workspace
    if host.name not in {info.name for info in lab.info.parts["connect"]}:
        pytest.skip("the student's host is no worker")
    address = str(host.info.values["lab_address"])
    unit = Unit(host, "listener", f"python3 -u -m http.server --bind 0.0.0.0 {port}", "/tmp")
    try:
        unit.wait("Serving HTTP")
        assert reached(host, "127.0.0.1", port) == reached(host, address, port) == "open"
        for machine in lab.machines:
            if closed_to(lab, "kafka_connect_port", machine.name):
                assert reached(machine, address, port) == REFUSED, f"{host.name}:{port} from {machine.name}"
    finally:
        unit.stop()


def test_this_machine_reaches_what_containers_publish_and_no_more(lab, evidence):
    """The published pages answer. A port that is not published does not, though this machine routes to it."""
    published = lab.values["lab_published"]
    if not published:
        pytest.skip("the lab publishes nothing")
    for entry in published:
        path = "/connectors" if entry["name"] == "Kafka Connect" else "/"
        assert requests.get(f"http://127.0.0.1:{entry['port']}{path}", timeout=10, proxies=NO_PROXY).ok, entry
    if lab.values["firewall_enabled"] and not lab.values["lab_open_to"]:
        address = (str(lab.part("kafka").info.values["lab_address"]), int(lab.values["kafka_port"]))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, 5)
    evidence("published pages answer on this machine")


NO_PROXY = {"http": ""}


def test_a_browser_opens_a_file_from_the_namenodes_page(lab, evidence):
    """As its page does: it asks the NameNode, and goes where that sends it."""
    page = next((entry for entry in lab.values["lab_published"] if entry["name"] == "NameNode"), None)
    if not page:
        pytest.skip("the NameNode's page is not published on this machine")
    path, text = f"{lab.hdfs_folder}/lab-verify-page.txt", "Això es llegeix des del navegador\n"
    base = f"http://127.0.0.1:{page['port']}/webhdfs/v1{path}?user.name=hadoop"
    session = requests.Session()
    session.trust_env = False
    try:
        # The page asks where the DataNode is, and then goes there: as here, for upload and for download.
        there = session.put(f"{base}&op=CREATE&overwrite=true&noredirect=true", timeout=20).json()["Location"]
        assert session.put(there, data=text.encode(), timeout=20).status_code == 201
        there = session.get(f"{base}&op=OPEN&noredirect=true", timeout=20).json()["Location"]
        assert session.get(there, timeout=20).content.decode() == text
    finally:
        session.delete(f"{base}&op=DELETE", timeout=20)
    evidence("the NameNode's page uploads and opens a file")


def test_connectors_cannot_set_clients_or_load_dangerous_login_modules(lab, evidence):
    """Settings of a connector's clients are refused, and so are login modules that read from an address."""
    settings = {"name": "x", "connector.class": "FileStreamSource", "tasks.max": "1", "file": "/x", "topic": "x"}
    body = json.dumps({**settings, "producer.override.sasl.oauthbearer.token.endpoint.url": "file:///etc/passwd"})
    url = f"http://localhost:{lab.values['kafka_connect_port']}/connector-plugins/FileStreamSource/config/validate"
    put = f"curl --noproxy '*' -sS -X PUT -H 'Content-Type: application/json' -d {shlex.quote(body)} {url}"
    said = json.loads(lab.part("connect").run(put))
    errors = [error for entry in said["configs"] for error in entry["value"]["errors"]]
    assert any("'None' policy" in error for error in errors), said
    for machine in lab.machines:
        for unit, _ in services_of(machine.info):
            if unit in ("kafka", "kafka-connect"):
                line = f"tr '\\0' '\\n' </proc/$(systemctl show --property=MainPID --value {unit})/cmdline"
                assert DISALLOWED in machine.root(line), f"{unit} on {machine.name}"
    evidence("client overrides and dangerous login modules refused")
