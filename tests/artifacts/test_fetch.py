"""Products of locked Maven artifacts: fetched once, verified, packed; wrong bytes never pass."""

from __future__ import annotations

import os
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache
from ansible_collections.streaming.lab.plugins.module_utils.products.pack import read_manifest
from tests.artifacts.kit import sha256, write
from tests.artifacts.one_product import ONE, TWO, WEB, Lab


def content(archive: str) -> dict[str, tuple[bytes, int]]:
    """Bytes and mode of each file in a tar."""
    with tarfile.open(archive) as tar:
        return {m.name: (tar.extractfile(m).read(), m.mode) for m in tar}  # type: ignore[union-attr]


EXPECTED = {
    "libs/one-1.jar": (ONE, 0o644),
    "libs/two-1.jar": (TWO, 0o644),
    "web/index.html": (b"<html>", 0o644),
    "bin/start.sh": (b"#!/bin/sh\n", 0o755),
}


def test_first_fetch_packs_locked_files_members_and_overlay(lab: Lab) -> None:
    entry, call = lab.fetch()
    assert content(entry["archive"]) == EXPECTED
    manifest = read_manifest(entry["manifest"])
    assert manifest is not None
    assert manifest["files"]["bin/start.sh"] == {"sha256": sha256(b"#!/bin/sh\n"), "size": 10, "mode": "0755"}
    assert call.transfer.fetched == ["g:one:1:jar", "g:two:1:jar", "g:web:1:tests:jar"]
    assert call.transfer.fetched_bytes == len(ONE) + len(TWO) + len(WEB)


def test_full_cache_needs_neither_network_nor_mvn(lab: Lab) -> None:
    first, _ = lab.fetch()
    (lab.mvn.bin / "mvn").unlink()
    second, call = lab.fetch()
    assert (second, call.transfer.fetched, call.built) == (first, [], [])


def test_same_content_gives_the_same_bytes(lab: Lab) -> None:
    entry, _ = lab.fetch()
    before = Path(entry["archive"]).read_bytes()
    Path(entry["archive"]).unlink()
    again, call = lab.fetch()
    assert (Path(again["archive"]).read_bytes(), call.transfer.fetched) == (before, [])


def test_edited_overlay_gives_a_new_key_without_fetching(lab: Lab) -> None:
    before, _ = lab.fetch()
    lab.script.write_text("#!/bin/bash\n", encoding="utf-8")
    after, call = lab.fetch()
    assert after["key"] != before["key"]
    assert (call.transfer.fetched, call.built, lab.mvn.runs) == ([], ["thing"], 1)
    assert content(after["archive"])["bin/start.sh"][0] == b"#!/bin/bash\n"


def add_product(lab: Lab, name: str, sha: str, size: int) -> None:
    """Another product of the catalog, which holds the artifact g:one:1:jar too."""
    write(lab.folder / f"locks/{name}.lock", f"{sha}  {size}  g:one:1:jar  share/lib/one.jar\n")
    lab.catalog[name] = {"version": "1", "maven": {"roots": ["g:one:1:jar"]}}


def test_an_artifact_of_two_products_is_fetched_once(lab: Lab) -> None:
    add_product(lab, "other", sha256(ONE), len(ONE))
    call = lab.fetcher()
    index = call.run(["thing", "other"])
    assert content(index["other"]["archive"]) == {"share/lib/one.jar": (ONE, 0o644)}
    assert content(index["thing"]["archive"]) == EXPECTED
    assert (call.transfer.warnings, lab.mvn.runs) == ([], 1)
    assert call.transfer.fetched_bytes == len(ONE) + len(TWO) + len(WEB)
    assert (lab.mvn.home / "copied").read_text(encoding="utf-8").split().count("one-1.jar") == 1


def test_products_that_pin_one_artifact_differently_are_told_apart(lab: Lab) -> None:
    add_product(lab, "other", sha256(TWO), len(TWO) + 1)
    with pytest.raises(ArtifactError) as failure:
        lab.fetcher().run(["thing", "other"])
    assert str(failure.value).startswith(
        f"g:one:1:jar is not the file the lock pins: expected sha256 {sha256(TWO)} ({len(TWO) + 1} bytes), "
        f"found sha256 {sha256(ONE)} ({len(ONE)} bytes)"
    )


