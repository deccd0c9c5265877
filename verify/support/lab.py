"""A lab as a case uses it: its machines by the part they play, and its topics, connectors and slate."""

from __future__ import annotations

import functools
import json
import shlex
from collections.abc import Callable, Sequence
from typing import Any

from verify.support import hints
from verify.support.inventory import LabInfo
from verify.support.machine import OUTPUT, Machine, Unit
from verify.support.programs import print_program
from verify.support.waits import until

HELPER = f"{OUTPUT}/topics.py"
SLATE = "/usr/local/lib/streaming-lab/slate"
ENGINES = {"io.debezium": "debezium", "io.confluent": "jdbc", "io.aiven": "aiven"}


class Lab:
    """One lab. `workspace`, `kafka`, `connect`, `mysql` and `namenode` are the hosts that play these parts."""

    def __init__(self, info: LabInfo, machines: dict[str, Machine]) -> None:
        self.info = info
        self.name = info.name
        self.machines = [machines[host.name] for host in info.hosts]
        self._by_name = machines
        self.values = info.first("workspace").values
        self.home = str(self.values["kafka_home"])
        self.programs = str(self.values["course_programs"])
        self.student_name = str(self.values["course_user"])

    def part(self, name: str) -> Machine:
        """Return the first host that plays a part.

        Raises:
            LookupError: if the lab has none.
        """
        return self._by_name[self.info.first(name).name]

    def every(self, name: str) -> list[Machine]:
        """The hosts that play a part."""
        return [self._by_name[host.name] for host in self.info.parts[name]]

    @property
    def workspace(self) -> Machine:
        """The student's host."""
        return self.part("workspace")

    @functools.cached_property
    def settings(self) -> dict[str, Any]:
        """The lab's addresses, as the slate on the workspace host knows them."""
        return json.loads(self.workspace.run(f"cat {SLATE}.json"))

    @property
    def hdfs_folder(self) -> str:
        """Folder of HDFS in which this lab's programs write."""
        return self.settings["hdfs_folder"]

    # What the student does

    def student(self, command: str, folder: str = "", check: bool = True, seconds: int = 60) -> str:
        """Type a command as the student, by default in the Kafka home, and return what it printed."""
        return self.workspace.login(self.student_name, command, folder or self.home, check, seconds)

    def start(self, name: str, command: str, folder: str = "", seconds: int = 120) -> Unit:
        """Start a program of the student in the background, by default in the folder of the notes' programs."""
        return Unit(self.workspace, name, command, folder or self.programs, seconds)

    def sql(self, statement: str) -> str:
        """Run SQL in the database `sensors` as the student and return the answer, tabs between columns."""
        return self.student(f"mysql --batch --skip-column-names sensors -e {shlex.quote(statement)}")

    def post(self, file: str) -> int:
        """POST a connector's file as the notes do, from the Kafka home, and return the status."""
        command = (
            'curl -sS -w "\\n%{http_code}" -X POST -H "Content-Type: application/json" '
            f"--data @config/{file} {self.settings['connect']}/connectors"
        )
        return int(_steady(lambda: self.student(command)).rpartition("\n")[2])

    # What verification looks at

    def bring_helper(self) -> None:
        """Copy topics.py to the workspace host; a restart of the host deletes it."""
        self.workspace.root(f"mkdir -p {OUTPUT}; {print_program('topics.py')} >{HELPER}")

    def prepare(self) -> dict[str, Any]:
        """Make ready for a verification, and wipe what a killed one left.

        Returns:
            The slate's answer.
        """
        self.bring_helper()
        if self.workspace.root(f"test -x {SLATE} || echo absent").strip():
            return {"ok": False, "error": f"the role course has not run here (no {SLATE}); run: {hints.command('up')}"}
        return self.slate("recover")

    def slate(self, *arguments: str) -> dict[str, Any]:
        """Call the slate on the workspace host; see src/slate/__main__.py."""
        return self._slate_answer(
            self.workspace.root(f"{shlex.join([SLATE, *arguments])} 2>&1", check=False, seconds=90)
        )

    @staticmethod
    def _slate_answer(printed: str) -> dict[str, Any]:
        try:
            return json.loads(printed.strip().splitlines()[-1])
        except (ValueError, IndexError):
            return {
                "ok": False,
                "error": printed.strip()[-300:]
                or f"{SLATE} gave no answer; if provisioning did not end well, run: {hints.command('up')}",
            }

    def ask(self, do: str, **arguments: Any) -> Any:
        """Call one function of verify/onhost/topics.py and return its answer."""
        request = json.dumps({"do": do, "bootstrap": self.settings["bootstrap"], **arguments}, ensure_ascii=False)
        python = f"{self.values['course_venv']}/bin/python3"
        return json.loads(self.workspace.run(f"{python} {HELPER} {shlex.quote(request)}", seconds=120))

    def records(self, topic: str, count: int, seconds: float = 30) -> list[dict[str, Any]]:
        """Read a topic from its beginning once it holds a number of records.

        Raises:
            AssertionError: if fewer or more are there at the end.
        """
        found = self.ask("read", topic=topic, count=count, seconds=seconds)
        shown = "\n".join(f"  {record['partition']}/{record['offset']} {record['value']}" for record in found[:40])
        assert len(found) == count, f"expected: {count} records in {topic}\narrived:  {len(found)}\n{shown}"
        return found

    def rest(self, path: str, method: str = "GET") -> Any:
        """Ask Kafka Connect from the workspace host and return its JSON, or the status of an empty answer."""
        url = f"{self.settings['connect']}{path}"
        command = f"curl --noproxy '*' -sS -X {method} -w '\\n%{{http_code}}' {shlex.quote(url)}"
        body, _, status = _steady(lambda: self.workspace.run(command)).rpartition("\n")
        return json.loads(body) if body.strip() else int(status)

    def running(self, connector: str, seconds: float = 45) -> dict[str, Any]:
        """Wait until a connector and its tasks run.

        Raises:
            AssertionError: at once with the trace if a task failed, else at the deadline.
        """

        def look() -> dict[str, Any]:
            status = self.rest(f"/connectors/{connector}/status")
            failed = [task["trace"] for task in status.get("tasks", []) if task.get("state") == "FAILED"]
            assert not failed, f"connector {connector}: a task failed\n{failed[0][:3000]}"
            return status

        def holds(status: dict[str, Any]) -> bool:
            tasks = status.get("tasks") or [{"state": "none"}]
            return status.get("connector", {}).get("state") == "RUNNING" and all(t["state"] == "RUNNING" for t in tasks)

        return until(look, holds, seconds, f"connector {connector} and its tasks RUNNING", pause=0.2)

    @functools.cached_property
    def mysql_engine(self) -> str:
        """What carries MySQL's rows on this lab, by the connector class in the student's file."""
        # By the student, as everything that the student can replace.
        text = self.student("cat config/mysql-source.json")
        name = json.loads(text)["config"]["connector.class"]
        return next((engine for prefix, engine in ENGINES.items() if name.startswith(prefix)), name)

    @functools.cached_property
    def bluesky_engine(self) -> str:
        """What reads Bluesky on this lab: `connector` (the notes' plugin) or `python` (the service)."""
        wanted = str(self.values["lab_bluesky_source"])
        if wanted != "auto":
            return wanted
        classes = [plugin["class"] for plugin in self.rest("/connector-plugins")]
        return "connector" if any("BlueskySourceConnector" in name for name in classes) else "python"

    @functools.cached_property
    def has_bluesky_account(self) -> bool:
        """Whether the instructor gave an account at Bluesky."""
        folder = "/etc/streaming-lab/bluesky"
        ask = f'test -s {folder}/password && ! grep -q \'"identity": ""\' {folder}/settings.json && echo yes'
        return self.workspace.root(ask, check=False).strip() == "yes"

    def hdfs(self, path: str) -> str:
        """Read a file of HDFS over WebHDFS from the workspace host; empty when it is not there."""
        url = f"{self.settings['webhdfs']}/webhdfs/v1{path}?op=OPEN&user.name=hadoop"
        return self.workspace.run(f"curl --noproxy '*' -sSfL {shlex.quote(url)}", check=False)

    def trouble(self, connectors: Sequence[str], units: Sequence[str]) -> str:
        """Gather what helps to understand a failed case: traces of connectors, last lines of the servers' journals."""
        parts = []
        for connector in connectors:
            try:
                status = self.rest(f"/connectors/{connector}/status")
            except (AssertionError, RuntimeError, ValueError) as error:
                status = str(error)[:300]
            parts.append(f"connector {connector}: {json.dumps(status, indent=1)[:4000]}")
        for part, unit in units:
            machine = self.part(part)
            try:
                parts.append(f"last lines of {unit} on {machine.name}:\n{machine.journal(unit)}")
            except (AssertionError, RuntimeError) as error:
                parts.append(f"journal of {unit} on {machine.name}: {str(error)[:300]}")
        return "\n\n".join(parts)


def _steady(ask: Callable[[], str]) -> str:
    """Ask Connect again while its worker rebalances, because another case changed its connectors."""

    def answers(printed: str) -> bool:
        body, _, status = printed.rpartition("\n")
        return not (
            (status == "409" and "momentarily" in body) or (status == "500" and "a rebalance is expected" in body)
        )

    return until(ask, answers, 30, "Kafka Connect answers after its rebalance")
