#!/usr/bin/env python3
"""What each added host of a classroom costs: bytes, processor time, and bytes from the internet.

    benchmarks/many_hosts.py --yes [--hosts 1,2,4,8] [--mbit 100] [--name many-hosts]

For each N, N+1 new containers stand for N students and the Hadoop cluster of inventory/classroom. Like new VMs they
have no packages of the roles and no package lists. Ansible reaches them by ssh as an ordinary user with sudo. They have
no route to the internet. This script runs a proxy that counts bytes; apt on the hosts and the downloads of the control
machine use it. The control machine's caches are empty at first.

    first    ./lab up --no-verify on the new hosts
    again    the same, with nothing to change

Bytes are counted at the hosts' network interfaces. Processor time of the control machine includes ./lab and all
processes that it starts; ssh processes that outlive it are ended and counted. Processor time of a host is that of its
cgroup.
The slope over N (least squares) is the cost of an added student. --mbit limits what this machine sends to all hosts
together. The rows of a number of hosts replace earlier ones in build/benchmarks/many_hosts.json; the others stay.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
from collections import defaultdict
from typing import Any

from class_model import model
from classroom import Classroom
from counting_proxy import CountingProxy, Request
from measure import OUTPUT, ROOT, BenchmarkError, machine, processor_time, report, table

OS_PACKAGE = re.compile(r"^http://[^/]+/.*(/dists/|/pool/)")
"""Where a Debian or Ubuntu archive has its lists and packages."""


def provision(
    classroom: Classroom, run: str, proxy: CountingProxy, url: str, settings: list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run ./lab up and take its costs.

    Args:
        classroom: the hosts.
        run: name of the row.
        proxy: counts bytes from the internet.
        url: of the proxy.
        settings: NAME=VALUE, for ./lab up.
    Returns:
        a row of the table; bytes and other URLs than those of OS packages, by client.
    """
    names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    environment = dict.fromkeys(names, url) | {"XDG_CACHE_HOME": str(OUTPUT / "caches" / classroom.name)}
    proxy.take()
    before = classroom.cost()
    words = [word for setting in settings for word in ("-e", setting)]
    argv = ["./lab", "--name", classroom.name, "up", "--no-verify", "-i", str(classroom.inventory), *words]
    wall, control = processor_time(argv, classroom.log, environment)
    used = classroom.cost() - before
    clients = by_client(proxy.take(), {address: host for host, address in classroom.addresses.items()})
    packages = sum(client["bytes"] for host, client in clients.items() if host != "control")
    row = {
        "hosts": len(classroom.students), "run": run, "wall s": wall, "control cpu s": control, "hosts cpu s": used.cpu,
        "pushed MB": (used.received - packages) / 1e6, "answered MB": used.sent / 1e6, "packages MB": packages / 1e6,
        "fetched MB": clients.get("control", {"bytes": 0})["bytes"] / 1e6,
    }  # fmt: skip
    return row, clients


def by_client(requests: list[Request], names: dict[str, str]) -> dict[str, Any]:
    """Bytes, requests and URLs of others than OS packages, by host; the control machine is `control`."""
    clients: dict[str, Any] = defaultdict(lambda: {"bytes": 0, "requests": 0, "others": []})
    for request in requests:
        client = clients[names.get(request.client, "control")]
        client["bytes"] += request.size
        client["requests"] += 1
        if not OS_PACKAGE.match(request.url):
            client["others"].append(request.url)
    return dict(clients)