@pytest.mark.parametrize("truncate", [False, True], ids=["corrupted", "truncated"])
def test_bad_jar_is_named_and_fetched_again_once(lab: Lab, truncate: bool) -> None:
    lab.mvn.set(bad={"two-1.jar": 1}, truncate=truncate)
    entry, call = lab.fetch()
    assert content(entry["archive"]) == EXPECTED
    assert lab.mvn.runs == 2
    assert any("g:two:1:jar came wrong" in warning for warning in call.transfer.warnings)


def test_jar_that_stays_wrong_is_refused_in_one_line(lab: Lab) -> None:
    lab.mvn.set(bad={"two-1.jar": 5})
    with pytest.raises(ArtifactError) as failure:
        lab.fetch()
    message = str(failure.value)
    assert "\n" not in message
    wrong = b"X" + TWO[1:]
    assert message == (
        f"g:two:1:jar is not the file the lock pins: expected sha256 {sha256(TWO)} ({len(TWO)} bytes), found sha256 "
        f"{sha256(wrong)} ({len(wrong)} bytes) in {lab.folder}/cache/maven/repository; it was deleted and fetched "
        "again, and is still wrong: look at the Maven mirror this machine uses (or, if the new file is right, run "
        "./lab lock)"
    )
    runs = (lab.mvn.home / "runs").read_text(encoding="utf-8")
    assert runs.count(f"-Dmaven.repo.local={lab.folder}/cache/maven/repository ") == 2
    assert lab.mvn.runs == 2
    stored = {path.name for path in (lab.folder / "cache/store").rglob("*") if path.is_file()}
    assert stored == {sha256(ONE), sha256(WEB)}, "a wrong file was kept"
    assert not list((lab.folder / "cache").glob("products/*.tar"))


def test_broken_transfer_is_tried_once_more(lab: Lab) -> None:
    lab.mvn.set(broken=1)
    entry, call = lab.fetch()
    assert content(entry["archive"]) == EXPECTED
    assert any("Premature end" in warning for warning in call.transfer.warnings)


def test_no_network_and_empty_cache_is_one_line(lab: Lab) -> None:
    lab.mvn.set(offline=True)
    with pytest.raises(ArtifactError, match=r"^the Maven repositories cannot be reached .*\(log: .*\)$"):
        lab.fetch()
    assert lab.mvn.runs == 1


def test_no_mvn_is_one_line(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(lab.folder))
    with pytest.raises(ArtifactError, match=r"mvn is not installed .* install the package 'maven'"):
        lab.fetch()


@pytest.mark.parametrize("keep_times", [False, True])
def test_jar_changed_in_the_store_never_reaches_a_product(lab: Lab, keep_times: bool) -> None:
    entry, _ = lab.fetch()
    stored = lab.folder / "cache/store" / sha256(ONE)[:2] / sha256(ONE)
    before = stored.stat()
    stored.write_bytes(b"Y" + ONE[1:])
    if keep_times:
        os.utime(stored, ns=(before.st_atime_ns, before.st_mtime_ns))
    Path(entry["archive"]).unlink()
    entry, call = lab.fetch()
    assert content(entry["archive"]) == EXPECTED
    assert any("damaged in the cache" in warning for warning in call.transfer.warnings)


@pytest.mark.parametrize("poison", [b"bytes", b""], ids=["changed", "emptied"])
def test_changed_tar_is_built_again(lab: Lab, poison: bytes) -> None:
    entry, _ = lab.fetch()
    path = Path(entry["archive"])
    data, times = path.read_bytes(), path.stat()
    path.write_bytes(data.replace(b"first jar", b"evil! jar") if poison else b"")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    entry, call = lab.fetch()
    assert (call.built, content(entry["archive"])) == (["thing"], EXPECTED)


