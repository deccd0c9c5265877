"""A verification shows its table once, with counts that agree with its rows, whatever ended it."""

from __future__ import annotations

from pathlib import Path

from tests.verify_run_kit import verify

TWO = {"first-steps": "assert lab", "groups": "assert lab\nassert lab\nassert lab"}


def test_a_run_that_passes_counts_cases_and_not_tests(tmp_path: Path) -> None:
    run = verify(tmp_path, TWO)
    assert run.status == 0, run.output
    assert run.table == {"first-steps": ["passed"], "groups": ["passed"]}
    assert run.counts == ["2 passed"]


def test_a_refused_case_is_shown_and_counted_once(tmp_path: Path) -> None:
    run = verify(tmp_path, TWO, refused=("groups",))
    assert run.status == 1, run.output
    assert run.table == {"first-steps": ["passed"], "groups": ["refused"]}
    assert run.counts == ["1 passed, 1 refused (groups)"]
    assert run.output.count("topic tema-grups") == 1
    assert {case: row["result"] for case, row in run.rows.items()} == {"first-steps": "passed", "groups": "refused"}


def test_cases_of_a_host_that_is_down_are_shown_and_counted_once(tmp_path: Path) -> None:
    run = verify(tmp_path, TWO, down="host kafka does not answer")
    assert run.status == 1, run.output
    assert run.table == {"first-steps": ["down"], "groups": ["down"]}
    assert run.counts == ["2 down (first-steps, groups)"]
    assert run.output.count("host kafka does not answer") == 2


def test_a_failed_case_is_shown_once_and_its_failure_below(tmp_path: Path) -> None:
    run = verify(tmp_path, {**TWO, "python-text": "assert lab\nraise ValueError('no record')"})
    assert run.status == 1, run.output
    assert run.table == {"first-steps": ["passed"], "python-text": ["failed"], "groups": ["passed"]}
    assert run.counts == ["2 passed, 1 failed (python-text)"]
    assert run.output.index("FAILURES") > run.output.index("groups  ")


def test_developers_who_ask_for_more_words_get_the_same_counts(tmp_path: Path) -> None:
    run = verify(tmp_path, TWO, "-v", refused=("groups",))
    assert [line for line in run.output.splitlines() if "refused" in line and " in " in line] == [
        line for line in run.output.splitlines() if line.startswith("1 passed, 1 refused (groups) in ")
    ]
    assert "2 refused" not in run.output


def test_a_run_without_a_case_says_so(tmp_path: Path) -> None:
    run = verify(tmp_path, TWO, "--case=faust")
    assert run.status == 5, run.output
    assert run.counts == ["no case ran"]
