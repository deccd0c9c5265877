"""What the student finds in their folders, and what becomes of their own edits."""

from __future__ import annotations

import ast
import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.streaming.lab.plugins.action.seeded_files import gather
from ansible_collections.streaming.lab.plugins.modules import seeded_files
from ansible_collections.streaming.lab.plugins.modules.seeded_files import decide

FILES = Path(__file__).resolve().parents[2] / "roles/course/files"
NOBODY = 65534
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


@pytest.fixture
def students_place() -> Iterator[Path]:
    """A folder that user `nobody` owns and reaches, and beside it one of root's with a file."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        for folder in ("theirs", "roots", "pristine"):
            (place / folder).mkdir()
        (place / "roots/file.py").write_text("root's")
        os.chown(place / "theirs", NOBODY, NOBODY)
        yield place


def seed(place: Path, capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    """Run the module for user `nobody` as Ansible does."""
    owner = {"owner": str(NOBODY), "group": str(NOBODY), "pristine": str(place / "pristine")}
    with patch_module_args({**owner, **options}), pytest.raises(SystemExit):
        seeded_files.main()
    return json.loads(capsys.readouterr().out)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as somebody else")
def test_files_are_the_persons(students_place, capsys):
    theirs = students_place / "theirs"
    files = [{"dest": str(theirs / "programs/file.py"), "content": "new"}]
    answer = seed(students_place, capsys, files=files, directories=[str(theirs / "programs")])
    assert answer["written"] == [str(theirs / "programs/file.py")]
    assert {path.stat().st_uid for path in (theirs / "programs", theirs / "programs/file.py")} == {NOBODY}
    assert (students_place / f"pristine{theirs}/programs/file.py").stat().st_uid == 0
    assert os.geteuid() == 0
    assert seed(students_place, capsys, files=files, directories=[str(theirs / "programs")])["changed"] is False


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as somebody else")
def test_a_link_of_the_person_leads_nowhere(students_place, capsys):
    link, target = students_place / "theirs/programs", students_place / "roots"
    link.symlink_to(target)
    answer = seed(students_place, capsys, files=[{"dest": str(link / "new.py"), "content": "new"}])
    assert "cannot work there" in answer["msg"]
    assert [path.name for path in target.iterdir()] == ["file.py"]
    assert (target.stat().st_uid, (target / "file.py").read_text()) == (0, "root's")


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


def test_debezium_routes_every_table_of_its_list_and_no_other_topic():
    for path in FILES.glob("connectors/debezium/*.json"):
        config = json.loads(path.read_text())["config"]
        prefix = config["topic.prefix"]
        pattern = re.compile(config["transforms.route.regex"])
        # RegexRouter replaces only where the whole name matches.
        assert pattern.fullmatch(f"{prefix}.sensors.humitats")[1] == "humitats"
        assert not pattern.fullmatch(f"__debezium-heartbeat.{prefix}")
        assert not pattern.fullmatch(prefix)
        assert config["transforms.route.replacement"] == "mysql_$1"


def test_a_connector_with_its_own_converter_keeps_digits_and_null():
    for path in FILES.glob("connectors/*/mysql-source*.json"):
        config = json.loads(path.read_text())["config"]
        if "value.converter" in config:
            assert config["value.converter.decimal.format"] == "NUMERIC"
            assert config["value.converter.replace.null.with.default"] == "false"
