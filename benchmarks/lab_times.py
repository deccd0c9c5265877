#!/usr/bin/env python3
"""The lab's times: from nothing, with warm caches, again with nothing to change, verification; and its memory.

    benchmarks/lab_times.py --yes [--steps nothing,warm,again,verify,memory] [--name benchmark]
    benchmarks/lab_times.py --yes [--steps nothing,warm,again,verify,test] [--rounds 2] BEFORE AFTER

    nothing  no containers, no image, empty caches, no .venv; OS packages of this machine stay      ./lab up
    warm     as that left it, but no containers                                                     ./lab up
    again    nothing to change; the median of three runs                                            ./lab up --no-verify
    verify   all cases, or those of --cases                                                         ./lab verify
    test     after the lab is down                                                                  ./lab test
    memory   of all processes on both hosts; of one commit only

With two commits, each gets a clone with caches of its own in build/benchmarks, and they take turns; the ratio is that
of AFTER to BEFORE. The row `image` is the phase Containers of `nothing`: apt fills the hosts' image then.

`nothing` and `warm` remove the containers and data of the lab they measure, hence a name of its own; `nothing` also
the clone's .venv and the images of hosts. From `nothing` on, the caches are in build/benchmarks; without it, yours.
Take other labs on this machine down first: they share its processors, and an image in use is not removed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import resident_memory
from measure import OUTPUT, ROOT, BenchmarkError, machine, report, timed

STEPS = ("nothing", "warm", "again", "verify", "test", "memory")
# Seconds, and MB for memory; for two cores and 24 GiB.
BARS = {"nothing": 480, "warm": 240, "again": 25, "verify": 120, "test": 900, "memory": 4096}
COMMANDS = {"nothing": "up", "warm": "up", "again": "up --no-verify", "verify": "verify", "test": "test"}
RUNS_OF_AGAIN = 3
LOG = OUTPUT / "lab_times.log"
IMAGES = "localhost/streaming-lab-"


@dataclass
class Clone:
    """A clone of the project, the name of the lab that it makes, and the times of that.

    Args:
        label: names it in the table.
        root: its folder.
        name: of the lab.
        cache: replaces ~/.cache; None leaves that.
        cases: to verify; none stands for all.
    """

    label: str
    root: Path
    name: str
    cache: Path | None
    cases: tuple[str, ...] = ()
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def lab(self, *words: str) -> float:
        """Time ./lab on the lab that is measured."""
        caches = {"XDG_CACHE_HOME": str(self.cache)} if self.cache else {}
        return timed(["./lab", "--name", self.name, *words], LOG, caches, self.root)

    def make_nothing(self) -> None:
        """Leave neither containers nor images, caches or .venv.

        Raises:
            BenchmarkError: another lab holds an image.
        """
        if shutil.which("podman"):
            self.lab("down", "--purge", "--yes")
            for image in images():
                podman("image", "rm", image)
            left = images()
            if left:
                raise BenchmarkError(
                    f"{', '.join(left)} is still there: take the lab that uses it down first (./lab down)"
                )
        for folder in (self.cache, self.root / ".venv"):
            if folder:
                shutil.rmtree(folder, ignore_errors=True)

    def measure(self, step: str) -> None:
        """Take one step's figure.

        Raises:
            BenchmarkError: a command failed, or something changed where nothing was to change.
        """
        if step == "nothing":
            self.make_nothing()
        elif step in ("warm", "test"):
            self.lab("down", "--yes")
        words = [*COMMANDS[step].split(), *(self.cases if step == "verify" else ())]
        for _ in range(RUNS_OF_AGAIN if step == "again" else 1):
            began = LOG.stat().st_size
            self.seconds.setdefault(step, []).append(self.lab(*words))
            said = LOG.read_text(encoding="utf-8")[began:]
            if step == "again" and changes(said) != "0":
                raise BenchmarkError(f"a run with nothing to change reported changed={changes(said)}; see {LOG}")
            if step == "nothing":
                self.seconds.setdefault("image", []).append(phase_seconds(said, "Containers"))


def podman(*words: str) -> str:
    """What podman prints, as root; empty when it fails."""
    argv = [*(["sudo"] if os.geteuid() else []), str(ROOT / "roles/containers/files/podman.sh"), *words]
    return subprocess.run(argv, cwd=ROOT, text=True, capture_output=True, check=False).stdout


def images() -> list[str]:
    """Images of hosts that podman has on this machine."""
    names = podman("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").splitlines()
    return [name for name in names if name.startswith(IMAGES)]


def changes(said: str) -> str:
    """The last `changed=N` that ./lab printed."""
    found = re.findall(r"changed=(\d+)", said)
    return found[-1] if found else "?"


def phase_seconds(said: str, phase: str) -> float:
    """Seconds of a phase, as ./lab printed them; 0 where it did not.

    Args:
        said: what ./lab printed.
        phase: the name that begins its line.
    """
    found = re.search(rf"^  {re.escape(phase)} \.+ +([0-9.]+) s", said, re.MULTILINE)
    return float(found[1]) if found else 0.0


def short_hash(commit: str) -> str:
    """The short hash of a commit of this project; empty where there is no such commit."""
    return subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", "--short", f"{commit}^{{commit}}"],
        cwd=ROOT, text=True, capture_output=True, check=False,
    ).stdout.strip()  # fmt: skip


def clone_of(commit: str, options: argparse.Namespace) -> Clone:
    """Have a clone of a commit of this project; a clone of an earlier run is taken again."""
    folder = OUTPUT / "clones" / commit
    if not folder.exists():
        timed(["git", "clone", "--quiet", "--no-checkout", str(ROOT), str(folder)], LOG)
        timed(["git", "checkout", "--quiet", "--detach", commit], LOG, cwd=folder)
    return Clone(commit, folder, options.name, OUTPUT / "caches" / commit, tuple(options.cases))


def rows_of(clones: list[Clone]) -> list[dict[str, Any]]:
    """The table: of one clone each step with its bar, and of two also the ratio of their medians."""
    rows = []
    measured = list(clones[0].seconds) if clones else []
    for step in measured:
        medians = {clone.label: statistics.median(clone.seconds[step]) for clone in clones if clone.seconds.get(step)}
        if len(medians) < len(clones):
            continue
        row: dict[str, Any] = {"step": step, "runs": len(clones[0].seconds[step]), **medians}
        if len(clones) == 1:
            row["bar"] = BARS.get(step)
        else:
            row["ratio"] = medians[clones[1].label] / medians[clones[0].label] if medians[clones[0].label] else None
        rows.append(row)
    return rows


def arguments() -> argparse.Namespace:
    """Read the command line; a wrong one ends the program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "commits", nargs="*", metavar="COMMIT", help="two commits to compare; none: this clone as it is"
    )
    parser.add_argument("--steps", default="nothing,warm,again,verify", help="which, in the order above")
    parser.add_argument("--name", default="benchmark", help="of the lab that is made and measured")
    parser.add_argument("--rounds", type=int, default=1, help="how often all steps are measured")
    parser.add_argument("--cases", default="", type=str.split, help="the cases of step verify; default: all")
    parser.add_argument("--hosts", default="kafka,hadoopmaster", help="hosts; their memory is summed")
    parser.add_argument("--keep", action="store_true", help="leave the lab up at the end")
    parser.add_argument("--yes", action="store_true", help="you have read what is removed")
    options = parser.parse_args()
    options.wanted = [step for step in STEPS if step in options.steps.split(",")]
    unknown = sorted(set(options.steps.split(",")) - set(STEPS))
    if unknown or not options.wanted:
        parser.error(f"no step is called {', '.join(unknown) or 'nothing'}; known: {', '.join(STEPS)}")
    if len(options.commits) not in (0, 2):
        parser.error("give two commits, or none")
    if options.commits and "memory" in options.wanted:
        parser.error("step memory measures one commit")
    for number, commit in enumerate(options.commits):
        options.commits[number] = short_hash(commit)
        if not options.commits[number]:
            parser.error(f"{commit} is no commit of this project (git log shows them)")
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if ({"nothing", "warm", "test"} & set(options.wanted) or options.commits) and not options.yes:
        parser.error("this removes containers, caches or .venv (see --help); add --yes")
    return options