def test_manifest_that_disagrees_with_the_lock_is_not_believed(lab: Lab) -> None:
    entry, _ = lab.fetch()
    manifest = Path(entry["manifest"])
    manifest.write_text(manifest.read_text().replace(sha256(ONE), sha256(b"evil")), encoding="utf-8")
    _, call = lab.fetch()
    assert call.built == ["thing"]
    assert sha256(ONE) in manifest.read_text()


def test_copied_cache_is_hashed_not_built(lab: Lab) -> None:
    entry, _ = lab.fetch()
    Path(entry["archive"]).touch()
    _, call = lab.fetch()
    assert call.built == []


def test_runs_at_once_fetch_once(lab: Lab) -> None:
    lab.mvn.set(sleep=0.3)
    entries: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda: entries.append(lab.fetch()[0])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lab.mvn.runs == 1
    assert [content(entry["archive"]) for entry in entries] == [EXPECTED] * 4


def test_leftovers_of_a_killed_run_do_no_harm(lab: Lab) -> None:
    write(lab.folder / "cache/maven/fetch-dead/files/g/one-1.jar", b"half")
    write(lab.folder / "cache/products/tmpabc.part", b"half")
    write(lab.folder / "cache/store/ab/.x.part", b"half")
    entry, _ = lab.fetch()
    assert content(entry["archive"]) == EXPECTED
    assert not (lab.folder / "cache/maven/fetch-dead").exists()


def test_check_mode_tells_everything_and_touches_nothing(lab: Lab) -> None:
    entry, call = lab.fetch(check=True)
    assert sorted(entry["files"]) == sorted(EXPECTED)
    assert call.transfer.fetched == ["g:one:1:jar", "g:two:1:jar", "g:web:1:tests:jar"]
    assert not (lab.folder / "cache").exists()
    assert lab.mvn.runs == 0


def test_version_changed_without_the_lock(lab: Lab) -> None:
    lab.catalog["thing"]["maven"]["roots"] = ["g:one:2:jar"]
    with pytest.raises(ArtifactError, match=r"thing.lock does not hold g:one:2:jar .*'./lab lock thing'"):
        lab.fetch()


def test_unknown_product(lab: Lab) -> None:
    with pytest.raises(ArtifactError, match="no product thong in the catalog; it has thing"):
        lab.fetcher().run(["thong"])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"{'0' * 64}  1  g:a:1:jar  ../x", "leaves the product"),
        ("abc  1  g:a:1:jar  x", "line 1: expected"),
        (f"{'0' * 64}  1  g:a  x", "is no coordinate"),
        (f"{'0' * 64}  1  g:a:1:jar  x\n{'0' * 64}  1  g:b:1:jar  x", "a second file for 'x'"),
    ],
)
def test_bad_lock_line(lab: Lab, line: str, message: str) -> None:
    write(lab.folder / "locks/thing.lock", line + "\n")
    with pytest.raises(ArtifactError, match=message):
        lab.fetch()


def test_packed_copies_that_no_run_used_for_two_weeks_leave_the_cache(lab: Lab) -> None:
    """Each run sweeps, also one that packs nothing; what any lab used lately stays."""
    lab.fetch()
    for name, days in (("old", 15), ("recent", 13)):
        for suffix in ("tar", "json"):
            path = write(lab.folder / f"cache/products/{name}.{suffix}", "{}")
            os.utime(path, (path.stat().st_mtime - days * 86400,) * 2)
    _, again = lab.fetch()
    assert again.built == []
    left = sorted(path.name for path in (lab.folder / "cache").glob("*/*.tar"))
    assert [name for name in left if name.startswith(("old", "recent"))] == ["recent.tar"]
    assert any(name.startswith("thing-1-") for name in left)


def test_a_run_does_not_sweep_while_another_one_fetches(lab: Lab) -> None:
    lab.fetch()
    path = write(lab.folder / "cache/products/old.json", "{}")
    os.utime(path, (0, 0))
    with Cache(str(lab.folder / "cache")).exclusive():
        lab.fetch()
    assert path.exists()
