"""Ranges of ids for user namespaces: one is added only where it is missing, and never over another owner's."""

from __future__ import annotations

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.containers.subordinate_ids import (
    FIRST,
    LAST,
    NEEDED,
    add_ranges,
    missing_range,
)


def test_a_machine_without_any_range_gets_the_documented_one(tmp_path):
    assert add_ranges(tmp_path) == [
        f"added containers:2147483647:2147483648 to {tmp_path}/subuid",
        f"added containers:2147483647:2147483648 to {tmp_path}/subgid",
    ]
    assert (tmp_path / "subuid").read_text() == "containers:2147483647:2147483648\n"
    assert add_ranges(tmp_path) == []


def test_lines_of_others_stay_and_a_last_line_without_end_is_ended(tmp_path):
    (tmp_path / "subuid").write_text("ada:100000:65536")
    (tmp_path / "subgid").write_text("containers:2147483647:2147483648\n")
    assert len(add_ranges(tmp_path)) == 1
    assert (tmp_path / "subuid").read_text() == "ada:100000:65536\ncontainers:2147483647:2147483648\n"


def test_nothing_is_written_where_only_told(tmp_path):
    assert len(add_ranges(tmp_path, change=False)) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_range_too_small_for_the_hosts_of_a_lab_gets_another():
    assert missing_range("containers:100000:65536\n") == (FIRST, LAST + 1 - FIRST)
    assert missing_range(f"containers:100000:{NEEDED}\n") is None


def test_the_ids_of_another_owner_are_passed_over():
    start, count = missing_range(f"ada:{FIRST}:1000000\nbo:{FIRST + 1000000 + NEEDED}:1000\n")
    assert (start, count) == (FIRST + 1000000, NEEDED)
    start, count = missing_range(f"ada:{FIRST}:1000000\nbo:{FIRST + 1000000 + NEEDED - 1}:1000\n")
    assert start == FIRST + 1000000 + NEEDED - 1 + 1000


def test_no_free_range_is_an_error():
    with pytest.raises(ValueError, match="no range of"):
        missing_range(f"ada:{FIRST}:{LAST - FIRST}\n")


def test_lines_that_are_none_are_passed_over():
    assert missing_range("# comment\ncontainers\ncontainers:x:y\n") is not None
