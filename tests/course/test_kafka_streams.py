"""The programs of Kafka Streams: what they have in common is the same text in each, because each is one file."""

from __future__ import annotations

import pytest

from tests.conftest import ROOT

FOLDER = ROOT / "roles/course/files/kafka-streams"
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.java"))


def source(program: str) -> str:
    return (FOLDER / f"{program}.java").read_text(encoding="utf-8")


def test_what_all_have_in_common_is_the_same_text() -> None:
    begin = "    // A partir d'aquí, el mateix en els quatre programes"
    assert len(PROGRAMS) == 4
    assert len({source(program).partition(begin)[2] for program in PROGRAMS}) == 1


def test_those_that_read_rows_read_them_alike() -> None:
    begin, end = "    /** Llegeix una fila de temperatures2", "    // A partir d'aquí"
    texts = [source(program).partition(begin)[2].partition(end)[0] for program in PROGRAMS if begin in source(program)]
    assert len(texts) == 3
    assert len(set(texts)) == 1


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_comment_says_how_to_start_it(program: str) -> None:
    assert f"bin/kafka-run-class.sh ~/kafka-streams/{program}.java" in source(program)