def slopes(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cost of an added student: the slope of each column over the number of hosts, by run."""
    lines = []
    for run in dict.fromkeys(row["run"] for row in rows):
        own = [row for row in rows if row["run"] == run]
        if len(own) > 1:
            counts = [row["hosts"] for row in own]
            columns = [name for name in own[0] if name not in ("hosts", "run")]
            line = {name: statistics.linear_regression(counts, [row[name] for row in own]).slope for name in columns}
            lines.append({"hosts": None, "run": f"{run}, each added host", **line})
    return lines


def measure_class(students: int, options: argparse.Namespace) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Measure one number of students.

    Returns:
        the rows `first` and `again`; for each, what every client asked for.
    Raises:
        BenchmarkError: a command failed, or the second run changed something.
    """
    classroom = Classroom(students, options.name)
    classroom.make()
    shutil.rmtree(OUTPUT / "caches" / options.name, ignore_errors=True)
    proxy = CountingProxy(f"{classroom.prefix}.1")
    url = proxy.start()
    rows, clients = [], {}
    try:
        for host in classroom.addresses:
            classroom.make_new(host, url)
        if options.mbit:
            classroom.limit_rate(options.mbit)
        for run in ("first", "again"):
            row, clients[f"{students} {run}"] = provision(classroom, run, proxy, url, options.setting)
            rows.append(row)
            print(table([row]), flush=True)
    finally:
        proxy.shutdown()
        proxy.server_close()
    changed = re.findall(r"changed=(\d+)", classroom.log.read_text(encoding="utf-8"))[-1]
    if changed != "0":
        raise BenchmarkError(f"a run with nothing to change reported changed={changed}; see {classroom.log}")
    return rows, clients


def measured_commit() -> str:
    """Short hash of the last commit that changed more than benchmarks, tests and pages."""
    argv = ["git", "log", "-1", "--format=%h", "--", ".", ":!benchmarks", ":!tests", ":!docs", ":!*.md"]
    return subprocess.run(argv, cwd=ROOT, text=True, capture_output=True, check=True).stdout.strip()


def earlier(name: str, commit: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rows and clients of earlier runs of this commit."""
    path = OUTPUT / f"{name}.json"
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if content.get("commit") != commit:
        return [], {}
    return [row for row in content["rows"] if row["hosts"]], content["clients"]


def arguments() -> argparse.Namespace:
    """Read the command line; a wrong one ends the program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", default="1,2,4,8", help="numbers of students, with commas")
    parser.add_argument("--mbit", type=int, default=0, help="Mbit/s from this machine to all hosts; 0: not limited")
    parser.add_argument("--name", default="many-hosts", help="of the lab that is made and measured")
    parser.add_argument("-e", dest="setting", action="append", default=[], metavar="NAME=VALUE", help="as of ./lab up")
    parser.add_argument("--keep", action="store_true", help="leave the last hosts up")
    parser.add_argument("--yes", action="store_true", help="containers of that name may be removed")
    options = parser.parse_args()
    if not re.fullmatch(r"[1-9]\d?(,[1-9]\d?)*", options.hosts):
        parser.error("--hosts is a list of numbers from 1 to 99, such as 1,2,4,8")
    if not options.yes:
        parser.error("this makes and removes containers; add --yes")
    return options


def main() -> int:
    """Measure, print, and return 0 if added hosts take nothing but OS packages from the internet."""
    options = arguments()
    about = machine()
    name = f"many_hosts_{options.mbit}" if options.mbit else "many_hosts"
    commit = measured_commit()
    rows, clients = earlier(name, commit)
    try:
        for students in map(int, options.hosts.split(",")):
            new_rows, new_clients = measure_class(students, options)
            rows = sorted([row for row in rows if row["hosts"] != students] + new_rows, key=lambda row: row["hosts"])
            clients |= new_clients
            added = slopes(rows)
            report(
                name, rows + added, about, commit=commit, mbit=options.mbit, settings=options.setting, clients=clients
            )
    except BenchmarkError as error:
        print(f"many_hosts: {error}", file=sys.stderr)
        return 2
    finally:
        if not options.keep:
            Classroom(1, options.name).remove()
    for row in added:
        print(f"\nmodel, {row['run']}\n{table(model(row, about['cores']))}")
    others = {host: client["others"] for run in clients.values() for host, client in run.items()}
    others.pop("control", None)
    wrong = {host: urls for host, urls in others.items() if urls}
    print(f"missed: not OS packages: {wrong}" if wrong else "hosts received nothing but OS packages from the internet")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
