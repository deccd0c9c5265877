"""The projects that mvn is given, how it is called, and what its failures become."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.artifacts import maven
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import (
    ArtifactError,
    TransferError,
    parse_coordinate,
)
from tests.artifacts.kit import FakeMaven, on_path, write

SPACE = "{http://maven.apache.org/POM/4.0.0}"
JAR, TESTS = parse_coordinate("org.a:one:1:jar"), parse_coordinate("org.b:two:2:tests:jar")


def as_dict(element: ElementTree.Element) -> object:
    """An element as nested dictionaries; elements of one name become a list."""
    children: dict[str, list[object]] = {}
    for child in element:
        children.setdefault(child.tag.removeprefix(SPACE), []).append(as_dict(child))
    single = {name: values[0] if len(values) == 1 else values for name, values in children.items()}
    return single or element.text


def project(path: Path) -> object:
    return as_dict(ElementTree.parse(path).getroot())


def test_artifacts_are_copied_by_parts_that_run_side_by_side(tmp_path: Path) -> None:
    maven.write_copy_project(str(tmp_path), [JAR, TESTS], "/target", modules=3)
    about = {"modelVersion": "4.0.0", "groupId": "lab", "version": "1", "packaging": "pom"}
    assert project(tmp_path / "pom.xml") == {
        **about,
        "artifactId": "fetch",
        "modules": {"module": ["part0", "part1"]},
    }
    item = {
        "groupId": "org.b",
        "artifactId": "two",
        "version": "2",
        "classifier": "tests",
        "type": "jar",
        "outputDirectory": "/target/org.b",
        "destFileName": "two-2-tests.jar",
    }
    plugin = {
        "groupId": "org.apache.maven.plugins",
        "artifactId": "maven-dependency-plugin",
        "version": maven.PLUGIN.rpartition(":")[2],
        "executions": {"execution": {"id": "fetch", "phase": "validate", "goals": {"goal": "copy"}}},
        "configuration": {"artifactItems": {"artifactItem": item}},
    }
    assert project(tmp_path / "part1/pom.xml") == {
        **about,
        "artifactId": "part1",
        "build": {"plugins": {"plugin": plugin}},
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["part0", "part1", "pom.xml"]


def test_a_tree_is_resolved_from_its_roots_with_forced_versions(tmp_path: Path) -> None:
    maven.write_resolve_project(str(tmp_path), [JAR], [TESTS])
    assert project(tmp_path / "pom.xml") == {
        "modelVersion": "4.0.0",
        "groupId": "lab",
        "artifactId": "resolve",
        "version": "1",
        "packaging": "pom",
        "dependencyManagement": {
            "dependencies": {
                "dependency": {
                    "groupId": "org.b",
                    "artifactId": "two",
                    "version": "2",
                    "classifier": "tests",
                    "type": "jar",
                }
            }
        },
        "dependencies": {
            "dependency": {"groupId": "org.a", "artifactId": "one", "version": "1", "type": "jar"},
        },
    }


def test_mvn_is_called_without_questions_and_with_its_own_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeMaven(tmp_path / "mvn")
    monkeypatch.setenv("PATH", on_path(fake.bin))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    log = tmp_path / "a/b/log"
    maven.run_mvn(str(tmp_path), ["goal", "-Dx=y"], "/repository", str(log))
    assert (tmp_path / "mvn/runs").read_text(encoding="utf-8").split() == [
        "-B",
        "-U",
        "-Dmaven.repo.local=/repository",
        "-Dstyle.color=never",
        "-Daether.connector.connectTimeout=10000",
        "-Daether.connector.requestTimeout=60000",
        "-Dorg.slf4j.simpleLogger.log.org.apache.maven.cli.transfer=warn",
        "goal",
        "-Dx=y",
    ]
    assert log.exists()


def test_an_mvn_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeMaven(tmp_path / "mvn")
    fake.set(sleep=30)
    monkeypatch.setenv("PATH", on_path(fake.bin))
    with pytest.raises(ArtifactError) as late:
        maven.run_mvn(str(tmp_path), [], "/repository", str(tmp_path / "log"), timeout=0.2)
    assert str(late.value) == (
        f"mvn did not end within 0 s (log: {tmp_path / 'log'}); run again: it continues where it stopped"
    )


def test_without_mvn_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ArtifactError, match="mvn is not installed on this machine: install the package 'maven'"):
        maven.run_mvn(str(tmp_path), [], "/repository", str(tmp_path / "log"))


@pytest.mark.parametrize(
    ("output", "kind", "message"),
    [
        ("", ArtifactError, "mvn failed: no output (log: L)"),
        ("a\n\nlast\n\n", ArtifactError, "mvn failed: last (log: L)"),
        ("[ERROR]\n[ERROR] \x1b[31mred\x1b[0m\n[ERROR] more", ArtifactError, "mvn failed: red (log: L)"),
        (
            "[ERROR] Could not transfer artifact a:b",
            TransferError,
            "mvn failed: Could not transfer artifact a:b (log: L)",
        ),
        (
            "[ERROR] x Could not find artifact g:a:jar:1 in central",
            ArtifactError,
            "mvn cannot find g:a:jar:1 in the repositories it knows (log: L)",
        ),
        (
            "[ERROR] Could not find artifact g:a:jar:1\n[ERROR] Connection refused",
            ArtifactError,
            "the Maven repositories cannot be reached from this machine (Connection refused): check the network, or a "
            "mirror in ~/.m2/settings.xml (log: L)",
        ),
    ],
)
def test_a_failure_becomes_one_line(output: str, kind: type[ArtifactError], message: str) -> None:
    error = maven.explain_failure(output, "L")
    assert (type(error), str(error)) == (kind, message)


def test_a_file_of_mavens_repository_is_forgotten_with_its_companions(tmp_path: Path) -> None:
    folder = tmp_path / "org/b/two/2"
    folder.mkdir(parents=True)
    for name in ("two-2-tests.jar", "two-2-tests.jar.sha1", "two-2.pom"):
        (folder / name).touch()
    maven.forget(str(tmp_path), TESTS)
    assert [path.name for path in folder.iterdir()] == ["two-2.pom"]
    maven.forget(str(tmp_path), JAR)


def test_bytes_that_have_come_are_counted_also_of_files_that_are_not_whole(tmp_path: Path) -> None:
    folder = tmp_path / "org/a/one/1"
    folder.mkdir(parents=True)
    (folder / "one-1.jar.123.tmp").write_bytes(b"12345")
    (folder / "one-1.pom").write_bytes(b"of something else")
    assert maven.received(str(tmp_path), [JAR, TESTS]) == 5


def test_a_run_tells_that_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "bin/mvn", "#!/bin/sh\nsleep 0.2\n", 0o755)
    monkeypatch.setenv("PATH", on_path(tmp_path / "bin"))
    ticks: list[int] = []
    maven.run_mvn(str(tmp_path), [], str(tmp_path / "r"), str(tmp_path / "log"), tick=lambda: ticks.append(1))
    assert ticks
