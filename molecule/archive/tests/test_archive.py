"""A lab from official tarballs (stand-ins, see conftest.py): wrong bytes refused, downloads resumed, cases as ever."""

from __future__ import annotations

from pathlib import Path

import pytest
from mirror import MACHINES, Mirror, write_catalog
from scenario_kit import Scenario, cache_copy
from traces import differences, traces

OPTIONS = ("-i", str(MACHINES))
ARCHIVE = {"artifacts_distribution": "archive"}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment with a cache that has no archive yet."""
    return cache_copy(tmp_path_factory.mktemp("cache"), "downloads", "products")


def test_changed_byte_is_refused_by_name(
    archive_lab: Scenario, project: Path, mirror: Mirror, cache: dict[str, str]
) -> None:
    """One byte is wrong, twice: expected and found are named, the cache keeps nothing, the hosts stay as they are."""
    write_catalog(project, mirror)
    archive_lab.make_hosts()
    machines = archive_lab.machines()
    before = traces(machines)
    mirror.changed["kafka_2.13-3.8.1.tgz"] = 99
    only = {**ARCHIVE, "artifacts_products": ["kafka"]}
    ended = archive_lab.lab("up", *OPTIONS, "--no-verify", settings=only, environment=cache)
    mirror.changed.clear()
    ended.refuses("kafka_2.13-3.8.1.tgz", "is not the file the catalog pins", "expected sha512", "found", "deleted")
    assert list(Path(cache["XDG_CACHE_HOME"], "streaming-lab", "downloads").glob("kafka*")) == []
    assert differences(before, traces(machines)) == []


def test_lab_from_archives(archive_lab: Scenario, mirror: Mirror, cache: dict[str, str]) -> None:
    """The first address is dead and the second ends half way: whenever it goes on, only the rest is fetched."""
    name = "kafka_2.13-3.8.1.tgz"
    mirror.requests.clear()
    mirror.cut = {name: 1}
    ended = archive_lab.lab("up", *OPTIONS, "--no-verify", settings=ARCHIVE, environment=cache)
    size = (mirror.folder / name).stat().st_size
    if ended.status:
        ended.refuses(name, "Connection refused", f"the answer ended after {size // 2} of {size} bytes")
        ended = archive_lab.lab("up", *OPTIONS, "--no-verify", settings=ARCHIVE, environment=cache)
    assert ended.status == 0, ended.text
    asked = [wanted for path, wanted in mirror.requests if path == name]
    assert asked == ["", f"bytes={size // 2}-"], mirror.requests


def test_nothing_is_left_to_change(archive_lab: Scenario, cache: dict[str, str]) -> None:
    ended = archive_lab.lab("up", *OPTIONS, "--no-verify", settings=ARCHIVE, environment=cache)
    assert (ended.status, ended.changed) == (0, 0), ended.text


def test_cases(archive_lab: Scenario) -> None:
    ended = archive_lab.lab("verify", *OPTIONS, "host", "first-steps", "file-standalone", "webhdfs")
    assert ended.status == 0, ended.text
