"""Fetching by Maven coordinates with the ordinary ``mvn`` client.

The client knows its repositories and the user's settings.xml (mirrors, proxies, credentials); nothing of that
is written here but the environment's proxies. Several modules in one generated project let one run fetch in
parallel, and allow two versions of one artifact, which a dependency list could not hold.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import (
    ArtifactError,
    Coordinate,
    TransferError,
)
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.maven_proxy import settings_with_proxies

PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
TICK_SECONDS = 0.5
_HEAD = '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
_UNREACHABLE = (
    "Unknown host",
    "UnknownHost",
    "Temporary failure in name resolution",
    "Connection refused",
    "Connect to",
    "timed out",
    "Network is unreachable",
    "No route to host",
)


def _elements(**values: str) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items() if value)


def dependency_xml(coordinate: Coordinate) -> str:
    """A coordinate as the inside of a ``dependency`` or ``artifactItem`` element."""
    return _elements(
        groupId=coordinate.group,
        artifactId=coordinate.artifact,
        version=coordinate.version,
        classifier=coordinate.classifier,
        type=coordinate.type,
    )


def write_copy_project(folder: str, artifacts: Sequence[Coordinate], target: str, modules: int) -> None:
    """Write a Maven project that copies the named artifacts, and nothing else, to ``target``.

    Args:
        folder: where the project goes.
        artifacts: what to copy; no transitive dependency is looked at.
        target: folder that gets ``<group>/<file name>``.
        modules: number of parts that may be fetched at the same time.
    """
    parts = [part for part in (artifacts[i::modules] for i in range(modules)) if part]
    names = [f"part{number}" for number in range(len(parts))]
    listed = "".join(f"<module>{name}</module>" for name in names)
    group, artifact, version = PLUGIN.split(":")
    # Bound to a phase: a goal named on the command line runs for the project above the parts, not in each.
    plugin = (
        f"{_elements(groupId=group, artifactId=artifact, version=version)}<executions><execution>"
        "<id>fetch</id><phase>validate</phase><goals><goal>copy</goal></goals></execution></executions>"
    )
    _write(
        Path(folder, "pom.xml"),
        f"{_HEAD}{_elements(groupId='lab', artifactId='fetch', version='1', packaging='pom')}"
        f"<modules>{listed}</modules></project>",
    )
    for name, part in zip(names, parts, strict=True):
        items = "".join(
            f"<artifactItem>{dependency_xml(c)}"
            f"{_elements(outputDirectory=str(Path(target, c.group)), destFileName=c.file_name)}"
            "</artifactItem>"
            for c in part
        )
        _write(
            Path(folder, name, "pom.xml"),
            f"{_HEAD}{_elements(groupId='lab', artifactId=name, version='1', packaging='pom')}"
            f"<build><plugins><plugin>{plugin}<configuration><artifactItems>{items}</artifactItems></configuration></plugin>"
            "</plugins></build></project>",
        )


def write_resolve_project(folder: str, roots: Sequence[Coordinate], managed: Sequence[Coordinate]) -> None:
    """Write a Maven project that depends on ``roots``, with ``managed`` versions forced on the whole tree."""

    def listed(coordinates: Sequence[Coordinate]) -> str:
        return "".join(f"<dependency>{dependency_xml(c)}</dependency>" for c in coordinates)

    _write(
        Path(folder, "pom.xml"),
        f"{_HEAD}{_elements(groupId='lab', artifactId='resolve', version='1', packaging='pom')}"
        f"<dependencyManagement><dependencies>{listed(managed)}</dependencies></dependencyManagement>"
        f"<dependencies>{listed(roots)}</dependencies></project>",
    )


def _proxy_arguments(mvn: str, folder: str) -> list[str]:
    """Options that give Maven the environment's proxies, by a settings file in the project's private folder."""
    machine = Path(mvn).resolve().parent.parent / "conf" / "settings.xml"
    text = settings_with_proxies(os.environ, machine.read_text(encoding="utf-8") if machine.exists() else "")
    if not text:
        return []
    path = Path(folder, "settings-with-proxies.xml")
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return ["--global-settings", str(path)]


def run_mvn(
    folder: str,
    arguments: Sequence[str],
    repository: str,
    log: str,
    timeout: float = 3600.0,
    tick: Callable[[], None] = lambda: None,
) -> None:
    """Run ``mvn`` in a project folder.

    Args:
        folder: the project.
        arguments: goals and properties.
        repository: Maven's local repository; a run that was cut off goes on from what is in it.
        log: file that gets all of the output.
        timeout: seconds for the whole run.
        tick: called every half second.
    Raises:
        ArtifactError: no ``mvn``, or it failed; one line, with the log's path.
    """
    mvn = shutil.which("mvn")
    if mvn is None:
        raise ArtifactError(
            "mvn is not installed on this machine: install the package 'maven' (or set artifacts_distribution: archive)"
        )
    command = [
        mvn,
        "-B",
        "-U",
        f"-Dmaven.repo.local={repository}",
        "-Dstyle.color=never",
        "-Daether.connector.connectTimeout=10000",
        "-Daether.connector.requestTimeout=60000",
        "-Dorg.slf4j.simpleLogger.log.org.apache.maven.cli.transfer=warn",
        *_proxy_arguments(mvn, folder),
        *arguments,
    ]
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + timeout
    with (
        Path(log).open("w", encoding="utf-8") as output,
        subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            while process.poll() is None:
                tick()
                if time.monotonic() > deadline:
                    raise ArtifactError(
                        f"mvn did not end within {timeout:.0f} s (log: {log}); run again: it continues where it stopped"
                    )
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(TICK_SECONDS)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise explain_failure(Path(log).read_text(encoding="utf-8", errors="replace"), log)


def explain_failure(output: str, log: str) -> ArtifactError:
    """One line out of Maven's pages of output; a broken transfer is told from what stays wrong."""
    output = re.sub(r"\x1b\[[0-9;]*m", "", output)
    errors = [line.removeprefix("[ERROR]").strip() for line in output.splitlines() if line.startswith("[ERROR]")]
    first = next((line for line in errors if line), None) or next(
        (line.strip() for line in reversed(output.splitlines()) if line.strip()), "no output"
    )
    unreachable = next((mark for mark in _UNREACHABLE if mark in output), None)
    missing = re.search(r"Could not find artifact (\S+)", output)
    if missing and not unreachable:
        return ArtifactError(f"mvn cannot find {missing[1]} in the repositories it knows (log: {log})")
    if unreachable:
        return ArtifactError(
            f"the Maven repositories cannot be reached from this machine ({unreachable}): check the network, "
            f"or a mirror in ~/.m2/settings.xml (log: {log})"
        )
    kind = TransferError if "Could not transfer" in output else ArtifactError
    return kind(f"mvn failed: {first[:300]} (log: {log})")


