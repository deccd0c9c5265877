"""The report: one row a case, the worst result wins, the table and results.json say the same."""

from __future__ import annotations

import json

from verify.plugin.report import Report, Table


def test_a_row_shows_the_worst_of_its_tests():
    report = Report()
    row = report.row("groups", "kafka")
    for result in ("passed", "failed", "passed"):
        row.add(result)
    assert row.result == "failed"
    row.add("refused")
    assert row.result == "refused"


def test_the_counts_name_the_cases_that_did_not_pass():
    report = Report()
    assert report.counts() == "no case ran in 0 s"
    for number in range(12):
        report.row(f"case-{number}", "kafka").add("failed" if number else "passed")
    report.row("groups", "kafka").add("refused")
    assert report.counts() == (
        "1 passed, 11 failed (case-1, case-2, case-3, case-4, case-5, case-6, case-7, case-8 and 3 more), "
        "1 refused (groups) in 0 s"
    )


def test_the_counts_of_several_labs_name_the_lab():
    report = Report(labs=2)
    report.row("groups", "vm2").add("down")
    assert report.counts() == "1 down (vm2 groups) in 0 s"


def test_json_has_the_agreed_fields_and_the_lab_only_where_there_are_several(tmp_path):
    one, two = Report(labs=1), Report(labs=2)
    for report in (one, two):
        row = report.row("python-json", "vm1")
        row.engine, row.seconds = "kafka-python", 3.14159
        row.evidence += ["ids 0..9", "'número' intact"]
        row.add("passed")
    expected = {
        "case": "python-json",
        "engine": "kafka-python",
        "result": "passed",
        "seconds": 3.1,
        "evidence": "ids 0..9; 'número' intact",
    }
    assert json.loads(one.write(tmp_path).read_text(encoding="utf-8")) == [expected]
    assert json.loads(two.write(tmp_path).read_text(encoding="utf-8")) == [{**expected, "lab": "vm1"}]
    assert list(tmp_path.iterdir()) == [tmp_path / "results.json"]


def test_long_evidence_goes_on_below_itself():
    report = Report()
    row = report.row("groups", "kafka")
    row.evidence.append("word " * 60)
    table = Table(["kafka"], ["groups"], width=100)
    lines = [*table.head(), *table.lines(row)]
    assert len(lines) > 4
    assert all(len(line) <= 100 for line in lines)
    assert "".join(lines).count("word") == 60
    bars = {tuple(place for place, sign in enumerate(line[:50]) if sign in "|+") for line in lines}
    assert len(bars) == 1, "columns are not below each other"


def test_lab_column_only_where_there_are_several():
    assert "lab" not in Table(["kafka"], ["groups"]).head()[0].split()
    assert "lab" in Table(["vm1", "vm2"], ["groups"]).head()[0].split()


def test_a_case_is_skipped_only_where_none_of_its_tests_applies():
    report = Report()
    report.row("host", "vm1").add("passed")
    report.row("bluesky", "vm1")
    assert [row.result for row in report.rows] == ["passed", "skipped"]
    assert report.counts() == "1 passed, 1 skipped (bluesky) in 0 s"
    report.row("host", "vm1").add("failed")
    report.row("host", "vm1").add("passed")
    assert report.rows[0].result == "failed"
