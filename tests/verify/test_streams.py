"""The expected results of programs that process streams, compared with results computed by hand."""

from __future__ import annotations

from verify.support.streams import DAY, HOUR, MIDNIGHT, iso, means_of_the_day, means_of_the_hour, row, three_days, words


def test_a_row_counts_in_24_windows_of_a_day() -> None:
    found, late = means_of_the_day([row(1, 101, 20.0, MIDNIGHT + 1)])
    assert len(found) == 24 and late == 0
    assert min(value["inici"] for value in found.values()) == "2025-02-10T01:00:00Z"
    assert found["101 2025-02-11T00:00:00Z"] == {
        "sensor_id": 101, "inici": "2025-02-11T00:00:00Z", "fi": "2025-02-12T00:00:00Z", "n": 1, "mitjana": 20.0,
    }  # fmt: skip


def test_a_late_row_counts_in_the_windows_that_have_not_ended() -> None:
    newest = row(1, 101, 20.0, MIDNIGHT)
    ten_hours, late = means_of_the_day([newest, row(2, 102, 30.0, MIDNIGHT - 10 * HOUR)])
    # Of its 24 windows, 15 ended within the last hour or have not ended.
    assert sorted(key for key in ten_hours if key.startswith("102"))[0] == f"102 {iso(MIDNIGHT - DAY)}"
    assert sum(key.startswith("102") for key in ten_hours) == 15 and late == 1
    thirty_hours, late = means_of_the_day([newest, row(2, 102, 30.0, MIDNIGHT - 30 * HOUR)])
    assert len(thirty_hours) == 24 and late == 1


def test_null_counts_nowhere() -> None:
    assert means_of_the_day([row(1, 101, None, MIDNIGHT)]) == ({}, 0)
    assert means_of_the_hour([row(1, 101, None, MIDNIGHT)]) == []


def test_each_row_has_the_mean_of_its_hour_so_far() -> None:
    rows = [row(1, 101, 20.0, MIDNIGHT), row(2, 102, 5.0, MIDNIGHT), row(3, 101, 21.0, MIDNIGHT + HOUR - 1),
            row(4, 101, 9.0, MIDNIGHT + HOUR)]  # fmt: skip
    found = [(mean["n"], mean["mitjana"]) for mean in means_of_the_hour(rows)]
    assert found == [(1, 20.0), (1, 5.0), (2, 20.5), (1, 9.0)]


def test_words_of_catalan() -> None:
    assert words(["Una col·lecció d'hores,", "una COL·LECCIÓ"]) == {"una": 2, "col·lecció": 2, "d": 1, "hores": 1}


def test_rows_of_three_days_hold_what_the_cases_need() -> None:
    rows = three_days(240)
    days = {fields["ingest_time"] // DAY for fields in rows}
    assert len(days) >= 3 and any(fields["temperatura"] is None for fields in rows)
    assert means_of_the_day(rows)[1] > 3
    # No row is late in the part during which the case kills the program.
    middle = rows[80:170]
    assert means_of_the_day(middle)[1] == 0
