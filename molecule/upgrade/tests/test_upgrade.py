"""`./lab up` upgrades a lab of an earlier release and keeps what a class has in it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from conftest import SETTINGS, Upgrade
from data import FILES, TOPICS, read, sink
from scenario_kit import ROOT


def test_up_upgrades(upgrade: Upgrade) -> None:
    assert upgrade.ended.status == 0, upgrade.ended.text
    assert upgrade.ended.changed > 0


def test_servers_run_and_connectors_go_on(upgrade: Upgrade) -> None:
    ended = upgrade.lab.lab("status", *upgrade.options, settings=SETTINGS)
    assert ended.status == 0, ended.text
    upgrade.classroom.running()
    upgrade.after = read(upgrade.classroom) | {"secrets": upgrade.secrets()}


@pytest.mark.parametrize(
    "kind", ["topics", "records", "group", "tables", "files", "hdfs", "connectors", "offsets", "secrets"]
)
def test_kept(upgrade: Upgrade, kind: str) -> None:
    """Nothing of this kind is missing, changed or doubled."""
    assert upgrade.before[kind], "the earlier release held nothing of this kind"
    if kind == "secrets":
        assert upgrade.before[kind].items() <= upgrade.after[kind].items()
    else:
        assert upgrade.after[kind] == upgrade.before[kind]


def test_programs_of_the_notes_are_the_present_ones_where_the_student_changed_nothing(upgrade: Upgrade) -> None:
    changed = {Path(path).name for path in FILES}
    there = upgrade.classroom.student("cd ~/kafka-python && sha256sum *.py")
    found = {line.split()[1]: line.split()[0] for line in there.splitlines()}
    sources = {path.name: path for path in (ROOT / "roles/course/files/programs").glob("*.py")}
    expected = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sources.items()}
    stale = {name for name in expected.keys() - changed if found.get(name) != expected[name]}
    assert not stale


def test_new_lines_and_rows_arrive_once(upgrade: Upgrade) -> None:
    """Connectors, groups and hdfs-sink continue at the place that they had reached."""
    lab = upgrade.classroom
    lab.student("echo 'Bona nit' >> entrada.txt")
    lab.sql("INSERT INTO temperatures(datahora, valor) VALUES('2025-02-21 12:00:00', 17.1)")
    least = {topic: len(upgrade.before["records"][topic]) for topic in TOPICS}
    least |= {topic: least[topic] + 1 for topic in ("connect-fitxers", "mysql_temperatures")}
    found = lab.ask("read", topics=list(TOPICS), least=least, seconds=60)
    assert {topic: len(records) for topic, records in found.items()} == least
    sink(lab, rows=3)


def test_second_run_changes_nothing(upgrade: Upgrade) -> None:
    ended = upgrade.lab.lab("up", "--no-verify", *upgrade.options, settings=SETTINGS)
    assert (ended.status, ended.changed) == (0, 0), ended.text


def test_an_upgraded_lab_survives_a_long_stop(upgrade: Upgrade) -> None:
    """Once is enough: the case restarts servers."""
    if not upgrade.options:
        pytest.skip("runs on the machines over ssh")
    ended = upgrade.lab.lab("verify", "--faults", "long-stop", *upgrade.options, settings=SETTINGS)
    assert ended.status == 0, ended.text
