"""The student's Python environment: made for a host on the control machine, with the lab's programs in it."""

from __future__ import annotations

import contextlib
import ensurepip
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.streaming.lab.plugins.module_utils import python_environment
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError
from ansible_collections.streaming.lab.plugins.module_utils.held_folder import hold
from ansible_collections.streaming.lab.plugins.module_utils.products.difference import compare
from ansible_collections.streaming.lab.plugins.module_utils.products.pack import read_manifest
from ansible_collections.streaming.lab.plugins.modules import python_environment as module
from ansible_collections.streaming.lab.plugins.modules.product_tree import install

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "roles/course/files"
LOCK = (FILES / "requirements.txt").read_text(encoding="utf-8")
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
OWNER = (os.geteuid(), os.getegid())


def pins(text: str) -> dict[str, str]:
    """Lines of the requirements by name of package, each with all its hashes."""
    whole = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    return {re.split(r"[=\[]", line)[0].lower(): line for line in whole.splitlines() if line}


def test_each_package_is_pinned_with_the_hashes_of_its_files():
    for name, line in pins(LOCK).items():
        assert re.match(r"[\w.-]+==[\w.]+ ", line), name
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", line), name


@pytest.mark.parametrize("name", ["kafka-python", "hdfs", "faust-streaming", "pip"])
def test_the_packages_of_the_notes_are_in_the_environment(name):
    assert name in pins(LOCK)


@pytest.mark.parametrize("codec", ["cramjam", "python-snappy", "lz4", "zstandard"])
def test_kafkas_codecs_are_in_the_environment(codec):
    assert codec in pins(LOCK)


@pytest.mark.parametrize(("python", "machine"), [("3.15", "x86_64"), ("3.11", "x86_64"), ("3.13", "riscv64")])
def test_a_host_without_locked_packages_is_refused_in_one_line(python, machine):
    reason = python_environment.unsupported(python, machine)
    assert reason.startswith(f"Python {python} on {machine} is not supported; ")
    assert "3.12, 3.13, 3.14 on x86_64 and aarch64" in reason and "\n" not in reason


