"""The case `bluesky` on a host: the stand-in for Bluesky, and what reads it, all of it gone with the case."""

from __future__ import annotations

import base64
import io
import json
import shlex
import tarfile
from typing import Any

from verify.support.lab import Lab
from verify.support.machine import OUTPUT, Machine
from verify.support.programs import FOLDER as FOLDER_ONHOST
from verify.support.waits import until

PORT = 17070
FOLDER = f"{OUTPUT}/bluesky"
SEARCH = "lab-verify-bluesky"
IDENTITY = "prova.bsky.social"
UNIT = "/etc/systemd/system/bluesky-search.service"
# The lab's own unit, with another account, and back at once after a kill.
COPY = r"""
sed -e 's|^ExecStart=\(.*\) [^ ]*$|ExecStart=\1 FOLDER/settings.json|' \
    -e 's|^StateDirectory=.*|StateDirectory=NAME|' -e 's|^RestartSec=.*|RestartSec=200ms|' \
    UNIT >/run/systemd/system/NAME.service
systemctl daemon-reload
"""
# A certificate for bsky.social, and what makes one Java process believe it.
CERTIFICATE = f"""
cd {FOLDER}; umask 022
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=bsky.social \\
  -addext subjectAltName=DNS:bsky.social 2>/dev/null
(umask 077; cat key.pem cert.pem >both.pem); rm key.pem
keytool -importcert -noprompt -alias bsky -file cert.pem -keystore trust.p12 -storepass changeit 2>/dev/null
"""
LEAKS = f"""
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -qFf {FOLDER}/password && echo 'in a command line'
journalctl --no-pager --boot --output=cat | grep -qFf {FOLDER}/password && echo 'in the journal'
find {FOLDER} /etc/streaming-lab /usr/local /home /tmp -xdev -type f -perm /o+r -exec grep -lFf {FOLDER}/password {{}} +
exit 0
"""


class StandIn:
    """The stand-in on a host of the lab, on loopback; see verify/onhost/bluesky/xrpc_server.py."""

    def __init__(self, machine: Machine, epoch_ms: int, posts: int, tls: bool = False) -> None:
        """Start it.

        Args:
            machine: where.
            epoch_ms: when the first post was indexed.
            posts: how many are there from the start.
            tls: whether it also plays bsky.social over TLS, for a client that goes through it as a proxy.
        """
        self.machine, self.epoch_ms = machine, epoch_ms
        # The password is made on the host: sudo writes command lines into the journal.
        self.machine.root(
            f"rm -rf {FOLDER}; mkdir -p {FOLDER}; echo {_packed()} | base64 -d | tar -xz -C {OUTPUT}; "
            f"umask 077; head -c 18 /dev/urandom | base64 | tr '+/' 'ab' >{FOLDER}/password"
        )
        options = [f"--port={PORT}", f"--password-file={FOLDER}/password", f"--epoch-ms={epoch_ms}"]
        options += [f"--posts={posts}", f"--identity={IDENTITY}"]
        if tls:
            self.machine.root(CERTIFICATE)
            options.append(f"--certificate={FOLDER}/both.pem")
        unit = ["systemd-run", "--quiet", "--collect", "--unit=lab-verify-bluesky-xrpc", "--property=RuntimeMaxSec=300"]
        command = [*unit, f"--property=WorkingDirectory={OUTPUT}", "python3", "-m", "bluesky.xrpc_server", *options]
        self.machine.root(f"systemctl stop lab-verify-bluesky-xrpc 2>/dev/null; {shlex.join(command)}")
        until(lambda: self._ask("{}"), bool, 20, f"the local XRPC stand-in answers on port {PORT}")

    def order(self, **order: Any) -> dict[str, Any]:
        """Order something of it, or nothing, and return how it stands."""
        return json.loads(self._ask(json.dumps(order)))

    def leaks(self) -> list[str]:
        """Where the account's password can be seen that it should not: command lines, the journal, open files."""
        return self.machine.root(LEAKS).splitlines()

    def _ask(self, body: str) -> str:
        url = f"http://127.0.0.1:{PORT}/control"
        return self.machine.run(f"curl --noproxy '*' -sS -X POST --data {shlex.quote(body)} {url}", check=False)


class Search:
    """The service `bluesky-search` by another name: the same unit, against the stand-in."""

    def __init__(self, lab: Lab, topic: str, name: str = SEARCH) -> None:
        """Write its unit; nothing runs yet."""
        self.machine, self.name = lab.workspace, name
        settings = {
            "identity": IDENTITY,
            "search_term": "LaLiga",
            "topic": topic,
            "poll_ms": 300,
            "service_url": f"http://127.0.0.1:{PORT}",
            "bootstrap": lab.settings["bootstrap"],
            "password_file": f"{FOLDER}/password",
        }
        text = COPY.replace("FOLDER", FOLDER).replace("NAME", name).replace("UNIT", UNIT)
        self.machine.root(
            f"echo {shlex.quote(json.dumps(settings))} >{FOLDER}/settings.json; "
            f"chown bluesky-search {FOLDER}/password; {text}"
        )

    def start(self) -> None:
        """Start it; returns after its first search."""
        self.machine.root(f"systemctl start {self.name}", seconds=90)

    def kill(self) -> None:
        """End it by kill -9; systemd starts it again."""
        self.machine.root(f"systemctl kill --signal=KILL {self.name}")

    def show(self, name: str) -> str:
        """A property of the unit, such as StatusText."""
        return self.machine.run(f"systemctl show --property={name} --value {self.name}").strip()

    def remove(self) -> None:
        """Stop it and take away what it kept."""
        self.machine.root(
            f"systemctl stop {self.name}; systemctl reset-failed {self.name} 2>/dev/null; "
            f"rm -rf /run/systemd/system/{self.name}.service /var/lib/{self.name}",
            check=False,
        )


def _packed() -> str:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path in sorted((FOLDER_ONHOST / "bluesky").glob("*.py")):
            archive.add(path, f"bluesky/{path.name}")
    return base64.b64encode(buffer.getvalue()).decode()
