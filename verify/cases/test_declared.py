"""Topics and connectors as declared state, on real servers: made, changed, refused, taken away; what is others' stays.

Beyond the notes, so it runs with --restarts or by its name. One playbook (verify/playbooks/declared.yml) does all the
steps; the tests look at their answers and at the records.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest

from verify.support import playbook

ENGINE = "kafka-python"
SERVERS = (("connect", "kafka-connect"),)
LEDGER = "/run/lab-verify/declared.json"
ANSWERS = "/run/lab-verify/declared-answers.json"
PREFIX = "lab-verify-declared"
pytestmark = pytest.mark.extra


@pytest.fixture(scope="module")
def answers(lab) -> dict[str, Any]:
    """What each step of the playbook answered."""
    lab.workspace.root(f"rm -f {LEDGER}")
    settings = {
        "python": f"{lab.values['course_venv']}/bin/python",
        "bootstrap": lab.settings["bootstrap"],
        "connect": lab.settings["connect"],
        "folder": lab.home,
        "ledger": LEDGER,
        "answers": ANSWERS,
        "secret": f"geheim-{secrets.token_hex(8)}",
    }
    printed = playbook.run(lab.workspace, "declared.yml", settings, "-vvv")
    found = json.loads(lab.workspace.root(f"cat {ANSWERS}"))
    return {**found, "secret": settings["secret"], "printed": printed}


def test_topics(answers, lab, evidence):
    """Made, again without a change, partitions added, a key set and another put back; a dry run says the same."""
    made = [f"{PREFIX}-grows: created", f"{PREFIX}-lines: created"]
    assert answers["topics_dry"]["messages"] == answers["topics_made"]["messages"] == made
    assert (answers["topics_dry"]["changed"], answers["topics_made"]["changed"]) == (True, True)
    assert answers["topics_again"]["changed"] is False
    change = answers["topics_changed"]["diff"]
    default = "the broker's default"
    assert change["before"] == {
        f"{PREFIX}-grows": {
            "partitions": 2,
            "replication_factor": 1,
            "config": {"cleanup.policy": "delete", "retention.ms": "1000000"},
        }
    }
    assert change["after"] == {
        f"{PREFIX}-grows": {
            "partitions": 3,
            "replication_factor": 1,
            "config": {"cleanup.policy": "compact", "retention.ms": default},
        }
    }
    assert lab.ask("partitions", topic=f"{PREFIX}-grows") == 3
    tool = f"bin/kafka-configs.sh --bootstrap-server {lab.settings['bootstrap']} --describe --topic {PREFIX}-grows"
    told = lab.student(tool)
    assert "cleanup.policy=compact" in told and "retention.ms" not in told, told
    evidence("topics made, again changed=0, 2->3 partitions, one key set, one back to its default")


def test_topics_as_they_cannot_be(answers, lab):
    """Each is refused with its reason, in a dry run too."""
    ours, brokers = [result["msg"] for result in answers["topics_refused"]["results"]]
    for said, reasons in (
        (
            ours,
            (
                "grows has 3 partitions, declared are 1: Kafka takes none away",
                "grows has replication factor 1, declared is 3",
                "replication factor 99 needs 99 brokers",
                "new2: retention.msec is no config of a topic, did you mean retention.ms?",
                "'lab verify' is no topic's name",
            ),
        ),
        (
            brokers,
            ("Invalid value never for configuration cleanup.policy", "new: creation refused: Invalid value soon"),
        ),
    ):
        for why in (*reasons, "(nothing was changed)"):
            assert why in said, f"{said}\nlacks: {why}"
    assert f"{PREFIX}-new" not in lab.ask("topics")


def test_connectors(answers, evidence):
    """Made and running, again without a change, one option of one changed."""
    made = [f"{PREFIX}-sink: created", f"{PREFIX}-source: created"]
    assert answers["dry"]["messages"] == answers["made"]["messages"] == made
    assert answers["again"]["changed"] is False and answers["again"]["messages"] == []
    assert answers["changed"]["messages"] == [f"{PREFIX}-source: changed batch.size"]
    change = answers["changed"]["diff"]
    after = change["after"][f"{PREFIX}-source"]["config"]
    assert list(change["after"]) == [f"{PREFIX}-source"]
    assert after == change["before"][f"{PREFIX}-source"]["config"] | {"batch.size": "500"}
    evidence("connectors made and running, again changed=0, one option changes one connector")


def test_connectors_as_they_cannot_be(answers, evidence):
    """An unknown option, errors of a validation and a wrong class are each named, and nothing is made."""
    unknown = "topicc is no option of FileStreamSourceConnector, did you mean topic?"
    for why in (
        f"lab-verify-new: {unknown}",
        "lab-verify-new2: tasks.max: Invalid value none",
        "topics",
        "lab-verify-new3: the worker has no connector FileStreamSuorce",
        "(nothing was changed)",
    ):
        assert why in answers["refused"]["msg"], f"{answers['refused']['msg']}\nlacks: {why}"
    assert not [name for name in answers["connectors"]["json"] if name.startswith("lab-verify-new")]
    evidence(unknown)


def test_a_secret_in_a_config_is_shown_nowhere(answers, lab, evidence):
    """Not in the difference, not in what -vvv prints, not in the host's journal; and there is a warning."""
    shown = answers["secret_shown"]
    assert shown["diff"]["after"]["lab-verify-new"]["config"]["sasl.jaas.config"] == "********"
    assert any("sasl.jaas.config stands in the configuration" in warning for warning in shown["warnings"])
    assert answers["secret"] not in answers["printed"]
    # Written as a pattern that does not find itself in the journal, where sudo notes commands.
    pattern = answers["secret"].replace("geheim", "gehei[m]")
    assert lab.workspace.root(f"journalctl --no-pager --output=cat --boot | grep -c '{pattern}'", check=False) == "0\n"
    evidence("a secret in a config: masked, in no output, in no journal")


def test_paused_and_failed(answers, evidence):
    """A paused one is paused; a task that cannot run ends the module with why, in one line."""
    states = answers["paused"]["json"]
    assert [states["connector"]["state"], *[task["state"] for task in states["tasks"]]] == ["PAUSED", "PAUSED"]
    message = answers["failed"]["msg"]
    assert message.startswith(f"connector {PREFIX}-sink: task 0 FAILED on ")
    assert "/proc/nothing" in message and "\n" not in message
    evidence("a failed task ends with its trace's first lines")


def test_what_is_no_longer_declared_goes_and_what_is_others_stays(answers, lab, evidence):
    """Both declared ones were deleted, then one was declared again; the one made by hand was never touched."""
    assert sorted(answers["gone"]["messages"]) == [f"{PREFIX}-sink: deleted", f"{PREFIX}-source: deleted"]
    assert {"lab-verify-by-hand", f"{PREFIX}-source"} <= set(answers["connectors"]["json"])
    assert f"{PREFIX}-sink" not in answers["connectors"]["json"]
    assert lab.running("lab-verify-by-hand")
    evidence("no longer declared: deleted; one made by hand survives")


def test_offsets_outlive_a_deletion_and_not_a_second_start(answers, lab, evidence):
    """Two lines of a file: read once by the first two lives of the connector, again by its fresh one."""
    assert answers["fresh"]["messages"] == [f"{PREFIX}-source: created again without its offsets"]
    values = [json.loads(record["value"])["payload"] for record in lab.records(f"{PREFIX}-lines", 4)]
    assert values == ["un", "dos", "un", "dos"]
    evidence("2 lines: twice declared, read once; created again without its offsets, read again")