@pytest.fixture(scope="module")
def uv_cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A cache of uv, so that it asks the index once for each package."""
    return str(tmp_path_factory.mktemp("uv"))


@pytest.mark.parametrize("machine", python_environment.MACHINES)
@pytest.mark.parametrize("python", python_environment.PYTHONS)
def test_each_supported_host_has_a_file_of_each_package(tmp_path, uv_cache, python, machine):
    """Uv resolves for the host without one; only three packages may come as sources."""
    assert not python_environment.unsupported(python, machine)
    sources = ["--only-binary=:all:", *(f"--no-binary={name}" for name in ("docopt", "hdfs", "faust-streaming"))]
    environment = python_environment.Environment(
        "", python, machine, FILES / "requirements.txt", FILES / "build-requirements.txt", ROOT / "src"
    )
    try:
        python_environment.install(environment, tmp_path, uv_cache, "--dry-run", *sources)
    except ArtifactError as error:
        if re.search(r"[Ff]ailed to fetch|dns error|[Cc]onnect", str(error)):
            pytest.skip("the package index is not reachable")
        raise


def test_a_package_that_was_built_for_the_control_machine_is_refused(tmp_path):
    for name, tag in (("good", "cp312-cp312-manylinux_2_17_x86_64"), ("bad", "cp312-cp312-linux_x86_64")):
        (tmp_path / f"{name}-1.dist-info").mkdir()
        (tmp_path / f"{name}-1.dist-info/WHEEL").write_text(f"Wheel-Version: 1.0\nTag: {tag}\n", encoding="utf-8")
    with pytest.raises(ArtifactError, match=r"^bad-1 was built for this machine only"):
        python_environment.check_pure(tmp_path)


def test_the_index_of_pips_configuration_is_given_to_uv(tmp_path, monkeypatch):
    configuration = tmp_path / "pip.conf"
    configuration.write_text("[global]\nindex-url = https://mirror.example/simple\n", encoding="utf-8")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    assert python_environment.package_index() == {"UV_DEFAULT_INDEX": "https://mirror.example/simple"}
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://chosen.example/simple")
    assert python_environment.package_index() == {}


def test_the_index_that_pip_install_itself_would_use_is_taken(tmp_path, monkeypatch):
    configuration = tmp_path / "pip.conf"
    sections = {"download": "other", "global": "global", "install": "install", "wheel": "other"}
    text = "".join(f"[{name}]\nindex-url = https://{host}.example\n" for name, host in sections.items())
    configuration.write_text(text, encoding="utf-8")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    assert python_environment.package_index() == {"UV_DEFAULT_INDEX": "https://install.example"}
    monkeypatch.setenv("PIP_INDEX_URL", "https://variable.example")
    assert python_environment.package_index() == {"UV_DEFAULT_INDEX": "https://variable.example"}


def test_only_scripts_of_python_get_the_hosts_python():
    python = (
        b"#!/home/x/.venv/bin/python\n",
        b"#!/usr/bin/env python3\n",
        b"#!/bin/sh\n'''exec' '/long/python' \"$0\"\n",
    )
    for text in python:
        assert python_environment.PYTHON_SCRIPT.match(text), text
    for text in (b"", b"#!/bin/sh\necho\n", b"#!/bin/bash", b"\x7fELF", b"import sys  # python\n"):
        assert not python_environment.PYTHON_SCRIPT.match(text), text


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_activate_works_with_the_shells_of_a_host(tmp_path, shell):
    environment = tmp_path / "course-venv"
    (environment / "bin").mkdir(parents=True)
    python_environment.write_activate(str(environment), environment / "bin")
    (environment / "bin/python3").symlink_to(sys.executable)
    text = f". {environment}/bin/activate && echo $VIRTUAL_ENV $VIRTUAL_ENV_PROMPT && command -v python3"
    shown = subprocess.run([shell, "-c", text], capture_output=True, text=True, check=True).stdout
    assert re.fullmatch(rf"{environment} \(?course-venv\)? ?\n{environment}/bin/python3\n", shown)


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The module's options. The environment has pip, which is part of Python, and the lab's programs."""
    (bundled,) = (Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl")
    monkeypatch.setenv("UV_FIND_LINKS", str(bundled.parent))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    # Not that of pip's configuration, which uv would ask in spite of UV_NO_INDEX.
    monkeypatch.setenv("UV_DEFAULT_INDEX", "")
    monkeypatch.setattr(python_environment, "PYTHONS", (PYTHON,))
    digest = hashlib.sha256(bundled.read_bytes()).hexdigest()
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"pip=={bundled.name.split('-')[1]} --hash=sha256:{digest}\n", encoding="utf-8")
    (tmp_path / "none.txt").touch()
    return {
        "path": str(tmp_path / "venv"),
        "python_version": f"{PYTHON}.1",
        "machine": "x86_64",
        "requirements": str(requirements),
        "build_requirements": str(tmp_path / "none.txt"),
        "programs": str(shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))),
        "cache": str(tmp_path / "cache"),
    }


