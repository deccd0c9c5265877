"""What a lab takes on a machine: somebody else's is named with what to do about it, the lab's own passes."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.streaming.lab.plugins.module_utils.machine import owners

ROOT = Path(__file__).resolve().parents[2]
KAFKA = {"name": "kafka", "number": 802, "setting": "kafka_uid", "home": "/var/lib/kafka"}


class Accounts:
    """Accounts of a machine, in the place of its /etc/passwd and /etc/group."""

    def __init__(self) -> None:
        self.users: list[pwd.struct_passwd] = []
        self.groups: list[grp.struct_group] = []

    def user(self, name: str, uid: int, home: str, shell: str = "/bin/bash") -> None:
        """Add a user with a group of the same name and number."""
        self.users.append(pwd.struct_passwd((name, "x", uid, uid, "", home, shell)))
        self.group(name, uid)

    def group(self, name: str, gid: int) -> None:
        """Add a group."""
        self.groups.append(grp.struct_group((name, "x", gid, [])))


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Accounts:
    """A machine with the accounts that a test gives it."""
    accounts = Accounts()
    monkeypatch.setattr(
        owners, "_user", lambda key: next((one for one in accounts.users if key in (one.pw_name, one.pw_uid)), None)
    )
    monkeypatch.setattr(
        owners, "_group", lambda key: next((one for one in accounts.groups if key in (one.gr_name, one.gr_gid)), None)
    )
    return accounts


def test_a_fresh_machine_has_no_problem(machine: Accounts) -> None:
    assert owners.account_problems(**KAFKA) == []
    assert owners.student_problems("student", 1500, "/home/no-such-student") == []


def test_the_labs_own_accounts_pass(machine: Accounts) -> None:
    machine.user("kafka", 802, "/var/lib/kafka", "/usr/sbin/nologin")
    machine.user("hadoop", 804, "/home/hadoop")
    machine.user("student", 1500, "/home/student")
    assert owners.account_problems(**KAFKA) == []
    assert owners.account_problems("hadoop", 804, "hadoop_uid") == []
    assert owners.student_problems("student", 1500, "/home/student") == []


def test_a_person_called_kafka_is_refused_in_one_line(machine: Accounts) -> None:
    machine.user("kafka", 1001, "/home/kafka")
    [line] = owners.account_problems(**KAFKA)
    assert line == "account: user kafka (uid 1001) is not the lab's; rename it (usermod --login NEW kafka)"


def test_a_person_with_the_labs_number_is_refused(machine: Accounts) -> None:
    machine.user("kafka", 802, "/home/kafka")
    [line] = owners.account_problems(**KAFKA)
    assert "/home/kafka" in line and "rename it" in line


def test_a_number_of_another_user_names_the_setting(machine: Accounts) -> None:
    machine.user("prometheus", 802, "/var/lib/prometheus", "/usr/sbin/nologin")
    assert owners.account_problems(**KAFKA) == [
        "account: uid 802 belongs to user prometheus; set kafka_uid to a free number"
    ]


def test_groups_are_checked_where_there_is_no_user(machine: Accounts) -> None:
    machine.group("kafka", 1005)
    [line] = owners.account_problems(**KAFKA)
    assert line.startswith("group: group kafka (gid 1005)") and "groupmod" in line
    machine.groups.clear()
    machine.group("docker", 802)
    [line] = owners.account_problems(**KAFKA)
    assert line == "group: gid 802 belongs to group docker; set kafka_uid to a free number"


def test_a_student_who_works_here_keeps_the_home(machine: Accounts) -> None:
    machine.user("toni", 1000, "/home/toni")
    assert owners.student_problems("toni", 1500, "/home/toni") == []
    [line] = owners.student_problems("toni", 1500, "/home/student")
    assert line == "account: the home of user toni is /home/toni; set course_home to it"


def test_a_student_who_cannot_be_made_is_refused(machine: Accounts, tmp_path: Path) -> None:
    machine.user("ana", 1500, "/home/ana")
    assert "set course_uid" in owners.student_problems("student", 1500, "/home/student")[0]
    machine.users.clear()
    machine.groups.clear()
    machine.group("student", 2000)
    assert "group student is here without a user" in owners.student_problems("student", 1500, "/home/student")[0]
    machine.groups.clear()
    [line] = owners.student_problems("student", os.getuid() + 1, str(tmp_path))
    assert line.startswith(f"file: {tmp_path} belongs to uid {os.getuid()}")


def write(path: Path, text: str) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_a_unit_of_the_lab_passes(tmp_path: Path) -> None:
    write(tmp_path / "etc/systemd/system/kafka.service", "# Ansible managed (role kafka)\n[Unit]\n")
    assert owners.unit_problems("kafka.service", "(role kafka)", tmp_path) == []


@pytest.mark.parametrize("folder", owners.UNIT_FOLDERS)
def test_a_unit_of_somebody_else_is_refused_wherever_it_lies(tmp_path: Path, folder: str) -> None:
    write(tmp_path / folder / "kafka.service", "[Unit]\nDescription=Kafka by hand\n")
    [line] = owners.unit_problems("kafka.service", "(role kafka)", tmp_path)
    assert line.startswith(f"unit: /{folder}/kafka.service is not the lab's; stop and disable kafka.service")


def test_a_linked_masked_or_sysv_unit_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "opt/kafka.service", "# Ansible managed (role kafka)\n")
    unit = tmp_path / "etc/systemd/system/kafka.service"
    unit.parent.mkdir(parents=True)
    unit.symlink_to(tmp_path / "opt/kafka.service")
    assert "is not the lab's" in owners.unit_problems("kafka.service", "(role kafka)", tmp_path)[0]
    unit.unlink()
    unit.symlink_to("/dev/null")
    assert "systemctl unmask kafka.service" in owners.unit_problems("kafka.service", "(role kafka)", tmp_path)[0]
    unit.unlink()
    write(tmp_path / "etc/init.d/kafka", "#!/bin/sh\n")
    assert "/etc/init.d/kafka" in owners.unit_problems("kafka.service", "(role kafka)", tmp_path)[0]


def test_files_and_folders_of_somebody_else_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "etc/profile.d/hadoop.sh", "export HADOOP_HOME=/srv/hadoop\n")
    assert owners.file_problems("/etc/profile.d/hadoop.sh", "(role hadoop)", tmp_path) == [
        "file: /etc/profile.d/hadoop.sh is not the lab's; move it away"
    ]
    write(tmp_path / "etc/profile.d/hadoop.sh", "# Ansible managed (role hadoop). Hadoop's commands.\n")
    assert owners.file_problems("/etc/profile.d/hadoop.sh", "(role hadoop)", tmp_path) == []
    write(tmp_path / "opt/kafka/bin/kafka-topics.sh", "")
    assert owners.program_problems("/opt/kafka", "kafka_home", tmp_path) == [
        "file: /opt/kafka is here and is not the lab's; move it away, or set kafka_home"
    ]
    write(tmp_path / owners.PROVISIONED.lstrip("/"), "")
    assert owners.program_problems("/opt/kafka", "kafka_home", tmp_path) == []


def test_data_belongs_to_the_servers_number_or_is_empty(tmp_path: Path) -> None:
    mine, other = os.getuid(), os.getuid() + 1
    assert owners.data_problems("/var/lib/kafka", other, "kafka_data_dir", tmp_path) == []
    (tmp_path / "var/lib/kafka/lost+found").mkdir(parents=True)
    assert owners.data_problems("/var/lib/kafka", other, "kafka_data_dir", tmp_path) == []
    write(tmp_path / "var/lib/kafka/topic-0/0.log", "")
    assert owners.data_problems("/var/lib/kafka", mine, "kafka_data_dir", tmp_path) == []
    [line] = owners.data_problems("/var/lib/kafka", other, "kafka_data_dir", tmp_path)
    assert f"/var/lib/kafka belongs to uid {mine}" in line and "set kafka_data_dir" in line


def claims() -> dict[str, list[dict[str, Any]]]:
    """What preflight claims, by part, as written in its variables."""
    path = ROOT / "roles/preflight/vars/main.yml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))["__preflight_claims"]


def test_every_unit_that_a_role_installs_is_claimed() -> None:
    written = {path.name.removesuffix(".j2") for path in ROOT.glob("roles/*/templates/*.service.j2")}
    claimed = {claim["name"] for part in claims().values() for claim in part if claim["kind"] == "unit"}
    assert claimed == written


def test_every_unit_that_a_role_installs_has_the_mark_that_preflight_looks_for() -> None:
    marks = {claim["name"]: claim["mark"] for part in claims().values() for claim in part if claim["kind"] == "unit"}
    for path in ROOT.glob("roles/*/templates/*.service.j2"):
        head = path.read_text(encoding="utf-8").splitlines()[:5]
        assert any(marks[path.name.removesuffix(".j2")] in line for line in head), path


def test_every_account_that_a_role_makes_is_claimed_with_its_number() -> None:
    numbers = {}
    for path in ROOT.glob("roles/*/defaults/main.yml"):
        for name, value in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            if name.endswith(("_uid", "_gid")):
                numbers[name] = value
    claimed = {}
    for part in claims().values():
        for claim in part:
            if claim["kind"] in ("account", "group"):
                claimed[claim["setting"]] = claim["number"]
            elif claim["kind"] == "student":
                claimed["course_uid"] = claim["number"]
    assert set(claimed) == set(numbers)
    assert [
        name for name, text in claimed.items() if "default(" in text and f"default({numbers[name]})" not in text
    ] == []


def test_every_claim_can_be_checked() -> None:
    for part in claims().values():
        for claim in part:
            given = {key: 1 if key == "number" else value for key, value in claim.items()}
            assert isinstance(owners.problems([given]), list)
