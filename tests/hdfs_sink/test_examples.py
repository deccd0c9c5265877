"""hdfs-sink and the example records of verify/data/example_rows.json: no digit, no NULL and no valid row is lost."""

from __future__ import annotations

import json

import pytest

from hdfs_sink.hdfs.names import day_of
from hdfs_sink.records.columns import Column
from hdfs_sink.records.rows import Maker
from tests.conftest import ROOT
from tests.hdfs_sink.topic_log import Record

GROUPS = json.loads((ROOT / "verify/data/example_rows.json").read_text(encoding="utf-8"))
EXAMPLES = [
    pytest.param(group, example, id=f"{group['about'][:24]}-{number}")
    for group in GROUPS
    for number, example in enumerate(group["records"], 1)
]


def maker(format_: str, group: dict) -> Maker:
    columns = [Column.read(text) for text in group["columns"].split(",")]
    return Maker(format_, columns, bare=group["bare"], time=Column.read(group["time_field"], "datetime"))


@pytest.mark.parametrize(("group", "example"), EXAMPLES)
@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_an_example_record_becomes_its_row(format_, group, example):
    make = maker(format_, group)
    record = Record(0, example["value"].encode())
    # The second time what stands before the payload is known, and the fast way is taken.
    for row in (make(record), make(record), make.careful(record)):
        line, time = row
        if format_ == "csv":
            assert line.decode() == example["csv"] + "\n"
        else:
            assert line.decode().replace(": ", ":").replace(", ", ",") == (
                example["jsonl"].replace(": ", ":").replace(", ", ",") + "\n"
            )
        assert (None if time is None else day_of(time)) == example["day"]
