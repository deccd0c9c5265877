"""What a machine lacks: each lack is found, named with its figures, and nothing else is."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.machine import resources as machine


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_machine_that_will_do_has_no_problems() -> None:
    assert machine.problems(1, 1, "/", [], []) == []


def test_memory_is_what_is_available_not_what_is_free(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemFree: 1024 kB\nMemAvailable: 4096000 kB\n", encoding="utf-8")
    assert machine.available_memory_mb(tmp_path) == 4000


def test_too_little_memory_names_both_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "available_memory_mb", lambda: 900)
    (line,) = machine.problems(4096, 0, "/", [], [])
    assert line.startswith("memory: 900 MB available, 4096 MB needed")


def test_too_little_disk_names_the_folder_that_exists(tmp_path: Path) -> None:
    (line,) = machine.problems(0, 10**9, str(tmp_path / "not" / "yet"), [], [])
    assert line.startswith("disk: ") and f"free in {tmp_path}, 1000000000 MB needed" in line


def test_a_taken_port_names_who_has_it(taken_port: int) -> None:
    (line,) = machine.problems(0, 0, "/", [f"127.0.0.1:{taken_port}"], [])
    assert f"127.0.0.1:{taken_port} is taken by process {os.getpid()} (" in line


def test_a_port_that_is_ours_is_not_taken(taken_port: int) -> None:
    own = Path("/proc/self/cmdline").read_bytes().replace(b"\0", b" ").decode().split()
    assert machine.problems(0, 0, "/", [f"127.0.0.1:{taken_port}"], own) == []


def test_a_free_port_is_free_on_an_address_or_on_all(taken_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    assert machine.problems(0, 0, "/", [f"127.0.0.1:{free}", str(free)], []) == []
    assert machine.problems(0, 0, "/", [str(taken_port)], []) != []


def test_a_name_that_leads_nowhere_is_told_with_the_line_that_mends_it() -> None:
    [said] = machine.name_problems("no-such-machine.invalid")
    assert "no-such-machine.invalid" in said and "/etc/hosts" in said
    assert machine.name_problems("localhost") == []


def test_a_control_groups_limit_counts_as_the_machines_memory(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemAvailable: 4096000 kB\nSwapFree: 1024000 kB\n", encoding="utf-8")
    assert machine.memory_field_mb("SwapFree", tmp_path) == 1000
    (tmp_path / "memory.max").write_text("max\n", encoding="ascii")
    (tmp_path / "memory.current").write_text(f"{500 * 2**20}\n", encoding="ascii")
    assert machine.available_memory_mb(tmp_path, tmp_path) == 4000
    (tmp_path / "memory.max").write_text(f"{2000 * 2**20}\n", encoding="ascii")
    assert machine.available_memory_mb(tmp_path, tmp_path) == 1500


def test_memory_that_only_swap_provides_is_a_note() -> None:
    assert machine.memory_problems(1900, "kafka, connect", 2000, 0) == ([], [])
    [problem], notes = machine.memory_problems(1900, "kafka, connect", 900, 500)
    assert problem.startswith("memory: 900 MB available, 1900 MB needed for kafka, connect;") and notes == []
    problems, [note] = machine.memory_problems(1900, "kafka, connect", 900, 1000)
    assert problems == [] and "swap" in note
