"""A verification shows its table once, with counts that agree with its rows, whatever ended it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.verify.run_kit import verify

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


@pytest.mark.parametrize("option", ["-k=not test_groups", "--deselect=verify/cases/test_groups.py"])
def test_a_case_that_was_deselected_is_not_reported(tmp_path: Path, option: str) -> None:
    run = verify(tmp_path, TWO, option)
    assert run.status == 0, run.output
    assert run.table == {"first-steps": ["passed"]}
    assert run.counts == ["1 passed"]
    assert list(run.rows) == ["first-steps"]
    assert list(run.tests) == ["test_first_steps.test_0[kafka]"]


def test_a_case_with_a_deselected_test_has_passed(tmp_path: Path) -> None:
    run = verify(tmp_path, TWO, "--deselect=verify/cases/test_groups.py::test_2[kafka]")
    assert (run.status, run.table["groups"], run.counts) == (0, ["passed"], ["2 passed"]), run.output
    assert "test_groups.test_2[kafka]" not in run.tests


THREE = {
    "first-steps": "assert lab",
    "groups": "assert lab\n{end}; time.sleep(30)\nassert lab",
    "faust": "assert lab\nassert lab",
}


def ended_by(statement: str) -> dict[str, str]:
    """Three cases; the second test of the case `groups` runs a statement that ends the run."""
    return {case: bodies.format(end=statement) for case, bodies in THREE.items()}


@pytest.mark.parametrize("signal", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupted_case_has_not_passed(tmp_path: Path, signal: str) -> None:
    run = verify(tmp_path, ended_by(f"os.kill(os.getpid(), signal.{signal})"))
    assert run.status == 130, run.output
    assert run.table == {"first-steps": ["passed"], "groups": ["interrupted"], "faust": ["not run"]}
    assert run.counts == ["1 passed, 1 not run (faust), 1 interrupted (groups)"]
    assert {case: row["result"] for case, row in run.rows.items()} == {
        "first-steps": "passed",
        "groups": "interrupted",
        "faust": "not run",
    }
    assert run.rows["groups"]["evidence"] == "test_1: interrupted"
    assert run.tests == {
        "test_first_steps.test_0[kafka]": [],
        "test_groups.test_0[kafka]": [],
        "test_groups.test_1[kafka]": ["failure: interrupted"],
        "test_groups.test_2[kafka]": ["skipped: not run"],
        "test_faust.test_0[kafka]": ["skipped: not run"],
        "test_faust.test_1[kafka]": ["skipped: not run"],
    }


def test_a_case_that_had_failed_stays_failed_when_it_is_interrupted(tmp_path: Path) -> None:
    run = verify(tmp_path, {"groups": "assert not lab\nos.kill(os.getpid(), signal.SIGINT); time.sleep(30)"})
    assert (run.status, run.table, run.counts) == (130, {"groups": ["failed"]}, ["1 failed (groups)"])
    assert run.rows["groups"]["evidence"].endswith("test_1: interrupted")


@pytest.mark.parametrize(
    ("statement", "status"), [("pytest.exit('enough', returncode=9)", 9), ("pytest.exit('enough')", 2)]
)
def test_a_run_that_pytest_ends_has_its_whole_table(tmp_path: Path, statement: str, status: int) -> None:
    run = verify(tmp_path, ended_by(statement))
    assert run.status == status, run.output
    assert run.table == {"first-steps": ["passed"], "groups": ["interrupted"], "faust": ["not run"]}
    assert run.counts == ["1 passed, 1 not run (faust), 1 interrupted (groups)"]


def test_cases_after_the_first_failure_are_not_run(tmp_path: Path) -> None:
    run = verify(tmp_path, ended_by("assert False"), "-x")
    assert run.status == 1, run.output
    assert run.table == {"first-steps": ["passed"], "groups": ["failed"], "faust": ["not run"]}


def test_a_file_that_cannot_be_read_lets_no_case_run(tmp_path: Path) -> None:
    run = verify(tmp_path, {**TWO, "faust": "assert ("})
    assert run.status == 2, run.output
    assert run.table == {"first-steps": ["not run"], "groups": ["not run"]}
    assert run.counts == ["2 not run (first-steps, groups)"]


def test_a_run_that_is_killed_leaves_no_report_of_an_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report/results.json").write_text('[{"case": "groups", "result": "passed"}]', encoding="utf-8")
    assert verify(tmp_path, {"groups": "os.kill(os.getpid(), signal.SIGKILL)"}).rows == {}
