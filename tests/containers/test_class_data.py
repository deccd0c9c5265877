"""Class-data archives: recorded once for an image and a set of jars, in a container of their own."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache
from ansible_collections.streaming.lab.plugins.module_utils.containers.class_data import Program, Recorder
from ansible_collections.streaming.lab.plugins.module_utils.containers.engine import Podman
from ansible_collections.streaming.lab.plugins.modules import class_data
from ansible_collections.streaming.lab.plugins.modules.class_data import image_of, prepare


class Engine(Podman):
    """A podman with one lab, which writes an archive into the folder that is mounted as `cds`."""

    def __init__(self) -> None:
        super().__init__("podman")
        self.image, self.failure, self.runs = "image-1", "", []
        self.looks = self.late = 0

    def run(self, *arguments: str, **_: Any) -> subprocess.CompletedProcess[str]:
        if arguments[:2] == ("image", "ls"):
            self.looks += 1
            return subprocess.CompletedProcess(
                arguments, 0, f"base:1\n{self.image if self.looks > self.late else ''}\n", ""
            )
        if arguments[:2] == ("image", "inspect"):
            layers = json.dumps([f"layer of {self.image}"])
            return subprocess.CompletedProcess(
                arguments, 125 * (arguments[-1] != self.image), f"{self.image} {layers}\n", ""
            )
        if arguments[0] == "container":
            lab = [{"ImageID": self.image}] * 4 if "label=streaming-lab.lab=lab" in arguments else []
            return subprocess.CompletedProcess(arguments, 0, json.dumps(lab), "")
        self.runs.append(arguments)
        if self.failure:
            return subprocess.CompletedProcess(arguments, 1, "", self.failure)
        folder = next(word for word in arguments if word.endswith("/cds")).split("=")[1].split(":")[0]
        Path(folder, "classes.jsa").write_text(f"classes of {self.image}")
        Path(folder, "classes.jsa.stamp").write_text("18\n")
        return subprocess.CompletedProcess(arguments, 0, "recorded\n", "")


@pytest.fixture
def engine() -> Engine:
    return Engine()


class Machine:
    """A control machine with a packed Kafka.

    Args:
        folder: for all files.
        engine: its podman.
    """

    def __init__(self, folder: Path, engine: Engine) -> None:
        self.engine, self.cache, self.script = engine, Cache(str(folder / "cache")), folder / "record.sh"
        self.script.write_text("#!/bin/sh\n")
        self.manifest, self.archive = folder / "kafka.json", folder / "kafka.tar"
        self.pack(jar="1")

    def pack(self, **files: str) -> None:
        """Write the manifest of Kafka with the hash of a jar, and other files beside it."""
        about = {"libs/a.jar": {"sha256": files.pop("jar")}} | {path: {"sha256": text} for path, text in files.items()}
        archive = {"sha256": hashlib.sha256(b"kafka").hexdigest()}
        self.manifest.write_text(json.dumps({"archive": archive, "files": about}))
        self.archive.write_bytes(b"kafka")

    def prepare(self, lab: str = "lab", change: bool = True, **about: Any) -> dict[str, Any]:
        """Have the archive of Kafka."""
        product = {"version": "3.8.1", "archive": str(self.archive), "manifest": str(self.manifest)}
        kafka = Program("kafka", product, "/opt/kafka_2.13-3.8.1", "libs", "connect-file-*.jar")
        image = image_of(self.engine, lab, about.get("images", []), about.get("wait", 0))
        recorder = Recorder(self.engine, image, self.script, self.cache) if image else None
        return prepare(recorder, [kafka], change=change)


@pytest.fixture
def machine(tmp_path: Path, engine: Engine) -> Machine:
    return Machine(tmp_path, engine)


def test_an_archive_is_recorded_once_and_packed_like_a_product(machine: Machine, engine: Engine) -> None:
    first = machine.prepare()
    assert (first["changed"], first["recorded"], first["warning"]) == (True, ["kafka"], "")
    entry = first["programs"]["kafka"]
    with tarfile.open(entry["archive"]) as tar:
        assert tar.extractfile("classes.jsa").read() == b"classes of image-1"
    assert set(json.loads(Path(entry["manifest"]).read_text())["files"]) == {"classes.jsa", "classes.jsa.stamp"}
    again = machine.prepare()
    assert (again["changed"], again["programs"]) == (False, first["programs"])
    assert len(engine.runs) == 1


def test_the_container_is_of_the_image_and_has_no_network(machine: Machine, engine: Engine) -> None:
    machine.prepare()
    (call,) = engine.runs
    assert {"--rm", "--network=none", "image-1", f"--volume={machine.archive}:/product.tar:ro"} <= set(call)
    assert call[-3:] == ("/opt/kafka_2.13-3.8.1", "libs", "connect-file-*.jar")


def test_another_jar_image_or_recorder_needs_another_archive(machine: Machine, engine: Engine) -> None:
    entries = [machine.prepare()["programs"]["kafka"]["archive"]]
    machine.pack(jar="2")
    entries.append(machine.prepare()["programs"]["kafka"]["archive"])
    engine.image = "image-2"
    entries.append(machine.prepare()["programs"]["kafka"]["archive"])
    machine.script.write_text("#!/bin/bash\n")
    entries.append(machine.prepare()["programs"]["kafka"]["archive"])
    assert len(set(entries)) == len(engine.runs) == 4


def test_a_change_outside_the_jars_needs_no_other_archive(machine: Machine, engine: Engine) -> None:
    machine.prepare()
    machine.pack(jar="1", **{"bin/kafka-topics.sh": "3"})
    assert machine.prepare()["changed"] is False
    assert len(engine.runs) == 1


def test_a_damaged_archive_is_recorded_again(machine: Machine, engine: Engine) -> None:
    archive = Path(machine.prepare()["programs"]["kafka"]["archive"])
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-9] + bytes(9))
    assert machine.prepare()["recorded"] == ["kafka"]
    assert archive.read_bytes() == whole


def test_a_failure_is_a_warning_and_no_change(machine: Machine, engine: Engine) -> None:
    engine.failure = "No class-data archive recorded: not enough memory"
    result = machine.prepare()
    assert (result["changed"], result["programs"]) == (False, {})
    assert result["warning"].endswith("start slower: No class-data archive recorded: not enough memory")
    engine.failure = ""
    assert machine.prepare()["recorded"] == ["kafka"], "what the failed run left does not matter"


def test_check_mode_tells_and_records_nothing(machine: Machine, engine: Engine) -> None:
    assert machine.prepare(change=False) == {"changed": True, "programs": {}, "recorded": ["kafka"], "warning": ""}
    assert engine.runs == []


def test_without_containers_there_is_no_archive(machine: Machine, engine: Engine) -> None:
    result = machine.prepare(lab="other")
    assert (result["changed"], result["programs"], engine.runs) == (False, {}, [])


def test_an_image_is_waited_for(machine: Machine, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_data.time, "sleep", lambda _: None)
    engine.late = 5
    result = machine.prepare(lab="other", images=["image-2", "image-1"], wait=30)
    assert result["recorded"] == ["kafka"]
    assert machine.prepare()["changed"] is False, "the containers of the lab have the same layers"
    assert machine.prepare(lab="other", images=["image-3"])["programs"] == {}


def test_a_product_that_changed_on_disk_is_refused(machine: Machine, engine: Engine) -> None:
    machine.archive.write_bytes(b"other")
    result = machine.prepare()
    assert (result["changed"], result["programs"], engine.runs) == (False, {}, [])
    assert f"{machine.archive} changed on disk" in result["warning"]
