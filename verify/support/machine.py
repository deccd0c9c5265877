"""One host as verification uses it: commands as administrator, root and student, and programs in units."""

from __future__ import annotations

import atexit
import functools
import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import testinfra

from verify.support.inventory import HostInfo
from verify.support.waits import brief

PASSWORD_FILE = "ANSIBLE_BECOME_PASSWORD_FILE"
"""Variable that names the file with sudo's password on the hosts, as for Ansible; absent where sudo asks for none."""
OUTPUT = "/run/lab-verify"
"""Folder on the host of what units print."""


@functools.cache
def _sockets() -> Path:
    """Make the folder of ssh's shared connections, this user's alone and gone with this process."""
    folder = Path(tempfile.mkdtemp(prefix="lab-ssh-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def _password() -> str:
    """Return sudo's password on the hosts; empty where none was given. The file is gone before this process is."""
    path = os.environ.get(PASSWORD_FILE)
    return Path(path).read_text(encoding="utf-8").rstrip("\n") if path else ""


def read_password() -> None:
    """Read sudo's password on the hosts again, for machines that are made from now on."""
    _password.cache_clear()
    _password()


def _type(host: Any, text: str) -> None:
    """Let what is run on a host find a text on its standard input, where testinfra gives it nothing."""
    backend = host.backend

    def run_local(command: str, *args: str) -> Any:
        line = backend.encode(backend.quote(command, *args))
        done = subprocess.run(line, shell=True, input=text.encode(), capture_output=True, check=False)
        return backend.result(done.returncode, line, done.stdout, done.stderr)

    backend.run_local = run_local


def as_root(command: str, password: bool = False, root: bool = False) -> str:
    """Return the command line that runs a shell command as root.

    Args:
        command: for `sh -c`.
        password: sudo's password comes by standard input (never by the command line, where others would read it).
        root: who runs it is root already; then no sudo is needed, nor has to be there.
    """
    if root:
        return f"sh -c {shlex.quote(command)}"
    if not password:
        return f"sudo sh -c {shlex.quote(command)}"
    # -k: it asks even where it remembers, so that the password is read here and by nothing that the command starts.
    return f"sudo -k -S -p '' sh -c {shlex.quote(f'exec </dev/null; {command}')}"


class Machine:
    """A host of a lab.

    `host` is testinfra's own object, for its services, files and sockets.
    """

    def __init__(self, info: HostInfo) -> None:
        self.info = info
        self.name = info.name
        self.slice = "lab_verify.slice"
        """Slice of the units that the current case starts (systemd.slice(5))."""
        values = info.values
        self.is_root = values["ansible_connection"] == "local" and os.geteuid() == 0
        if values["ansible_connection"] == "local":
            self.host = testinfra.get_host("local://")
            self._give_password()
            return
        address = str(values["ansible_host"] or info.name)
        user = f"{values['ansible_user']}@" if values["ansible_user"] else ""
        self.host = testinfra.get_host(
            f"ssh://{user}{address}:{values['ansible_port']}",
            ssh_identity_file=str(values["ansible_ssh_private_key_file"]) or None,
            ssh_extra_args=f"-o BatchMode=yes -o LogLevel=ERROR -o ConnectTimeout=10 -o ServerAliveInterval=5 "
            f"-o ControlPath={_sockets()}/%C {values['ansible_ssh_common_args']}".strip(),
            controlpersist=120,
        )
        self._give_password()

    def _give_password(self) -> None:
        if _password():
            _type(self.host, f"{_password()}\n")

    def run(self, command: str, check: bool = True, seconds: int = 60) -> str:
        """Run a shell command as the user who logs in.

        Args:
            command: the command line.
            check: whether a status other than 0 is an error.
            seconds: after which the command is ended.

        Returns:
            What it printed to standard output.

        Raises:
            AssertionError: with status, output and errors of a command that failed.
        """
        done = self.host.run(f"timeout --kill-after=5 {seconds} sh -c {shlex.quote(command)}")
        if check and done.rc:
            said = "\n".join(part for part in (done.stdout[-2000:], done.stderr[-2000:]) if part.strip())
            why = f"did not end within {seconds} s" if done.rc == 124 else f"ended with status {done.rc}"
            raise AssertionError(f"on {self.name}, {why}: {command[:400]}\n{said}")
        return done.stdout

    def root(self, command: str, check: bool = True, seconds: int = 60) -> str:
        """Run a shell command as root; see `run`."""
        return self.run(as_root(command, bool(_password()), self.is_root), check, seconds)

    def login(self, user: str, command: str, folder: str = "", check: bool = True, seconds: int = 60) -> str:
        """Run a command in the login shell of a user, as if they had typed it in a folder; see `run`."""
        typed = f"cd {shlex.quote(folder)} || exit; {command}" if folder else command
        return self.root(f"exec runuser -l {user} -c {shlex.quote(typed)}", check, seconds)

    def answers(self) -> str:
        """Return an empty text if the host answers, else why not, in one line."""
        try:
            self.run("true", seconds=15)
        except (AssertionError, RuntimeError) as error:
            lines = [line for line in str(getattr(error, "args", [""])[0]).splitlines() if line.strip()]
            return f"{self.name} does not answer: {_ssh_reason(error) or (lines[0] if lines else 'no reason given')}"
        return ""

    def journal(self, unit: str, lines: int = 20) -> str:
        """Return the last lines of a unit's journal."""
        return self.root(f"journalctl --no-pager --output=cat --unit={unit} --lines={lines}", check=False)


def _ssh_reason(error: Exception) -> str:
    result: Any = error.args[0] if error.args else None
    text = getattr(result, "stderr", "") or ""
    return text.strip().splitlines()[-1] if text.strip() else ""


class Unit:
    """A program that runs in the background on a host as the student: a transient systemd unit, which surely dies."""

    def __init__(self, machine: Machine, name: str, command: str, folder: str, seconds: int = 120) -> None:
        """Start it.

        Args:
            machine: the host.
            name: the unit is called lab-verify-NAME.
            command: a command line for the student's login shell.
            folder: where it runs.
            seconds: after which systemd ends it, whatever happens to this process.
        """
        self.machine, self.name, self.command = machine, f"lab-verify-{name}", command
        self.file = f"{OUTPUT}/{name}.out"
        user = machine.info.values["course_user"]
        options = [
            "--quiet", "--collect", f"--unit={self.name}", f"--slice={machine.slice}", f"--uid={user}",
            f"--working-directory={folder}",
            f"--property=RuntimeMaxSec={seconds}", "--property=KillSignal=SIGINT", "--property=TimeoutStopSec=30",
            "--property=SendSIGKILL=yes", f"--property=StandardOutput=append:{self.file}",
            "--property=StandardError=inherit",
        ]  # fmt: skip
        argv = shlex.join(["systemd-run", *options, "bash", "-lc", f"exec {command}"])
        machine.root(f"mkdir -p {OUTPUT} && rm -f {self.file} && systemctl stop {self.name} 2>/dev/null; {argv}")

    def output(self) -> str:
        """Return what it has printed so far."""
        return self.machine.root(f"cat {self.file} 2>/dev/null", check=False)

    def lines(self) -> list[str]:
        """Return the lines it has printed so far."""
        return self.output().splitlines()

    def wait(self, text: str, seconds: float = 30) -> str:
        """Wait until it has printed a text and return all it printed.

        Raises:
            AssertionError: at the deadline.
        """
        self._wait(f"grep -qF -- {shlex.quote(text)} {self.file}", seconds)
        printed = self.output()
        assert text in printed, f"waited {seconds:g} s for {text!r} of {self.command}; arrived:\n{brief(printed)}"
        return printed

    def wait_lines(self, count: int, seconds: float = 30, holding: str = "") -> list[str]:
        """Wait until it has printed a number of lines that hold a text, and return those.

        Raises:
            AssertionError: at the deadline.
        """
        self._wait(f'[ "$(grep -cF -- {shlex.quote(holding)} {self.file})" -ge {count} ]', seconds)
        printed = [line for line in self.lines() if holding in line]
        expected = f"{count} lines with {holding!r} of {self.command}"
        assert len(printed) >= count, f"waited {seconds:g} s for {expected}; arrived:\n{brief(printed)}"
        return printed

    def _wait(self, condition: str, seconds: float) -> None:
        """Wait on the host until a shell command succeeds, or for a number of seconds."""
        loop = f"until {condition} 2>/dev/null; do sleep 0.1; done"
        self.machine.root(f"timeout {seconds} sh -c {shlex.quote(loop)}", check=False, seconds=int(seconds) + 15)

    def stop(self) -> None:
        """End it as Ctrl-C does, and wait until it has ended."""
        self.machine.root(f"systemctl stop {self.name}", check=False)

    def kill(self) -> None:
        """End it by kill -9."""
        self.machine.root(f"systemctl kill --signal=KILL {self.name}; systemctl stop {self.name}", check=False)
