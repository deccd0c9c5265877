"""./lab verify: run the case studies with pytest; verify/ prints the table and writes the reports."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.engine import ansible, process
from cli.engine.inventory import Inventory, is_this_machine
from cli.errors import BAD_INPUT, CHECK_FAILED, INTERRUPTED, OK, LabError
from cli.lab import Lab
from cli.machine import sudo
from cli.ui.ask import confirm

NOTHING_COLLECTED = 5
# What the end of a case may take on a busy machine.
SLATE_SECONDS = 60.0
# How pytest ends where a signal reached it and not this process; the negative ones before verify/ caught signals.
STOPPED = (INTERRUPTED, -signal.SIGINT, -signal.SIGTERM, -signal.SIGHUP)


def known_cases(root: Path, faults: bool = False) -> list[str]:
    """Names of the cases, one file of verify/cases/ each.

    Args:
        root: the clone's folder.
        faults: whether to name also the cases that are in verify/faults/ alone.
    """
    files = [*root.glob("verify/cases/test_*.py"), *(root.glob("verify/faults/test_*.py") if faults else ())]
    return sorted({path.stem.removeprefix("test_").removesuffix("_faults").replace("_", "-") for path in files})


def check_names(wanted: list[str], known: list[str]) -> list[str]:
    """The cases a person named, spelt as the files are.

    Raises:
        LabError: a name that is none, with the list of those that are.
    """
    names = [name.replace("_", "-").lower() for name in wanted]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise LabError(f"no case is called {', '.join(unknown)}; known: {', '.join(known)}")
    return list(dict.fromkeys(names))


def register(parser: ArgumentParser) -> None:
    """Add the command's own options and arguments to its parser."""
    parser.description = (
        "Run the case studies (all, or those named) and print the table.\n"
        "Writes build/report/results.json and build/report/junit.xml."
    )
    parser.epilog = "Words after -- are passed to pytest unchanged."
    parser.set_defaults(takes_rest=True)
    parser.add_argument("case", nargs="*", metavar="CASE", help="such as groups or mysql-source")
    parser.add_argument("--restarts", action="store_true", help="also what restarts servers and hosts")
    parser.add_argument("--faults", action="store_true", help="also what breaks servers for minutes (verify/faults)")
    parser.add_argument(
        "--discard",
        action="store_true",
        help="throw away topics, tables and files of the notes that verify did not make",
    )


def run(lab: Lab, arguments: Namespace) -> int:
    """Verify a lab.

    Args:
        lab: which.
        arguments: case, restarts, faults, discard, rest.
    """
    names = check_names(arguments.case, known_cases(lab.root, faults=True))
    breaking = [name for name in names if name not in known_cases(lab.root)]
    if breaking and not arguments.faults:
        cases = f"case {breaking[0]} stops" if len(breaking) == 1 else f"cases {', '.join(breaking)} stop"
        needs = "needs" if len(breaking) == 1 else "need"
        command = lab.retype("verify", "--faults", *names)
        raise LabError(f"the {cases} servers for minutes and {needs} --faults: {command}")
    options = [f"--case={name}" for name in names]
    if arguments.restarts and not lab.is_containers:
        agree_to_restarts(lab)
    options += ["--restarts"] * arguments.restarts + ["--faults"] * arguments.faults
    options += ["--discard"] * arguments.discard
    return run_cases(lab, [*options, *arguments.rest])


def agree_to_restarts(lab: Lab) -> None:
    """Let nobody's machine be restarted without a yes, and never the one that this runs on.

    Raises:
        LabError: a host is this machine, or the answer was no.
    """
    inventory = Inventory.start(lab)
    try:
        here, hosts = inventory.hosts_on_this_machine(), list(inventory.hosts)
    finally:
        inventory.stop()
    if here:
        raise LabError(
            f"verify --restarts restarts every host, and {', '.join(here)} is this machine, on which the verification "
            "itself runs; run it from another machine by ssh, or without --restarts"
        )
    confirm(lab, f"Restart the machines {', '.join(hosts)} and kill their servers?")


def pytest_arguments(lab: Lab, options: list[str]) -> list[str]:
    """The command line of pytest, or of verify.parallel where cases can run side by side.

    Args:
        lab: gives inventory and limit.
        options: options of verify/conftest.py or of pytest.
    """
    program = ["verify.parallel"] if can_run_side_by_side(options) else ["pytest", "verify"]
    argv = [str(lab.root / ".venv/bin/python"), "-m", *program]
    argv += [f"--lab-inventory={lab.inventory}", f"--lab-report={lab.root / 'build' / 'report'}"]
    argv += [f"--setting={setting}" for setting in lab.extra_vars]
    if lab.limit:
        argv.append(f"--limit={lab.limit}")
    if lab.verbose:
        argv.append("-" + "v" * lab.verbose)
    return [*argv, *options]


def can_run_side_by_side(options: list[str]) -> bool:
    """Whether cases of several lanes are wanted, and nothing that restarts or breaks servers, or is pytest's own."""
    # Imported here: this file is also read before .venv exists.
    from verify.lanes import lanes_of

    cases = [option.removeprefix("--case=") for option in options if option.startswith("--case=")]
    return len(cases) + options.count("--discard") == len(options) and len(lanes_of(cases)) > 1


def run_cases(lab: Lab, options: list[str]) -> int:
    """Run pytest on this terminal: the table grows line by line.

    Args:
        lab: which.
        options: options of verify/conftest.py or of pytest.
    Returns:
        an exit status.
    """
    with alone(lab), sudo.become(lab, on_this_machine=is_this_machine(lab)) as become:
        return _run_cases(lab, options, become)


@contextmanager
def alone(lab: Lab) -> Iterator[None]:
    """Keep a second verification of the same lab out: each would clear away what the other makes.

    Raises:
        LabError: one is under way.
    """
    lab.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (lab.state / "verify.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabError(f"lab {lab.name} is being verified already; wait until that has ended") from None
        yield


def _run_cases(lab: Lab, options: list[str], become: dict[str, str]) -> int:
    (lab.root / "build" / "report").mkdir(parents=True, exist_ok=True)
    child = subprocess.Popen(
        pytest_arguments(lab, options),
        stdin=subprocess.DEVNULL,
        env=ansible.environment(lab, **become),
        cwd=lab.root,
        start_new_session=True,
    )
    try:
        status = child.wait()
    except BaseException:
        print(
            "\nlab: restoring the lab's topics, connectors and files (a second Ctrl-C leaves test data behind)",
            file=sys.stderr,
        )
        process.stop(child, SLATE_SECONDS)
        raise
    if status in STOPPED:
        raise KeyboardInterrupt
    if status in (OK, CHECK_FAILED):
        return status
    # pytest has said why: 2 a file it cannot read, 3 and 4 its own errors, 5 nothing to run.
    return BAD_INPUT if status != NOTHING_COLLECTED else CHECK_FAILED
