"""hdfs-sink under test: its units, the rows it is given, and the ledger that says what is missing or doubled."""

from __future__ import annotations

import functools
import json
import shlex
import time
from typing import Any

from verify.support.lab import Lab
from verify.support.machine import OUTPUT, Unit
from verify.support.programs import print_program
from verify.support.waits import until

HELPER = f"{OUTPUT}/sink_ledger.py"
PORT = 9871
"""Of the proxy that loses answers, on the workspace host's loopback."""


class Trial:
    """One topic and one folder, for all faults: what each of them breaks shows in the same ledger."""

    def __init__(self, lab: Lab, topic: str) -> None:
        self.lab, self.topic = lab, topic
        self.folder = f"{lab.hdfs_folder}/{topic}"
        self.ledger = f"{OUTPUT}/{topic}.ledger"
        self.sent = 0
        self.recreated: list[int] = []
        lab.workspace.root(
            f"{print_program('sink_ledger.py')} >{HELPER}; : >{self.ledger}; chown {lab.student_name} {self.ledger}"
        )

    @functools.cached_property
    def python(self) -> str:
        """The course's Python with the helper."""
        return f"{self.lab.values['course_venv']}/bin/python3 {HELPER}"

    def sink(self, name: str, *more: str, user: str = "hadoop") -> None:
        """Start a sink that systemd starts again whenever it dies; `lab-verify-NAME` is its unit."""
        # By its path: the PATH that sudo gives may lack /usr/local/bin.
        arguments = [
            "/usr/local/bin/hdfs-sink", "--topic", self.topic, "--folder", self.folder,
            "--columns", "id:int,valor:float", "--seconds", "0.5", "--rows", "500",
            "--user", user, "--compact-every", "15", *more,
        ]  # fmt: skip
        options = [
            "--quiet", "--collect", f"--unit=lab-verify-{name}", f"--slice={self.lab.workspace.slice}",
            f"--uid={self.lab.student_name}",
            "--property=Restart=always", "--property=RestartSec=0.1", "--property=StartLimitIntervalSec=0",
            "--property=RuntimeMaxSec=900", "--property=TimeoutStopSec=30",
            f"--property=StandardError=append:{self.output(name)}",
        ]  # fmt: skip
        self.lab.workspace.root(
            f"systemctl stop lab-verify-{name} 2>/dev/null; rm -f {self.output(name)}; "
            + shlex.join(["systemd-run", *options, *arguments])
        )

    @staticmethod
    def output(name: str) -> str:
        """File of what a sink says."""
        return f"{OUTPUT}/{name}.out"

    def said(self, name: str) -> str:
        """What a sink has said."""
        return self.lab.workspace.root(f"cat {self.output(name)} 2>/dev/null", check=False)

    def wait_said(self, name: str, text: str, seconds: float = 30) -> None:
        """Wait until a sink has said something."""
        until(lambda: self.said(name), lambda said: text in said, seconds, f"hdfs-sink says {text!r}", 0.3)

    def end(self, *names: str) -> dict[str, Any]:
        """Stop sinks, and compare once more: what a writer that had hung or was killed wrote late shows only now.

        Returns:
            the comparison.
        Raises:
            AssertionError: an id is missing, doubled or out of order.
        """
        self.stop(*names)
        seen = self.compare()
        assert (seen["missing"], seen["doubled"], seen["disordered"]) == (0, 0, 0), f"after all writers ended: {seen}"
        return seen

    def signal(self, name: str, signal: str) -> None:
        """Send a signal to a sink."""
        self.lab.workspace.root(f"systemctl kill --signal={signal} lab-verify-{name}")

    def stop(self, *names: str) -> None:
        """Stop sinks as systemd does, with SIGTERM."""
        self.lab.workspace.root("systemctl stop " + " ".join(f"lab-verify-{name}" for name in names), check=False)

    def feed(self, seconds: float, rate: int = 300, days: int = 1) -> Unit:
        """Send rows of several days in the background for some seconds; their ids go on from those sent before."""
        count = int(seconds * rate)
        first, self.sent = self.sent, self.sent + count
        bootstrap = self.lab.settings["bootstrap"]
        command = f"{self.python} produce {bootstrap} {self.topic} {count} {rate} {first} {self.ledger} {days}"
        return Unit(self.lab.workspace, f"feed-{first}", command, "/", 600)

    def recreate_topic(self, partitions: int) -> None:
        """Delete the topic and create it again; the rows that were sent stay in the ledger."""
        self.lab.ask("delete", topic=self.topic)
        self.lab.ask("create", topic=self.topic, partitions=partitions)
        self.recreated.append(self.sent)

    def compare(self) -> dict[str, Any]:
        """Ledger against HDFS."""
        first_ids = " ".join(map(str, self.recreated))
        words = f"{self.python} compare {self.lab.settings['webhdfs']} {self.folder} {self.ledger} {first_ids}"
        return json.loads(self.lab.workspace.run(words, seconds=120))

    def lines(self, folder: str) -> dict[str, list[str]]:
        """Lines of the files that a reader sees below a folder of HDFS, by path."""
        words = f"{self.python} lines {self.lab.settings['webhdfs']} {folder}"
        return json.loads(self.lab.workspace.run(words, seconds=120))

    def settle(self, seconds: float = 60) -> tuple[dict[str, Any], float]:
        """Wait until every acknowledged id is in HDFS; none may be there twice, and none out of order.

        Returns:
            the comparison, and the seconds it took.
        """
        began = time.monotonic()

        def look() -> dict[str, Any]:
            try:
                return self.compare()
            except AssertionError as error:  # HDFS is on its way back
                return {"missing": "unknown", "doubled": 0, "said": str(error)[-300:]}

        seen = until(
            look,
            lambda seen: not seen["missing"] or seen["doubled"],
            seconds,
            "every acknowledged id in HDFS, once",
            0.5,
        )
        took = time.monotonic() - began
        assert (seen["doubled"], seen["disordered"]) == (0, 0), seen
        return seen, took
