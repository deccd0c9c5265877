"""What the student finds in his folders, and what becomes of his own edits."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from plugins.action.seeded_files import gather
from plugins.modules.seeded_files import decide

FILES = Path(__file__).parents[1] / "roles/course/files"
CONNECTORS = sorted(FILES.glob("connectors/*/*.json"))


@pytest.mark.parametrize(
    ("there", "before", "what"),
    [
        (None, None, "write"),
        (None, "new", "write"),
        ("new", None, "same"),
        ("old", "old", "write"),
        ("edited", "old", "keep"),
        ("somebody else's", None, "keep"),
    ],
)
def test_an_edit_survives_and_an_untouched_file_is_brought_up_to_date(there, before, what):
    assert decide(there, before, "new") == what


def test_addresses_of_the_notes_are_replaced_by_the_labs():
    files = gather(FILES / "programs", "/home/me", "0664", {"localhost:9092": "broker:9192"})
    assert {file["mode"] for file in files} == {"0664"}
    assert "/home/me/producer.py" in {file["dest"] for file in files}
    assert not [file["dest"] for file in files if "localhost:9092" in file["content"]]


@pytest.mark.parametrize("path", sorted(FILES.glob("programs/*.py")), ids=lambda path: path.name)
def test_programs_are_python_and_show_what_they_print_at_once(path):
    text = path.read_text(encoding="utf-8")
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    prints = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
    assert all("flush" in {keyword.arg for keyword in call.keywords} for call in prints)


@pytest.mark.parametrize("path", CONNECTORS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_connectors_hold_no_password_and_no_blank_in_a_field(path):
    config = json.loads(path.read_text(encoding="utf-8"))["config"]
    assert all(value.startswith("${secrets:") for name, value in config.items() if "password" in name)
    assert " " not in config.get("transforms.renameTimestamp.renames", "") + config.get("transforms", "")
    assert "table" not in config, '"table" is no option of the JDBC source'


@pytest.mark.parametrize("name", ["mysql-source.json", "mysql-source2.json"])
def test_both_engines_make_the_same_connector(name):
    debezium, jdbc = (
        json.loads((FILES / f"connectors/{engine}/{name}").read_text()) for engine in ("debezium", "jdbc")
    )
    assert debezium["name"] == jdbc["name"]
    own = ("transforms.drop", "transforms.rename", "transforms.cast", "transforms.add", "value.converter")
    assert [item for item in debezium["config"].items() if item[0].startswith(own)] == [
        item for item in jdbc["config"].items() if item[0].startswith(own)
    ]


def test_debezium_connectors_do_not_share_what_must_be_their_own():
    configs = [json.loads(path.read_text())["config"] for path in FILES.glob("connectors/debezium/*.json")]
    for name in ("database.server.id", "topic.prefix", "schema.history.internal.kafka.topic"):
        assert len({config[name] for config in configs}) == len(configs)
