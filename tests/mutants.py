"""Mutation tests: small faults are put into the code, and the unit tests must notice them.

Usage: python -m tests.mutants [--all] [--package NAME]... [--sample N] [--seed N]

mutmut makes the faults in a copy of the clone and runs, for each, the tests that call the function. A fault counts as
killed if a test fails. It does not count as killed if no test calls the function, or if the tests run into the time
limit. The exit status is 1 if a package has a score below 85 %.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MINIMUM = 85
"""Percent of the faults of a package that the tests must notice."""
SAMPLE = 150
SEED = 12
LIBRARY = "src/ansible_collections/streaming/lab/plugins/module_utils"
# Tests that run the code in a process that Ansible starts elsewhere cannot see a mutant.
EXCLUDED = "test_play_ or test_a_run_says_why_columns_are_not_checked"
# Folders of the code, which mutmut wants below src/, and of the tests.
PACKAGES = {
    "hdfs_sink": ("src/hdfs_sink", ["tests/hdfs_sink"]),
    "bluesky_search": ("src/bluesky_search", ["tests/bluesky"]),
    "connect": (f"{LIBRARY}/connect", ["tests/connect"]),
    "kafka": (f"{LIBRARY}/kafka", ["tests/kafka"]),
    "artifacts": (f"{LIBRARY}/artifacts", ["tests/artifacts", "tests/connect_plugins"]),
    "products": (f"{LIBRARY}/products", ["tests/products", "tests/artifacts"]),
}


def copy_clone(folder: Path, code: str, tests: list[str]) -> None:
    """Copy the clone's files, with mutmut's settings for one package.

    Args:
        folder: receives them.
        code: folder that gets faults.
        tests: folders of its tests.
    """
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    shutil.move(folder / "collections/ansible_collections", folder / "src")
    (folder / "collections").rmdir()
    copied = sorted({path.name for path in folder.iterdir()} - {"src", "tests", "pyproject.toml"})
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as settings:
        settings.write(
            f"\n[tool.mutmut]\nsource_paths = ['src']\nonly_mutate = ['{code}/*']\n"
            f"pytest_add_cli_args = ['-k', 'not ({EXCLUDED})']\n"
            f"pytest_add_cli_args_test_selection = {tests}\nalso_copy = {copied}\n"
        )
    for place in (folder, folder / "mutants"):
        place.mkdir(exist_ok=True)
        (place / ".venv").symlink_to(ROOT / ".venv")
        (place / "collections").symlink_to("src")


def mutmut(folder: Path, *arguments: str) -> str:
    """Run mutmut and return its output."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(
        command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    ).stdout


def results(folder: Path) -> dict[str, str]:
    """The state of each mutant by its name: killed, survived, no tests, timeout or not checked."""
    lines = [line.strip().rpartition(": ") for line in mutmut(folder, "results", "--all", "true").splitlines()]
    return {name: state for name, _, state in lines if "__mutmut_" in name}


def run(name: str, sample: int, seed: int) -> bool:
    """Test one package, and print its score and the faults that no test noticed.

    Args:
        name: of the package.
        sample: number of mutants; 0 for all.
        seed: of the sample.
    Returns:
        whether the score is high enough.
    """
    with tempfile.TemporaryDirectory(prefix="mutants-") as temporary:
        folder = Path(temporary)
        copy_clone(folder, *PACKAGES[name])
        # A filter without a match ends mutmut after it has written the mutants.
        mutmut(folder, "run", "nothing")
        every = sorted(results(folder))
        chosen = sorted(random.Random(seed).sample(every, min(sample, len(every)))) if sample else every
        output = mutmut(folder, "run", "--max-children", str(os.cpu_count() or 1), *(chosen if sample else []))
        states = {mutant: state for mutant, state in results(folder).items() if mutant in set(chosen)}
        count = Counter(states.values())
        if not states or count["not checked"] == len(states):
            print(f"{name}: mutmut tested nothing\n{output[-3000:]}", flush=True)
            return False
        score = 100 * count["killed"] / len(states)
        summary = ", ".join(f"{number} {state}" for state, number in sorted(count.items()))
        print(f"{name}: {score:.0f} % of {len(states)} mutants of {len(every)} ({summary})", flush=True)
        for mutant, state in states.items():
            if state != "killed":
                changed = [line for line in mutmut(folder, "show", mutant).splitlines() if line[:1] in "+-"][2:]
                print(f"  {state}: {mutant}", *(f"    {line}" for line in changed[:6]), sep="\n", flush=True)
        return score >= MINIMUM


def main() -> int:
    """Read the command line and test the packages.

    Returns:
        0 if each score is at least MINIMUM, else 1.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", action="append", choices=PACKAGES, help="repeatable; default: all")
    parser.add_argument("--sample", type=int, default=SAMPLE, help=f"mutants of each package; default: {SAMPLE}")
    parser.add_argument("--all", action="store_true", help="every mutant, instead of a sample")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the sample; default: {SEED}")
    options = parser.parse_args()
    sample = 0 if options.all else options.sample
    passed = [run(name, sample, options.seed) for name in options.package or PACKAGES]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