def main() -> int:
    """Measure what was asked for, print it, and return 0 if every figure is within its bar."""
    options = arguments()
    about = machine()
    LOG.parent.mkdir(parents=True, exist_ok=True)
    LOG.write_text("", encoding="utf-8")
    cache = OUTPUT / "caches" / "own" if "nothing" in options.wanted else None
    clones: list[Clone] = []
    memory: list[dict[str, Any]] = []
    try:
        clones = [clone_of(commit, options) for commit in options.commits]
        clones = clones or [Clone("seconds", ROOT, options.name, cache, tuple(options.cases))]
        for number in range(options.rounds):
            # The second round begins with the clone that ended the first one: neither is always first.
            for clone in clones[:: -1 if number % 2 else 1]:
                for step in options.wanted:
                    print(f"{clone.label}: {step} ...", flush=True)
                    if step == "memory":
                        memory = resident_memory.of_hosts(["--name", options.name], options.hosts.split(","))
                    else:
                        clone.measure(step)
                if options.commits or (not options.keep and "nothing" in options.wanted):
                    clone.lab("down", "--yes")
    except BenchmarkError as error:
        print(f"lab_times: {error}", file=sys.stderr)
        return 2
    finally:
        rows = rows_of(clones)
        if rows:
            singles = {clone.label: clone.seconds for clone in clones}
            report("lab_times", rows, about, commits=options.commits, seconds=singles)
        if memory:
            report("lab_memory", memory, about, bar_mb=BARS["memory"])
    missed = [row["step"] for row in rows if row.get("bar") and row["seconds"] > row["bar"]]
    missed += ["memory"] * bool(memory and memory[-1]["rss_mb"] > BARS["memory"])
    print(f"missed: {', '.join(missed)}" if missed else "every figure is within its bar")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
