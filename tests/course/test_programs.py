"""The lab's programs: how they are started."""

from __future__ import annotations

from pathlib import Path

import pytest

ROLES = Path(__file__).resolve().parents[2] / "roles"


@pytest.mark.parametrize(
    ("template", "program"),
    [
        ("course/templates/slate.sh.j2", "slate"),
        ("hdfs_sink/templates/hdfs-sink.sh.j2", "hdfs_sink"),
        ("bluesky/templates/bluesky-search.service.j2", "bluesky_search"),
    ],
)
def test_a_program_imports_nothing_from_the_folder_that_it_is_started_in(template: str, program: str) -> None:
    """Root starts them too, perhaps in a folder of the student's."""
    text = (ROLES / template).read_text(encoding="utf-8")
    assert f"{{{{ course_venv }}}}/bin/python3 -P -m {program} " in text
    assert "PYTHONPATH" not in text
