"""What the scenarios that run ./lab themselves share: the command, how it ended, and what is on the lab's hosts."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.machine.sudo import VARIABLE
from verify.support.inventory import read_hosts
from verify.support.machine import Machine

ROOT = Path(__file__).resolve().parents[1]
PODMAN = ROOT / "roles" / "containers" / "files" / "podman.sh"
INVENTORY = ROOT / "inventory" / "containers"
# Where nothing answers.
NOBODY = "http://127.0.0.1:9"
# The folders of the clone that are nobody's source: state, outputs, and what is made again.
NOT_SOURCE = (".git", ".venv", ".lab", "build", ".ansible", "__pycache__", ".ruff_cache")
# What is wrong with several hosts alike is one line with all their names.
FAILURE = re.compile(
    r"^  (\S+(?:, \S+)*): (?:task \"(?P<task>.*)\" failed: (?P<message>.*)|unreachable .*)$", re.MULTILINE
)
CHANGED = re.compile(r"\bchanged=(\d+)")


@dataclass(frozen=True)
class Ended:
    """How a command ended: its status and all that it printed."""

    status: int
    text: str

    @property
    def failures(self) -> list[tuple[str, str]]:
        """Host and message of every failure line that ./lab printed."""
        return [
            (host, found["message"] or found[0].strip())
            for found in FAILURE.finditer(self.text)
            for host in found[1].split(", ")
        ]

    @property
    def changed(self) -> int:
        """How many changes ./lab said it made.

        Raises:
            AssertionError: it did not say.
        """
        said = CHANGED.findall(self.text)
        assert said, f"no tally of changes in\n{self.text}"
        return int(said[-1])

    def refuses(self, *words: str, hosts: Sequence[str] = (), changed: int | None = 0) -> None:
        """Check that the command refused in one clear line a host, before it changed anything.

        Args:
            words: what the line must hold.
            hosts: the hosts that say it; empty for one line, the same whoever says it.
            changed: how many changes the tally may tell; None where the command ends before there is one.
        Raises:
            AssertionError: it did not, with all it printed.
        """
        assert self.status not in (0, 130), f"status {self.status}\n{self.text}"
        assert "Traceback" not in self.text, self.text
        failures = self.failures or [("", line) for line in self.text.splitlines() if line.startswith("lab: ")]
        assert len({message for _, message in failures}) == 1 or hosts, f"not one line:\n{self.text}"
        assert len(failures) == len({host for host, _ in failures}), f"more than one line a host:\n{self.text}"
        assert not hosts or sorted(host for host, _ in failures) == sorted(hosts), self.text
        for word in words:
            assert all(word in message for _, message in failures), f"{word!r} is not in the line:\n{self.text}"
        if changed is not None:
            assert self.changed == changed, f"changed={self.changed}\n{self.text}"


class Scenario:
    """One lab of a scenario's own.

    Args:
        name: its name.
        root: the clone, or a copy of it.
    """

    def __init__(self, name: str, root: Path = ROOT) -> None:
        self.name = name
        self.root = root

    def start(
        self, *words: str, settings: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start ./lab; its output comes line by line on stdout.

        Args:
            words: command and options.
            settings: given as --extra-vars.
            environment: variables besides this process's own.
        """
        # A copy of the clone borrows the venv, which its ./lab would make again.
        entry = [str(ROOT / "lab")] if self.root == ROOT else [str(self.root / ".venv/bin/python"), "-m", "cli"]
        extra = ["-e", json.dumps(settings)] if settings else []
        own = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "LAB_EVENTS"))}
        # Asked once, by whoever started the suite.
        own |= {key: value for key, value in os.environ.items() if key == VARIABLE}
        # Else a copy would take the inventory of the clone that the suite was started in.
        own["LAB_CWD"] = str(self.root)
        return subprocess.Popen(
            [*entry, "--name", self.name, "--yes", *words, *extra],
            cwd=self.root,
            env={**own, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # What a shell starts in the background ignores Ctrl-C, and so would all below it.
            preexec_fn=_listen_to_interrupts,
        )

    def lab(self, *words: str, seconds: int = 900, **options: Any) -> Ended:
        """Run ./lab to its end; see `start`.

        Args:
            words: command and options.
            seconds: after which it is killed.
            options: settings and environment.
        """
        child = self.start(*words, **options)
        try:
            text, _ = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            kill_tree(child.pid)
            text, _ = child.communicate()
            text += f"\n(killed after {seconds} s)"
        return Ended(child.returncode, text)

    def make_hosts(self, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Make the lab's containers and provision nothing. They are the clone's, also for a copy of it.

        Returns:
            what the hosts are made of.
        """
        from cli.lab import Lab
        from cli.machine.key import make_key

        make_key(Lab(self.name, INVENTORY))
        playbook = ROOT / "playbooks" / "containers_create.yml"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "ansible", "playbook", "-i", str(INVENTORY), str(playbook)),
                *(["-e", json.dumps(settings)] if settings else []),
            ],
            cwd=ROOT,
            env={**os.environ, "LAB_NAME": self.name, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"the hosts could not be made\n{done.stdout[-3000:]}{done.stderr[-1000:]}"
        return json.loads((ROOT / ".lab" / self.name / "containers.json").read_text(encoding="utf-8"))

    def machines(self) -> dict[str, Machine]:
        """The lab's hosts by name, reached by ssh as Ansible reaches them."""
        os.environ["LAB_NAME"] = self.name
        return {info.name: Machine(info) for info in read_hosts(INVENTORY)}

    def containers(self) -> list[str]:
        """Names of the lab's containers, running or not."""
        done = as_root(
            PODMAN, "ps", "--all", "--filter", f"label=streaming-lab.lab={self.name}", "--format", "{{.Names}}"
        )
        return sorted(done.stdout.split())


def _listen_to_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def as_root(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command of this machine as root; the password is the one that ./lab test asked for, if sudo wants any."""
    sudo, password = [] if os.geteuid() == 0 else ["sudo", "-n"], None
    if sudo and VARIABLE in os.environ:
        # -k: sudo would not read what it does not need, and the command would.
        sudo, password = ["sudo", "-k", "-S", "-p", ""], Path(os.environ[VARIABLE]).read_text(encoding="utf-8")
    return subprocess.run([*sudo, *map(str, argv)], check=True, text=True, capture_output=True, input=password)


def kill_tree(pid: int) -> None:
    """Kill a process with all that it started, at once, as a power cut does."""
    family, known = [pid], {pid}
    for parent in family:
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                number, fields = int(path.parent.name), path.read_text().rpartition(")")[2].split()
            except (OSError, IndexError):
                continue
            if int(fields[1]) == parent and number not in known:
                family.append(number)
                known.add(number)
    for number in family:
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            continue


def copy_of_project(target: Path) -> Path:
    """A copy of the clone with files that a test may spoil; venv and state (keys, secrets) are the clone's."""
    shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(*NOT_SOURCE), symlinks=True)
    for shared in (".venv", ".lab"):
        (target / shared).symlink_to(ROOT / shared)
    return target


def cache_copy(target: Path, *without: str) -> dict[str, str]:
    """Environment with a copy of this user's artifact cache, which a test may spoil.

    Args:
        target: the folder that stands for ~/.cache.
        without: folders of the cache that are left out.
    """
    from cli.machine.caches import default_cache

    if default_cache().is_dir():
        shutil.copytree(default_cache(), target / "streaming-lab", ignore=shutil.ignore_patterns(*without))
    return {"XDG_CACHE_HOME": str(target)}


def as_machines(target: Path) -> Path:
    """An inventory of the same hosts as machines that are there: ./lab does not look after their containers."""
    shutil.copytree(INVENTORY, target)
    settings = target / "group_vars" / "all.yml"
    text = settings.read_text(encoding="utf-8")
    assert "lab_containers: true" in text
    text = text.replace("lab_containers: true", "lab_containers: false")
    # Machines publish nothing on this one.
    text = re.sub(r"^lab_published:\n(?: .*\n)+", "lab_published: []\n", text, flags=re.MULTILINE)
    assert "lab_published: []" in text
    settings.write_text(text, encoding="utf-8")
    return target


def offline(folder: Path) -> dict[str, str]:
    """An environment without a network: Maven's one mirror is a port that nobody has, and so is every proxy.

    Not an empty network namespace: Ubuntu lets ordinary users have none.

    Args:
        folder: made, for a stand-in named mvn that notes its runs in `runs` and starts the real one.
    """
    mvn = shutil.which("mvn")
    assert mvn, "this suite needs mvn; ./lab doctor says how to get it"
    folder.mkdir(exist_ok=True)
    wrapper = folder / "mvn"
    settings = folder / "settings.xml"
    mirror = f"<mirror><id>nobody</id><mirrorOf>*</mirrorOf><url>{NOBODY}/</url></mirror>"
    settings.write_text(f"<settings><mirrors>{mirror}</mirrors></settings>\n", encoding="utf-8")
    started = f'exec {mvn} --settings "{settings}" --global-settings "{settings}" "$@"'
    wrapper.write_text(f'#!/bin/sh\necho run >>"{folder}/runs"\n{started}\n', encoding="utf-8")
    wrapper.chmod(0o755)
    dead = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), NOBODY)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "no_proxy": "", **dead}


def until_line(child: subprocess.Popen[str], pattern: str, seconds: float = 300) -> str:
    """Read a child's output up to a line that matches; return all that was read.

    Raises:
        AssertionError: the child ended first.
    """
    assert child.stdout is not None
    text, deadline = "", time.monotonic() + seconds
    for line in child.stdout:
        text += line
        if re.search(pattern, line):
            return text
        assert time.monotonic() < deadline, f"no {pattern!r} within {seconds} s in\n{text}"
    raise AssertionError(f"no {pattern!r} in\n{text}")
