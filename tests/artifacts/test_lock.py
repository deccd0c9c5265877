"""The lock files of the project, and the program that refreshes them."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest
import yaml

from ansible_collections.streaming.lab.plugins.module_utils.artifacts import lock as artifact_lock
from cli.commands import lock as command
from cli.engine import lock_products as lock
from cli.errors import BAD_INPUT, CHECK_FAILED, LabError
from cli.lab import DEFAULT_INVENTORY, ROOT, Lab
from tests.artifacts.kit import FakeMaven, make_zip, on_path, sha256

CATALOG = yaml.safe_load(lock.CATALOG.read_text(encoding="utf-8"))["artifacts_catalog"]
LOCKED = [name for name in CATALOG if "maven" in CATALOG[name]]


def run(*products: str, cache: str | None = None) -> int:
    """Run ./lab lock."""
    return command.run(Lab("lab", ROOT / DEFAULT_INVENTORY), Namespace(product=list(products), cache=cache))


def entries(product: str) -> list[artifact_lock.LockEntry]:
    """What a product's lock of the project holds."""
    return artifact_lock.read_lock(str(lock.LOCKS), product)


@pytest.mark.parametrize("product", LOCKED)
def test_lock_of_the_project_belongs_to_its_catalog(product: str) -> None:
    found = entries(product)
    artifact_lock.check_lock(product, CATALOG[product]["maven"], found)
    text = (lock.LOCKS / f"{product}.lock").read_text(encoding="utf-8")
    assert text == artifact_lock.format_lock(found), "not sorted: run ./lab lock"


@pytest.mark.parametrize("product", ["kafka", "hadoop"])
def test_one_logging_binding(product: str) -> None:
    artifacts = {artifact_lock.parse_coordinate(entry.artifact).artifact for entry in entries(product)}
    bindings = artifacts & {
        "slf4j-reload4j",
        "slf4j-log4j12",
        "logback-classic",
        "slf4j-simple",
        "slf4j-nop",
        "log4j-slf4j-impl",
    }
    assert bindings == {"slf4j-reload4j"}


def test_catalog_is_sorted() -> None:
    assert list(CATALOG) == sorted(CATALOG)


def test_resolved_list_is_read_with_classifiers_and_module_names() -> None:
    text = (
        "\nThe following files have been resolved:\n"
        "   g.h:plain:jar:1.0:compile:/m/plain-1.0.jar -- module g.plain (auto)\n"
        "   g.h:native:jar:linux-x86_64:2.0:runtime:/m/native-2.0-linux-x86_64.jar\n"
        "   g.h:junit:jar:4:test:/m/junit-4.jar\n"
    )
    assert lock.parse_resolved(text) == [
        ("g.h:plain:1.0:jar", "/m/plain-1.0.jar"),
        ("g.h:native:2.0:linux-x86_64:jar", "/m/native-2.0-linux-x86_64.jar"),
    ]


def test_refresh_writes_the_lock_and_says_what_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mvn = FakeMaven(tmp_path / "mvn")
    page, archive = b"<html>", make_zip({"webapps/a.html": b"<html>", "other": b"x"})
    mvn.add("one-2.jar", b"jar")
    mvn.add("web-1-tests.jar", archive)
    monkeypatch.setenv("PATH", on_path(mvn.bin))
    rule = {"artifact": "g:web:1:tests:jar", "from": "webapps/", "to": "web/"}
    catalog = {"thing": {"version": "2", "maven": {"folder": "libs", "alone": ["g:one:2:jar"], "unpack": [rule]}}}
    (tmp_path / "main.yml").write_text(yaml.safe_dump({"artifacts_catalog": catalog}), encoding="utf-8")
    monkeypatch.setattr(lock, "CATALOG", tmp_path / "main.yml")
    monkeypatch.setattr(lock, "LOCKS", tmp_path)
    (tmp_path / "thing.lock").write_text(f"{'0' * 64}  3  g:one:1:jar  libs/one-1.jar\n", encoding="utf-8")

    assert run("thing", cache=str(tmp_path / "cache")) == 0
    assert [(e.coordinate, e.path, e.sha256) for e in artifact_lock.read_lock(str(tmp_path), "thing")] == [
        ("g:one:2:jar", "libs/one-2.jar", sha256(b"jar")),
        ("g:web:1:tests:jar", "-", sha256(archive)),
        ("g:web:1:tests:jar!/webapps/a.html", "web/a.html", sha256(page)),
    ]
    said = capsys.readouterr().out
    assert "- 3 g:one:1:jar libs/one-1.jar" in said
    assert "+ 3 g:one:2:jar libs/one-2.jar" in said


def test_unknown_product_is_bad_input() -> None:
    with pytest.raises(LabError, match="unknown product kafak; known: avro, debezium-mysql, hadoop, kafka") as refused:
        run("kafak")
    assert refused.value.status == BAD_INPUT


def test_refresh_without_network_leaves_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mvn = FakeMaven(tmp_path / "mvn")
    mvn.set(offline=True)
    monkeypatch.setenv("PATH", on_path(mvn.bin))
    before = (lock.LOCKS / "kafka.lock").read_bytes()
    with pytest.raises(LabError, match="kafka: the Maven repositories cannot be reached") as failed:
        run("kafka", cache=str(tmp_path / "cache"))
    assert failed.value.status == CHECK_FAILED
    assert (lock.LOCKS / "kafka.lock").read_bytes() == before
