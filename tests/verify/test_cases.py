"""Cases say when a lab is not made for them, in the table and not by a failure."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from verify.cases import test_file_distributed


@pytest.mark.parametrize("workers", [("kafka", "kafka2"), ("kafka2",)])
def test_files_want_one_worker_on_the_students_host(workers: tuple[str, ...]) -> None:
    hosts = tuple(SimpleNamespace(name=name) for name in workers)
    lab = SimpleNamespace(info=SimpleNamespace(parts={"connect": hosts}), workspace=SimpleNamespace(name="kafka"))
    said: list[str] = []
    with pytest.raises(pytest.skip.Exception, match="needs one worker"):
        test_file_distributed.test_lines_go_through_over_rest(lab, said.append)
    assert "needs one worker" in said[0]
