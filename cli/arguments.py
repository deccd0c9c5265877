"""The command line of ./lab."""

from __future__ import annotations

import argparse
from typing import NoReturn

from cli.errors import BAD_INPUT

DESCRIPTION = """\
Streaming Lab: the course's Kafka, Connect, MySQL and HDFS hosts in one command, verified with real records.

make it      up                  create the containers (or reach the machines), provision them, verify
use it       status              what runs where, which addresses to open, how to log in
             shell HOST [-- CMD] a shell as the student (or hadoop) on a host
check it     verify [CASE...]    run the case studies of the notes and print the table
clean it     reset               back to the clean slate of page one; servers keep running
             down                containers and their data gone
look after   doctor              what is missing or odd on this machine; changes nothing
             test [SUITE]        the project's own tests
             lock [PRODUCT]      refresh the lock files of the artifacts
"""

EPILOG = """\
examples:
  ./lab up                             two containers, everything verified
  ./lab up --check                     what would change, changing nothing
  ./lab verify groups mysql-source     two cases
  ./lab shell kafka -- kafka_2.13-3.8.1/bin/kafka-topics.sh --bootstrap-server kafka:9092 --list
  ./lab up -i inventory/classroom --limit student07 -K

exit status: 0 done; 1 a case or a check failed; 2 bad usage or input; 3 provisioning failed; 130 interrupted
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line instead of repeating the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"lab: {message} (see ./{self.prog.strip('./')} --help)\n")


def _shared(top: bool) -> argparse.ArgumentParser:
    """Options that stand before or after the command's name.

    Args:
        top: for ./lab itself, which alone sets defaults (a command's would overwrite what stood before it).
    """
    parser = argparse.ArgumentParser(add_help=False)
    default = None if top else argparse.SUPPRESS
    group = parser.add_argument_group("options of every command")
    group.add_argument("-i", "--inventory", metavar="PATH", default=default, help="default: inventory/containers")
    group.add_argument("--name", metavar="NAME", default=default, help="the lab's name (or LAB_NAME), default: lab")
    group.add_argument(
        "-e",
        "--extra-vars",
        metavar="KEY=VAL",
        action="append",
        default=default,
        help="a setting for Ansible; repeatable",
    )
    group.add_argument("--limit", metavar="HOSTS", default=default, help="only these hosts (Ansible's patterns)")
    group.add_argument("-v", "--verbose", action="count", default=default, help="show Ansible's whole output")
    group.add_argument("--yes", action="store_true", default=default, help="do not ask")
    group.add_argument(
        "-K",
        "--ask-become-pass",
        action="store_true",
        default=default,
        help="ask the sudo password of the hosts",
    )
    return parser


def build_parser() -> argparse.ArgumentParser:
    """The whole parser of ./lab."""
    parser = _Parser(
        prog="lab",
        description=DESCRIPTION,
        epilog=EPILOG,
        usage="./lab [options] COMMAND [arguments]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_shared(top=True)],
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(
        prog="./lab", dest="command", metavar="COMMAND", required=True, help=argparse.SUPPRESS
    )

    def add(name: str, text: str, **options: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            description=text,
            parents=[_shared(top=False)],
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **options,
        )

    up = add(
        "up",
        "Create the containers (containers inventory only), provision every host, verify, say how to log in.",
    )
    up.add_argument("--no-verify", action="store_true", help="stop after provisioning")
    up.add_argument(
        "--check", action="store_true", help="say what would change (differences in the log); change nothing"
    )

    verify = add(
        "verify",
        "Run the case studies (all, or those named) and print the table.\n"
        "Writes build/report/results.json and build/report/junit.xml.",
        epilog="What stands after -- goes to pytest as it is.",
    )
    verify.add_argument("case", nargs="*", metavar="CASE", help="such as groups or mysql-source")
    verify.add_argument("--restarts", action="store_true", help="also what restarts servers and hosts")
    verify.add_argument("--faults", action="store_true", help="also what breaks servers for minutes (verify/faults)")
    verify.add_argument(
        "--discard",
        action="store_true",
        help="throw away topics, tables and files of the notes that verify did not make",
    )

    add("status", "What runs on each host, the addresses to open, and how to log in.")

    shell = add(
        "shell",
        "A login shell on HOST, or CMD run there, by ssh.\n"
        "Several words after -- are one command, quoted as given; one word alone is a shell line.",
    )
    shell.add_argument("host", metavar="HOST")
    shell.add_argument("--user", help="default: student, on Hadoop-only hosts hadoop")

    add(
        "reset",
        "Topics, connectors with their offsets, tables, HDFS folders and workspace back to the clean slate.",
    )

    down = add("down", "Remove the lab's containers with their data. Refused for inventories of real machines.")
    down.add_argument(
        "--purge", action="store_true", help="also the caches and the image: the next up needs the network"
    )

    add("doctor", "Say what is missing or odd on this machine and what up would do. Changes nothing.")

    test = add("test", "Run the project's tests: without SUITE lint, unit tests and Molecule's default scenario.")
    test.add_argument(
        "suite",
        nargs="?",
        metavar="SUITE",
        help="lint, unit, or a folder of molecule/",
    )

    lock = add(
        "lock",
        "Refresh the lock files of the artifacts (all, or PRODUCT).\n"
        "The product wheels is the course's Python packages.",
    )
    lock.add_argument("product", nargs="*", metavar="PRODUCT", help="such as kafka, hadoop or wheels")
    lock.add_argument("--cache", metavar="FOLDER", help="the artifact cache; default: artifacts_cache of the inventory")
    return parser


def own_words(arguments: argparse.Namespace) -> list[str]:
    """The options and arguments that belong to the command itself, as they can be typed again.

    Args:
        arguments: what `parse` read.
    """
    given = vars(arguments)
    flags = ("no_verify", "check", "restarts", "faults", "discard", "purge")
    words = [f"--{name.replace('_', '-')}" for name in flags if given.get(name)]
    for name in ("user", "cache"):
        if given.get(name):
            words += [f"--{name}", given[name]]
    words += [*given.get("case", []), *given.get("product", [])]
    words += [given[name] for name in ("host", "suite") if given.get(name)]
    return [*words, "--", *given["rest"]] if given.get("rest") else words


def parse(argv: list[str]) -> argparse.Namespace:
    """Read a command line.

    Args:
        argv: without the program's name. What stands after the first `--` ends up in `rest`, untouched.
    Raises:
        SystemExit: 2 for bad usage, 0 for --help.
    """
    own, rest = argv, []
    if "--" in argv:
        cut = argv.index("--")
        own, rest = argv[:cut], argv[cut + 1 :]
    parser = build_parser()
    arguments, unknown = parser.parse_known_args(own)
    if unknown:
        parser.error(f"{arguments.command}: unknown argument {' '.join(unknown)}")
    if rest and arguments.command not in ("shell", "verify"):
        parser.error(f"{arguments.command} takes nothing after --")
    arguments.rest = rest
    return arguments
