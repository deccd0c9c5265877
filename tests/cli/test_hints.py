"""Command lines that the lab suggests: for the same lab and settings, quoted for the shell."""

from __future__ import annotations

import ast
import io
import re
import shlex
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest

from cli import __main__ as entry
from cli import lab
from cli import parser as arguments
from cli.arguments import own_words
from cli.commands import up
from cli.engine import ansible, events
from cli.ui import addresses
from cli.ui.screen import Screen
from verify.support import hints

OPTIONS = ["-i", "inventory/classroom", "--name", "second", "-e", "course_user=o'neil b", "--limit", "a,b*", "-K"]
COMMANDS = [
    ["up", "--no-verify"],
    ["verify", "--restarts", "--discard", "groups", "--", "-x"],
    ["status"],
    ["shell", "--user", "ubuntu", "student01", "--", "ls", "a b"],
    ["reset"],
    ["down", "--purge"],
    ["doctor"],
    ["test", "lint"],
    ["lock", "--cache", "/my cache", "kafka"],
]


def same(first: Namespace, second: Namespace) -> bool:
    # `own` holds argparse's objects of one parse.
    return {**vars(first), "own": None} == {**vars(second), "own": None}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_suggested_after_an_interrupt_repeats_the_command_line(command: list[str]) -> None:
    cut = command.index("--") if "--" in command else len(command)
    given = arguments.parse([*command[:cut], *OPTIONS, *command[cut:]])
    suggestion = entry.after_interrupt(given, lab.from_arguments(given)).split(": ", 1)[1]
    words = shlex.split(suggestion)
    assert words[0] == "./lab"
    assert same(arguments.parse(words[1:]), given)


def test_the_default_lab_needs_no_option() -> None:
    assert lab.from_arguments(arguments.parse(["up"])).retype("up") == "./lab up"


def test_a_person_elsewhere_is_given_the_path_of_lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LAB_CWD", str(tmp_path))
    assert (
        lab.Lab("lab", tmp_path, root=tmp_path / "my clone")
        .retype("up")
        .startswith(shlex.quote(str(tmp_path / "my clone" / "lab")) + " up")
    )


def test_a_failed_up_suggests_itself_with_its_options(write_events: Callable[..., Path]) -> None:
    given = arguments.parse(["up", "--no-verify", *OPTIONS])
    current = lab.from_arguments(given)
    progress = events.Progress()
    progress.take({"event": "stats", "time": 1, "hosts": {"a": {"failures": 1}, "b": {"ok": 3}}})
    progress._last["a"] = events.Failure("a", "Start", "no")
    log = write_events()
    log.touch()
    out = io.StringIO()
    again = current.retype("up", *own_words(given))
    up._failed(current, ansible.Outcome(2, progress, log), Screen(out), ansible.Tally(), again, {})
    verify_them, run_again = re.findall(r": (\./lab .*)", out.getvalue())
    assert same(arguments.parse(shlex.split(run_again)[1:]), given)
    parsed = arguments.parse(shlex.split(verify_them)[1:])
    assert (parsed.command, parsed.limit, parsed.name, parsed.ask_become_pass) == ("verify", "b", "second", True)


def test_messages_of_modules_and_servers_get_the_options_of_the_lab() -> None:
    current = lab.from_arguments(arguments.parse(["up", *OPTIONS]))
    said = current.complete_hints(
        "set it and run ./lab up (roles/bluesky/README.md); not /x/./lab up, ./lab --name N up"
    )
    assert said == (
        f"set it and run {current.retype('up')} (roles/bluesky/README.md); not /x/./lab up, ./lab --name N up"
    )


def test_a_failure_report_completes_the_hints_of_modules(tmp_path: Path) -> None:
    progress = events.Progress()
    progress._last["a"] = events.Failure("a", "Fetch", "x.lock is missing: run './lab lock kafka'")
    out = io.StringIO()
    current = lab.Lab("second", tmp_path, root=tmp_path)
    ansible.report_failures(current, ansible.Outcome(2, progress, tmp_path / "log"), Screen(out))
    assert "--name second kafka'" in out.getvalue()


def test_verification_gets_the_options_by_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    current = lab.from_arguments(arguments.parse(["verify", *OPTIONS]))
    for name, value in ansible.environment(current).items():
        if name.startswith("LAB_"):
            monkeypatch.setenv(name, value)
    assert hints.command("verify", "--discard") == current.retype("verify", "--discard")


def test_how_to_log_in_names_the_lab(tmp_path: Path) -> None:
    inventory = tmp_path / "hosts"
    inventory.write_text("kafka\n", encoding="utf-8")
    groups = {"kafka": {"groups": ["workspace"]}, "hadoopmaster": {"groups": ["namenode"]}}
    hosts = Namespace(hosts=groups)
    said = "\n".join(addresses.lines(lab.Lab("second", inventory, root=tmp_path), hosts))
    assert "./lab shell -i hosts --name second kafka (user student" in said
    assert "./lab shell -i hosts --name second hadoopmaster (user hadoop" in said


@pytest.mark.parametrize("folder", ["cli", "verify"])
def test_no_code_writes_a_command_line_of_the_lab_by_hand(clone: Path, folder: str) -> None:
    """Text such as `./lab up` in a string would lose the options of the lab; docstrings and the usage are no hints."""
    written = []
    for path in (clone / folder).rglob("*.py"):
        if path.name == "parser.py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        docstrings |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                written += [f"{path.name}: {node.value}"] * bool(re.search(r"\./lab [a-z]", node.value))
    assert written == []
