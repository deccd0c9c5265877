"""The order of the cases, and which of them run side by side."""

from __future__ import annotations

from collections.abc import Sequence

ORDER = (
    "host", "first-steps", "python-text", "python-json", "groups", "file-standalone", "file-distributed",
    "mysql-source", "mysql-types", "webhdfs", "hdfs-raw", "hdfs-csv", "hdfs-sink", "bluesky", "transformations",
    "faust", "kafka-streams",
)  # fmt: skip
"""Cases in the order of the notes."""

LANES = (
    ("mysql-source", "mysql-types", "hdfs-raw", "hdfs-csv", "transformations", "faust"),
    ("groups", "python-json", "webhdfs"),
    ("file-standalone", "file-distributed", "first-steps", "python-text", "kafka-streams"),
    ("host", "hdfs-sink", "bluesky"),
)
"""Cases by lane. Two cases that use one topic, table, connector or file stand in one lane (tests/verify)."""


def lanes_of(cases: Sequence[str]) -> list[tuple[str, ...]]:
    """The lanes of some cases; none where a case has no lane, so that it must run alone."""
    if any(case not in ORDER for case in cases):
        return []
    wanted = cases or ORDER
    return [lane for lane in (tuple(case for case in lane if case in wanted) for lane in LANES) if lane]
