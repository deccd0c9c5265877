"""Cases of MySQL leave alone what is not theirs: a person's server, and other connectors."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import yaml

from tests.artifacts.kit import ROOT
from verify.support.binary_logs import reason_not_to_purge

SOURCE = "mysql-temperatures"


def lab(adopted: bool = False, connectors: tuple[str, ...] = (SOURCE,)) -> SimpleNamespace:
    """A lab on one host with Debezium."""

    def root(command: str) -> str:
        assert command == "test -e /etc/mysql/mysql.conf.d/zz-streaming-lab.cnf || echo absent"
        return "absent\n" if adopted else ""

    host = SimpleNamespace(name="kafka", root=root)
    return SimpleNamespace(mysql_engine="debezium", part=lambda name: host, rest=lambda path: list(connectors))


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        (lab(adopted=True), "needs a MySQL server that the lab made"),
        (lab(connectors=(SOURCE, "mine")), "would lose their position: mine"),
    ],
)
def test_binary_logs_of_others_are_not_purged(there: SimpleNamespace, reason: str) -> None:
    assert reason in reason_not_to_purge(there, SOURCE)


def test_binary_logs_of_the_case_alone_may_be_purged() -> None:
    assert reason_not_to_purge(lab(), SOURCE) == ""


def test_the_playbook_recovers_the_named_connectors_alone() -> None:
    (play,) = yaml.safe_load((ROOT / "verify/playbooks/health.yml").read_text(encoding="utf-8"))
    tasks = [
        task["streaming.lab.connector_health"] for task in play["tasks"] if "streaming.lab.connector_health" in task
    ]
    assert [task["names"] for task in tasks] == ["{{ names }}"] * 2
