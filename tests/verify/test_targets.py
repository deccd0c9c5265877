"""Lines that a program appends in HDFS: a missing line, a line too many and a late line fail a verification."""

from __future__ import annotations

import re

import pytest

from tests.artifacts.kit import ROOT
from verify.support.targets import Target, in_order


def target(*reads: list[str], before: int = 0, wanted: int = 2) -> Target:
    """A file that holds these lines, one list for each time that it is read; the last one from then on."""
    left = list(reads)
    return Target("a.csv", lambda: left.pop(0) if len(left) > 1 else left[0], before, wanted)


def test_the_lines_after_those_that_were_there_before_are_the_programs() -> None:
    assert target(["old", "a", "b"], before=1).appended() == ["a", "b"]


@pytest.mark.parametrize("lines", [["extra", "a", "b"], ["a", "b", "extra"], ["a"], []])
def test_a_line_too_many_at_either_end_and_a_missing_one_are_seen(lines: list[str]) -> None:
    with pytest.raises(AssertionError, match=rf"a\.csv: {len(lines)} new lines, not 2"):
        target(["old", *lines], before=1).appended()


def test_a_line_that_arrives_after_the_wait_is_seen() -> None:
    late = target(["a"], ["a", "b"], ["a", "b", "late"])
    late.wait(5)
    with pytest.raises(AssertionError, match="3 new lines, not 2:\na\nb\nlate"):
        late.appended()


def test_a_wait_without_an_end_names_the_file() -> None:
    with pytest.raises(AssertionError, match=r"2 new lines in a\.csv"):
        target(["a"]).wait(0)


def test_files_are_read_in_the_order_of_their_paths() -> None:
    assert in_order({"dt=2/a": ["c"], "dt=1/b": ["b"], "dt=1/a": ["a"]}) == ["a", "b", "c"]


def test_the_case_mysql_types_reads_its_targets_after_the_programs_ended() -> None:
    text = (ROOT / "verify/cases/test_mysql_types.py").read_text(encoding="utf-8")
    reads = [match.start() for match in re.finditer(r"\.appended\(\)|wrong_rows\(", text)]
    assert len(reads) == 5
    assert min(reads) > text.index("sinks.stop(")
    assert not re.search(r"\[-[a-z]", text), "a slice from the end does not see a line too many at the beginning"
