"""The command line of ./lab."""

from __future__ import annotations

import argparse

from cli.arguments import Parser
from cli.commands import doctor, down, lock, reset, shell, status, test, up, verify

# In the order of --help.
COMMANDS = (up, status, shell, verify, reset, down, doctor, test, lock)
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


def _shared(top: bool) -> Parser:
    """Options that stand before or after the command's name.

    Args:
        top: for ./lab itself, which alone sets defaults (a command's would overwrite what stood before it).
    """
    parser = Parser(add_help=False)
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
    """The whole parser of ./lab: its own options, and what each file of cli/commands registers."""
    parser = Parser(
        prog="lab",
        description=DESCRIPTION,
        epilog=EPILOG,
        usage="./lab [options] COMMAND [arguments]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_shared(top=True)],
        allow_abbrev=False,
    )
    subparsers: argparse._SubParsersAction[Parser] = parser.add_subparsers(
        prog="./lab", dest="command", metavar="COMMAND", required=True, help=argparse.SUPPRESS
    )
    for module in COMMANDS:
        name = module.__name__.rpartition(".")[2]
        command = subparsers.add_parser(
            name, parents=[_shared(top=False)], allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        command.set_defaults(run=module.run, takes_rest=False, own=command.own)
        module.register(command)
    return parser


def parse(argv: list[str]) -> argparse.Namespace:
    """Read a command line.

    Args:
        argv: without the program's name. The words after the first `--` end up in `rest`, untouched.
    Returns:
        the options, with `run` (the command's function) and `own` (the command's own arguments).
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
    if rest and not arguments.takes_rest:
        parser.error(f"{arguments.command} takes nothing after --")
    arguments.rest = rest
    return arguments
