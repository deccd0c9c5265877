"""Programs damaged after they were installed are noticed, named and repaired; other people's files are left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from scenario_kit import Scenario

from verify.support.machine import Machine

KAFKA, HADOOP = "/opt/kafka/", "/opt/hadoop/"
# Of what the product has, and not what was recorded from it (the archives of classes).
SUMS = (
    "cd {} && find . -type f \\( -path './bin/*' -o -path './libs/*.jar' -o -path './s*/*' \\) ! -name '*.jsa'"
    " -exec sha256sum {{}} + | sort"
)
DELETED = "libs/kafka-clients-3.8.1.jar"
EDITED = "bin/kafka-topics.sh"


@pytest.fixture(scope="module")
def hosts(scenario: Scenario) -> dict[str, Machine]:
    """The provisioned hosts."""
    return scenario.machines()


def installed(hosts: dict[str, Machine]) -> tuple[str, str]:
    return hosts["kafka"].root(SUMS.format(KAFKA)), hosts["hadoopmaster"].root(SUMS.format(HADOOP))


def test_damage_is_named_by_a_dry_run_and_repaired(scenario: Scenario, hosts: dict[str, Machine]) -> None:
    before = installed(hosts)
    assert DELETED in before[0] and EDITED in before[0]
    hosts["kafka"].root(f"cd {KAFKA} && rm {DELETED} && echo '# mine' >>{EDITED} && echo kept >config/mine.properties")
    # A folder unpacked by half: every second file is missing, and one ends early.
    hosts["hadoopmaster"].root(
        f"cd {HADOOP}share && find . -type f | sort | awk 'NR % 2' | xargs rm && "
        "truncate --size=1000 $(find . -name '*.jar' | sort | head -n 1)"
    )
    damaged = installed(hosts)

    told = scenario.lab("up", "--check")
    assert told.status == 0, told.text
    assert "would change kafka: kafka : Install Kafka's programs" in told.text, told.text
    assert "would change hadoopmaster: hadoop : Install Hadoop's programs" in told.text, told.text
    differences = newest_log(scenario)
    assert f"install {DELETED}" in differences and f"repair {EDITED}" in differences
    assert installed(hosts) == damaged, "the dry run repaired something"

    ended = scenario.lab("up", "--no-verify")
    assert ended.status == 0 and ended.changed > 0, ended.text
    assert installed(hosts) == before
    assert hosts["kafka"].root(f"cat {KAFKA}config/mine.properties") == "kept\n"


def newest_log(scenario: Scenario) -> str:
    """All of Ansible's output of the last `up`."""
    logs = sorted((scenario.root / "build" / "log").glob("up-*.log"), key=lambda path: path.stat().st_mtime)
    return logs[-1].read_text(encoding="utf-8")


def test_archive_changed_in_the_cache(scenario: Scenario, hosts: dict[str, Machine], cache: dict[str, str]) -> None:
    """Bytes changed in the cache never reach a host: the archive is packed again from verified files."""
    before = installed(hosts)
    for archive in Path(cache["XDG_CACHE_HOME"], "streaming-lab", "products").glob("kafka-*.tar"):
        dates = archive.stat()
        with archive.open("r+b") as file:
            file.seek(5000)
            file.write(b"changed")
        os.utime(archive, ns=(dates.st_atime_ns, dates.st_mtime_ns))
    hosts["kafka"].root(f"rm {KAFKA}{DELETED}")
    ended = scenario.lab("up", "--no-verify", environment=cache)
    assert ended.status == 0, ended.text
    assert installed(hosts) == before


def test_servers_still_serve(scenario: Scenario) -> None:
    ended = scenario.lab("verify", "host", "first-steps")
    assert ended.status == 0, ended.text
