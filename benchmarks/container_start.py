#!/usr/bin/env python3
"""From nothing to a booted container of a host, in a user namespace and with --privileged alone, taking turns.

    sudo benchmarks/container_start.py [--rounds 9]

Needs root, and the image that ./lab up made. Makes and removes containers and volumes named streaming-lab-benchmark.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

from measure import ROOT, BenchmarkError, machine, report

sys.path.insert(0, str(ROOT))
from ansible_collections.streaming.lab.plugins.module_utils.containers.engine import LabError, Podman
from ansible_collections.streaming.lab.plugins.module_utils.containers.isolation import (
    MOUNTS,
    PRIVILEGED,
    Isolation,
    choose,
    fill_volumes,
)

NAME = "streaming-lab-benchmark"
FOLDER = "/var/lib/mysql"
"""The largest folder of the image that a host has as a volume."""


def images(podman: Podman) -> list[str]:
    """Names of the images of hosts, the newest first."""
    listed = podman.run("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").stdout.split()
    return [
        name
        for name in listed
        if name.startswith(("localhost/streaming-lab-ubuntu:", "localhost/streaming-lab-debian:"))
    ]


def start(podman: Podman, image: str, isolation: Isolation) -> tuple[float, float]:
    """Make a container with a new volume, wait until systemd is up, and remove both.

    Returns:
        seconds until podman has started it, and until systemd is up.
    Raises:
        LabError: podman cannot, or systemd does not start.
    """
    podman.run("volume", "create", NAME)
    try:
        began = time.monotonic()
        fill_volumes(podman, image, {NAME: FOLDER})
        podman.run(
            "run", "--detach", f"--name={NAME}", "--systemd=always", "--network=none", f"--tmpfs={MOUNTS}",
            *isolation.arguments, f"--volume={isolation.volume(NAME, FOLDER)}", image, "/sbin/init",
        )  # fmt: skip
        made = time.monotonic() - began
        while podman.run("exec", NAME, "systemctl", "is-system-running", check=False).stdout.strip() != "running":
            if time.monotonic() - began > 60:
                raise LabError("systemd is not up after 60 s")
            time.sleep(0.05)
        return made, time.monotonic() - began
    finally:
        podman.run("rm", "--force", "--time", "0", NAME, check=False)
        podman.run("volume", "rm", "--force", NAME, check=False)


def main() -> int:
    """Measure and print. Returns 0, or 2 if it could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    podman = Podman(str(ROOT / "roles/containers/files/podman.sh"))
    about = machine()
    try:
        found = images(podman)
        if not found:
            raise BenchmarkError("there is no image of hosts; ./lab up makes it")
        isolation, reason, _ = choose(podman, found[0], NAME, "auto", list)
        if not isolation.mapped:
            raise BenchmarkError(f"this machine has no user namespaces for containers: {reason}")
        ways = {f"user namespace ({isolation.name})": isolation, "privileged": PRIVILEGED}
        seconds: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
        for number in range(options.rounds + 1):
            for way, chosen in ways.items():
                taken = start(podman, found[0], chosen)
                # The first round reads the image from the disk.
                if number:
                    seconds[way].append(taken)
    except (BenchmarkError, LabError) as error:
        print(f"container_start: {error}", file=sys.stderr)
        return 2
    base = statistics.median(up for _, up in seconds["privileged"])
    rows = [
        {
            "isolation": way,
            "made_s": statistics.median(made for made, _ in values),
            "up_s": statistics.median(up for _, up in values),
            "min_s": min(up for _, up in values),
            "max_s": max(up for _, up in values),
            "ratio": statistics.median(up for _, up in values) / base,
        }
        for way, values in seconds.items()
    ]
    report(Path(__file__).stem, rows, about, seconds=seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