@contextlib.contextmanager
def fetched(
    artifacts: Sequence[Coordinate],
    repository: str,
    log: str,
    modules: int = 6,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[Path]:
    """Fetch exactly the named artifacts into a temporary folder.

    Args:
        artifacts: what to fetch.
        repository: Maven's local repository.
        log: file that gets Maven's output.
        modules: number of artifacts that are fetched at the same time.
        tick: called every half second.
    Yields:
        the folder, which holds ``<group>/<file name>``.
    Raises:
        ArtifactError: mvn is missing, or failed for all of them.
    """
    Path(repository).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix="fetch-", dir=Path(repository).parent, ignore_cleanup_errors=True
    ) as scratch:
        project, files = Path(scratch, "project"), Path(scratch, "files")
        write_copy_project(str(project), artifacts, str(files), modules)
        run_mvn(str(project), ["-T", str(modules), "-fae", "validate"], repository, log, tick=tick)
        yield files


def forget(repository: str, coordinate: Coordinate) -> None:
    """Remove an artifact from Maven's local repository, so that the next run fetches it again."""
    for path in _files(repository, coordinate):
        path.unlink()


def received(repository: str, artifacts: Sequence[Coordinate]) -> int:
    """Bytes of artifacts in Maven's local repository; parts of a file count, too."""
    total = 0
    for coordinate in artifacts:
        for path in _files(repository, coordinate):
            # Maven renames a file when it is complete.
            with contextlib.suppress(FileNotFoundError):
                total += path.stat().st_size
    return total


def _files(repository: str, coordinate: Coordinate) -> Iterator[Path]:
    folder = Path(repository, *coordinate.group.split("."), coordinate.artifact, coordinate.version)
    return folder.glob(f"{coordinate.file_name}*")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
