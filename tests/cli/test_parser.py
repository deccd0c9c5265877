"""The command line: what is accepted, what is refused, and with which status."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli import __main__ as entry
from cli import lab
from cli import parser as arguments
from cli.commands import verify
from cli.errors import BAD_INPUT, CHECK_FAILED, INTERRUPTED, PROVISIONING_FAILED, LabError


def test_shared_options_stand_before_or_after_the_command() -> None:
    before = arguments.parse(["--name", "one", "-v", "up"])
    after = arguments.parse(["up", "--name", "one", "-v"])
    assert (before.name, before.verbose) == (after.name, after.verbose) == ("one", 1)


def test_a_commands_parser_does_not_overwrite_what_stood_before_it() -> None:
    assert arguments.parse(["-i", "inventory/single", "up"]).inventory == "inventory/single"


def test_shell_keeps_what_follows_the_dashes_untouched() -> None:
    parsed = arguments.parse(["shell", "kafka", "--", "ls", "--name", "-v", "--", "x"])
    assert parsed.rest == ["ls", "--name", "-v", "--", "x"]
    assert parsed.name is None


@pytest.mark.parametrize(
    "argv",
    [
        ["lock", "-v", "kafka", "--cache", "/c"],
        ["-v", "lock", "--cache", "/c", "kafka"],
        ["--name", "x", "lock", "--cache", "/c", "kafka", "-i", "inventory/single", "-e", "a=1", "--limit", "h"],
    ],
)
def test_lock_takes_its_own_options_and_those_of_every_command(argv: list[str]) -> None:
    parsed = arguments.parse(argv)
    assert (parsed.command, parsed.product, parsed.cache) == ("lock", ["kafka"], "/c")


def test_lock_help_lists_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments.parse(["lock", "--help"])
    assert "--cache FOLDER" in capsys.readouterr().out


@pytest.mark.parametrize(
    "argv",
    [[], ["bogus"], ["up", "--nope"], ["shell"], ["up", "extra"], ["status", "--", "x"], ["up", "--na", "x"]],
)
def test_bad_usage_is_one_line_and_status_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments.parse(argv)
    assert ended.value.code == BAD_INPUT
    said = capsys.readouterr().err
    assert said.startswith("lab: ") and said.count("\n") == 1


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments.parse(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for command in ("up", "verify", "status", "shell", "reset", "down", "doctor", "test", "lock"):
        assert f"  {command} " in shown


@pytest.mark.parametrize("name", ["lab", "a", "class-7b", "a" + "b" * 20])
def test_lab_names_that_can_be(name: str) -> None:
    assert lab.from_arguments(arguments.parse(["--name", name, "up"])).name == name


@pytest.mark.parametrize("name", ["Lab", "7b", "a_b", "a" + "b" * 21, "a b", "../x", "a\n"])
def test_lab_names_that_cannot_be(name: str) -> None:
    with pytest.raises(LabError, match="cannot be used") as refused:
        lab.from_arguments(arguments.parse(["--name", name, "up"]))
    assert refused.value.status == BAD_INPUT


def test_name_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_NAME", "mine")
    assert lab.from_arguments(arguments.parse(["up"])).name == "mine"
    assert lab.from_arguments(arguments.parse(["up", "--name", "other"])).name == "other"


def test_tests_of_two_clones_have_labs_of_their_own(tmp_path: Path) -> None:
    assert lab.test_name(tmp_path / "one") == lab.test_name(tmp_path / "one")
    assert lab.test_name(tmp_path / "one") != lab.test_name(tmp_path / "two")
    assert lab.LAB_NAME.fullmatch(lab.test_name(tmp_path / "one"))


def test_tests_never_take_the_name_of_the_lab_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_NAME", "a-very-long-name-here")
    assert lab.test_name() != "a-very-long-name-here"
    assert lab.LAB_NAME.fullmatch(lab.test_name())


def test_unknown_inventory_lists_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "inventory" / "single").mkdir(parents=True)
    with pytest.raises(LabError, match="known: inventory/single"):
        lab.find_inventory("classroom", tmp_path)


def test_inventory_by_bare_name_and_from_where_the_person_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inventory" / "single").mkdir(parents=True)
    (tmp_path / "elsewhere" / "mine").mkdir(parents=True)
    monkeypatch.setenv("LAB_CWD", str(tmp_path / "elsewhere"))
    assert lab.find_inventory("single", tmp_path) == tmp_path / "inventory" / "single"
    assert lab.find_inventory("mine", tmp_path) == tmp_path / "elsewhere" / "mine"


INVENTORY_FILE = "hosts.yml", "all: {hosts: {kafka: {}}, children: {kafka: {hosts: {kafka: {}}}}}"


@pytest.mark.parametrize(
    ("file", "text", "settings", "containers"),
    [
        ("group_vars/all.yml", "lab_containers: true", (), True),
        ("group_vars/all.yml", "lab_containers: true  # by podman", (), True),
        ("group_vars/all/own.yml", "lab_containers: yes", (), True),
        ("group_vars/all.yml", "lab_containers: false", (), False),
        ("group_vars/all.yml", "# lab_containers: true", (), False),
        ("group_vars/all.yml", "x: 1", (), False),
        ("group_vars/all.yml", "{lab_containers: true}", (), True),
        ("group_vars/all.yml", "vagrant: true\nlab_containers: '{{ not vagrant }}'", (), False),
        ("host_vars/kafka.yml", "lab_containers: true", (), True),
        ("group_vars/all.yml", "lab_containers: true", ('{"lab_containers": false}',), False),
    ],
)
def test_an_inventory_is_one_of_containers_when_ansible_says_so(
    tmp_path: Path, file: str, text: str, settings: tuple[str, ...], containers: bool
) -> None:
    for name, content in (INVENTORY_FILE, (file, text)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\n{content}\n", encoding="utf-8")
    assert lab.Lab("lab", tmp_path, settings).is_containers is containers


def test_hosts_that_differ_in_lab_containers_are_refused(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text(
        "all: {hosts: {a: {lab_containers: true}, b: {lab_containers: false}}}", encoding="utf-8"
    )
    with pytest.raises(LabError, match="false for b"):
        _ = lab.Lab("lab", tmp_path).is_containers


@pytest.mark.parametrize("text", ["nonsense", "=1", "@not-there.yml"])
def test_settings_that_ansible_would_misread_are_refused(text: str) -> None:
    with pytest.raises(LabError, match="extra-vars"):
        lab.from_arguments(arguments.parse(["up", "-e", text]))


def test_settings_file_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own settings.yml").write_text("kafka_port: 9093\n", encoding="utf-8")
    monkeypatch.setenv("LAB_CWD", str(tmp_path))
    current = lab.from_arguments(arguments.parse(["up", "-e", "@own settings.yml"]))
    assert current.extra_vars == (f"@{tmp_path / 'own settings.yml'}",)


def test_case_names_take_dashes_and_underscores_once() -> None:
    assert verify.check_names(["mysql_source", "mysql-source", "groups"], ["groups", "mysql-source"]) == [
        "mysql-source",
        "groups",
    ]


def test_unknown_case_lists_the_known(tmp_path: Path) -> None:
    folder = tmp_path / "verify" / "cases"
    folder.mkdir(parents=True)
    for name in ("test_groups.py", "test_hdfs_raw.py"):
        (folder / name).touch()
    with pytest.raises(LabError, match=r"no case is called flnk; known: groups, hdfs-raw"):
        verify.check_names(["flnk"], verify.known_cases(tmp_path))


def test_pytest_gets_the_inventory_and_the_limit(tmp_path: Path) -> None:
    argv = verify.pytest_arguments(lab.Lab("lab", tmp_path, limit="kafka"), ["--case=groups"])
    assert argv[1:4] == ["-m", "pytest", "verify"]
    assert {f"--lab-inventory={tmp_path}", "--limit=kafka", "--case=groups"} <= set(argv)


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        (LabError("a line"), BAD_INPUT),
        (LabError("a line", CHECK_FAILED), CHECK_FAILED),
        (KeyboardInterrupt(), INTERRUPTED),
        (OSError("a line"), PROVISIONING_FAILED),
    ],
)
def test_exit_status_and_one_line(
    raised: BaseException,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(*_: object) -> int:
        raise raised

    monkeypatch.setattr("cli.commands.doctor.run", run)
    monkeypatch.setattr("cli.lab.ROOT", tmp_path)
    assert entry.main(["doctor"]) == status
    assert capsys.readouterr().err.strip().startswith("lab: ")


def test_a_second_verification_of_the_same_lab_is_kept_out(tmp_path: Path) -> None:
    one, other = (lab.Lab(name, tmp_path / "inventory", root=tmp_path) for name in ("one", "other"))
    with verify.alone(one):
        with pytest.raises(LabError, match="lab one is being verified already"), verify.alone(one):
            pass
        with verify.alone(other):
            pass


@pytest.mark.parametrize(
    ("given", "passed_on"),
    [
        ("lab_services_enabled=false", '{"lab_services_enabled": false}'),
        ("lab_services_enabled=Yes", '{"lab_services_enabled": true}'),
        ("kafka_heap=768m", "kafka_heap=768m"),
        ("kafka_port=9093", "kafka_port=9093"),
        ('{"kafka_port": 9093}', '{"kafka_port": 9093}'),
    ],
)
def test_true_and_false_reach_ansible_as_such(given, passed_on):
    assert lab.from_arguments(arguments.parse(["up", "-e", given])).extra_vars == (passed_on,)


def test_the_default_inventory_is_this_clones_also_from_another_clones_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / lab.DEFAULT_INVENTORY).mkdir(parents=True)
    monkeypatch.setenv("LAB_CWD", str(tmp_path))
    assert lab.from_arguments(arguments.parse(["up"])).inventory == lab.ROOT / lab.DEFAULT_INVENTORY