@pytest.fixture
def pack(given: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Runs the module; returns its result."""

    class Module:
        def __init__(self, check_mode: bool) -> None:
            self.params, self.check_mode = given, check_mode

        def exit_json(self, **result: Any) -> None:
            raise SystemExit(result)  # type: ignore[arg-type]

        def fail_json(self, msg: str) -> None:
            raise SystemExit({"failed": msg})  # type: ignore[arg-type]

    def run(check: bool = False) -> dict[str, Any]:
        monkeypatch.setattr(module, "AnsibleModule", lambda **_: Module(check))
        with pytest.raises(SystemExit) as ended:
            module.main()
        return ended.value.code  # type: ignore[return-value]

    return run


def unpack(result: dict[str, Any], folder: Path) -> list[str]:
    """Install a packed environment as module product_tree does, and return what was wrong before."""
    manifest = read_manifest(result["product"]["manifest"])
    assert manifest
    with contextlib.ExitStack() as stack:
        root = stack.enter_context(hold(folder, make_for=OWNER))
        found = compare(root, manifest["files"], ["bin", "lib"], [], OWNER)
        install(root, manifest["files"], set(found.wanted), result["product"]["archive"], OWNER)
    return [*found.wanted, *found.extra]


def test_an_environment_is_packed_once_and_works_on_the_host(pack, given, tmp_path):
    assert pack(check=True)["product"]["files"] == {}
    first = pack()
    assert (first["changed"], pack()["changed"], pack(check=True)["changed"]) == (True, False, False)
    folder = Path(given["path"])
    assert unpack(first, folder) and unpack(first, folder) == []
    site = folder / f"lib/python{PYTHON}/site-packages"
    assert (site / "slate/cases.json").is_file()
    assert b"class Connect" in (site / "connect_rest/__init__.py").read_bytes(), "a link is followed"
    assert not list(site.glob("streaming_lab_programs-*.dist-info/entry_points.txt")), "a PATH would find them"
    assert (folder / "bin/python3").readlink() == Path("/usr/bin/python3")
    assert (folder / "bin/pip").read_text(encoding="utf-8").startswith(f"#!{folder}/bin/python3\n")
    assert not (folder / f"bin/pip{PYTHON}").exists(), "it has the name of the control machine's Python"
    shown = subprocess.run(
        ["bash", "-c", f". {folder}/bin/activate && echo $VIRTUAL_ENV && command -v python3"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert shown.split() == [str(folder), f"{folder}/bin/python3"]


def test_damage_and_foreign_files_are_found_but_not_bytecode(pack, given):
    packed, folder = pack(), Path(given["path"])
    unpack(packed, folder)
    site = folder / f"lib/python{PYTHON}/site-packages"
    (site / "slate/__pycache__").mkdir()
    (site / "slate/__pycache__/stores.cpython-312.pyc").touch()
    (site / "slate/__pycache__/gone.cpython-312.pyc").touch()
    (site / "sitecustomize.py").touch()
    (site / "hdfs_sink/__init__.py").write_text("import os\n", encoding="utf-8")
    (site / "slate/cases.json").unlink()
    packages = f"lib/python{PYTHON}/site-packages"
    assert set(unpack(packed, folder)) == {
        f"{packages}/hdfs_sink/__init__.py", f"{packages}/slate/cases.json",
        f"{packages}/slate/__pycache__/gone.cpython-312.pyc", f"{packages}/sitecustomize.py",
    }  # fmt: skip


def test_another_host_makes_another_environment(given):
    fields = ("requirements", "build_requirements", "programs")
    paths = [Path(given[name]) for name in fields]
    hosts = [("3.12", "x86_64"), ("3.13", "x86_64"), ("3.12", "aarch64")]
    keys = {module.content_key(python_environment.Environment(given["path"], *host, *paths)) for host in hosts}
    assert len(keys) == 3


def test_a_changed_program_or_package_makes_another_environment(pack, given):
    first = pack()["product"]["key"]
    Path(given["programs"], "slate/__init__.py").write_text("# changed\n", encoding="utf-8")
    second = pack()
    assert second["changed"] and second["product"]["key"] != first
    with Path(given["requirements"]).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert pack(check=True)["product"]["key"] not in (first, second["product"]["key"])


def test_another_file_than_the_locked_one_is_refused_by_name(pack, given):
    requirements = Path(given["requirements"])
    text = re.sub(r"[0-9a-f]{64}", "0" * 64, requirements.read_text(encoding="utf-8"))
    requirements.write_text(text, encoding="utf-8")
    reason = pack()["failed"]
    assert re.search(r"Python environment for Python \S+ on x86_64: uv pip install: .*pip.*hash", reason, re.IGNORECASE)
    assert "\n" not in reason
    assert list(Path(given["cache"], "products").glob("*")) == []


def test_a_source_that_cannot_be_built_is_named(pack, given):
    Path(given["programs"], "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    assert re.search(r"uv pip install: .*programs", pack()["failed"])


def test_an_unsupported_python_is_refused_before_anything_is_made(pack, given, monkeypatch):
    monkeypatch.setattr(python_environment, "PYTHONS", ("3.1",))
    assert pack()["failed"].startswith(f"Python {PYTHON} on x86_64 is not supported")
    assert not Path(given["cache"]).exists()


def test_an_environment_of_another_host_is_another_product(pack, given, monkeypatch):
    monkeypatch.setattr(python_environment, "PYTHONS", ("3.12", "3.13"))
    names = set()
    for python in ("3.12.3", "3.13.5"):
        given["python_version"] = python
        names.add(Path(pack(check=True)["product"]["archive"]).name.rsplit("-", 1)[0])
    assert names == {"python-environment-3.12-x86_64", "python-environment-3.13-x86_64"}


def test_an_environment_that_cannot_run_uv_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python3"))
    with pytest.raises(ArtifactError, match=r"uv does not run .*; remove .venv and run ./lab up"):
        python_environment.run_uv(["--version"], str(tmp_path))
    environment = python_environment.Environment("", "3.12", "x86_64", tmp_path, tmp_path, tmp_path)
    assert replace(environment, machine="aarch64") != environment
