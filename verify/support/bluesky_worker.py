"""A Connect worker of the case `bluesky`, for the notes' connector against the stand-in.

The connector knows no host but bsky.social. So this worker alone is told, by flags of its JVM, that the stand-in is a
proxy and that its certificate is good; the lab's own worker is left as it is.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

from verify.support.bluesky import FOLDER, IDENTITY, PORT
from verify.support.lab import Lab
from verify.support.waits import until

REST = "127.0.0.1:18083"
UNIT = "lab-verify-bluesky-worker"
PROPERTIES = f"""
bootstrap.servers=BOOTSTRAP
listeners=HTTP://{REST}
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
plugin.path=HOME/plugins/bluesky
plugin.discovery=only_scan
offset.storage.file.filename={FOLDER}/worker/offsets
config.providers=secrets
config.providers.secrets.class=org.apache.kafka.common.config.provider.DirectoryConfigProvider
config.providers.secrets.param.allowed.paths={FOLDER}/worker
"""
FLAGS = (
    f"-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort={PORT} "
    f"-Djavax.net.ssl.trustStore={FOLDER}/trust.p12 -Djavax.net.ssl.trustStorePassword=changeit"
)


class Worker:
    """The worker, on the host of the stand-in."""

    def __init__(self, lab: Lab) -> None:
        """Start it and wait for its REST interface."""
        self.lab, self.machine, self.home = lab, lab.part("connect"), lab.home
        properties = PROPERTIES.replace("BOOTSTRAP", lab.settings["bootstrap"]).replace("HOME", lab.home)
        self.machine.root(
            f"install -d -o kafka-connect -m 700 {FOLDER}/worker; "
            f"install -o kafka-connect -m 600 {FOLDER}/password {FOLDER}/worker/bluesky_password; "
            f"echo {shlex.quote(properties)} >{FOLDER}/worker.properties"
        )
        java = "$(systemctl show --property=Environment --value kafka-connect | tr ' ' '\\n' | grep ^JAVA_HOME=)"
        options = ["--quiet", "--collect", f"--unit={UNIT}", "--uid=kafka-connect", "--property=RuntimeMaxSec=240",
                   f"--property=WorkingDirectory={lab.home}", "--setenv=LOG_DIR=/tmp", "--setenv=STREAMING_LAB_UNIT=1",
                   "--setenv=KAFKA_HEAP_OPTS=-Xmx256m",
                   "--setenv=KAFKA_JVM_PERFORMANCE_OPTS=-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
                   f"--setenv=KAFKA_OPTS={FLAGS}"]  # fmt: skip
        script = f"{lab.home}/bin/connect-standalone.sh"
        self.machine.root(
            f"systemctl stop {UNIT} 2>/dev/null; systemd-run {shlex.join(options)} --setenv={java} "
            f"{script} {FOLDER}/worker.properties"
        )
        until(
            lambda: self._curl("/connectors"), lambda said: said.startswith("["), 90, "the worker for the stand-in", 0.3
        )

    def post(self, file: str) -> None:
        """POST the student's file, with the stand-in's account."""
        body = json.loads(self.lab.student(f"cat config/{file}"))
        body["config"]["bluesky.identity"] = IDENTITY
        body["config"]["bluesky.password"] = f"${{secrets:{FOLDER}/worker:bluesky_password}}"
        said = self._curl(
            "/connectors", f"-X POST -H 'Content-Type: application/json' --data {shlex.quote(json.dumps(body))}"
        )
        assert json.loads(said).get("name") == body["name"], f"the worker refuses {file}: {said[:500]}"

    def get(self, path: str) -> Any:
        """Ask its REST interface."""
        return json.loads(self._curl(path))

    def stop(self) -> None:
        """End it."""
        self.machine.root(f"systemctl stop {UNIT}", check=False)

    def _curl(self, path: str, more: str = "") -> str:
        return self.machine.run(f"curl --noproxy '*' -sS -m 60 {more} http://{REST}{path}", check=False, seconds=70)
