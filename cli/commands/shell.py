"""./lab shell: a shell, or one command, on a host, by ssh as Ansible does it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from types import FrameType
from typing import Any

from cli.engine.inventory import Inventory
from cli.errors import LabError
from cli.lab import Lab

SSH_FAILED = 255


def register(parser: ArgumentParser) -> None:
    """Add the command's own options and arguments to its parser."""
    parser.description = (
        "A login shell on HOST, or CMD run there, by ssh.\n"
        "Several words after -- are one command, quoted as given; one word alone is a shell line."
    )
    parser.set_defaults(takes_rest=True)
    parser.add_argument("host", metavar="HOST")
    parser.add_argument("--user", help="default: student, on Hadoop-only hosts hadoop")


def run(lab: Lab, arguments: Namespace) -> int:
    """Open a shell on a host, or run a command there.

    Args:
        lab: which.
        arguments: host, user, and the command in rest.
    Returns:
        the exit status of the command.
    Raises:
        LabError: there is no such host.
    """
    inventory = Inventory.start(replace(lab, limit=None))
    try:
        hosts = inventory.hosts
    finally:
        inventory.stop()
    if arguments.host not in hosts:
        raise LabError(f"no host is called {arguments.host}; known: {', '.join(hosts)}")
    host = hosts[arguments.host]
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    remote = remote_command(arguments.user or user_of(host), arguments.rest)
    argv = (
        remote if host.get("ansible_connection") == "local" else ssh_arguments(arguments.host, host, remote, terminal)
    )
    status = wait_for(subprocess.Popen(argv, cwd=os.environ.get("LAB_CWD", ".")))
    if status == SSH_FAILED:
        print(
            f"lab: {arguments.host} was not reached, or the command gave 255 (see {lab.retype('status')})",
            file=sys.stderr,
        )
    return status


def wait_for(child: subprocess.Popen[bytes]) -> int:
    """Wait for a child on this terminal.

    Ctrl-C belongs to the command on the host; ssh passes it on. SIGTERM and SIGHUP end the child.

    Args:
        child: ssh, or the command itself where the host is this machine.
    Returns:
        the child's exit status, as a shell gives it: 128 and the number of the signal that ended it.
    """

    def forward(signum: int, frame: FrameType | None) -> None:
        child.send_signal(signum)

    handlers = {number: signal.signal(number, forward) for number in (signal.SIGTERM, signal.SIGHUP)}
    handlers[signal.SIGINT] = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        status = child.wait()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return status if status >= 0 else 128 - status


def user_of(host: dict[str, Any]) -> str | None:
    """Who works on a host: the student where the workspace is, hadoop on one of HDFS alone, else who logs in."""
    if "workspace" in host["groups"]:
        return host.get("course_user", "student")
    return "hadoop" if {"namenode", "datanode"} & set(host["groups"]) else None


def remote_command(user: str | None, command: list[str]) -> list[str]:
    """What is run on the host, as an argument list.

    Args:
        user: become this one; None stays who logged in.
        command: its words. One word alone is a line for the shell; several are passed on exactly as they are.
    """
    line = command[0] if len(command) == 1 else shlex.join(command)
    # `sudo -i COMMAND` leaves $ unquoted; a login shell given the line as one argument does not touch it.
    shell = ["bash", "-lc", f"cd && {line}"] if command else ["bash", "-lc", "cd && exec bash -l"]
    return ["sudo", "-H", "-u", user, "--", *shell] if user else shell


def ssh_arguments(name: str, host: dict[str, Any], remote: list[str], terminal: bool) -> list[str]:
    """The ssh command line for a host.

    Args:
        name: in the inventory.
        host: its values.
        remote: what is run there.
        terminal: whether a person sits here.
    """
    argv = ["ssh", "-t" if terminal else "-T", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10"]
    if host.get("ansible_port"):
        argv += ["-p", str(host["ansible_port"])]
    if host.get("ansible_user"):
        argv += ["-l", str(host["ansible_user"])]
    if host.get("ansible_ssh_private_key_file"):
        # ssh reads -o as it reads its configuration file: quotes keep a path with blanks in one piece.
        argv += ["-o", f'IdentityFile="{host["ansible_ssh_private_key_file"]}"']
    for setting in ("ansible_ssh_common_args", "ansible_ssh_extra_args"):
        argv += shlex_words(str(host.get(setting) or ""))
    return [*argv, str(host.get("ansible_host", name)), shlex.join(remote)]


def shlex_words(text: str) -> list[str]:
    """Split ssh options as Ansible does, and quote again for ssh a value that holds blanks.

    Args:
        text: such as `-o UserKnownHostsFile="/path with blanks/known_hosts"`.
    """
    words = []
    for word in shlex.split(text):
        key, equals, value = word.partition("=")
        words.append(f'{key}="{value}"' if equals and " " in value else word)
    return words
