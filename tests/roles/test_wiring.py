"""What the roles make of an inventory: addresses and rights, with parts on hosts of their own or not there at all."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbooks import ansible_playbook

Ask = Callable[..., dict[str, Any]]
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}


@pytest.fixture
def ask(clone: Path, tmp_path: Path) -> Ask:
    """Renders expressions as a host of an inventory sees them, with the defaults and vars of roles."""

    def render(
        parts: dict[str, list[str]],
        host: str,
        expressions: dict[str, str],
        *roles: str,
        before: tuple[dict[str, Any], ...] = (),
        **settings: Any,
    ) -> dict[str, Any]:
        # Machines first: Ansible gives what is said of a host `kafka` to the group of that name once there is one.
        machines = {name: {"lab_cluster": "one"} for hosts in parts.values() for name in hosts}
        groups = {part: {"hosts": {name: {} for name in hosts}} for part, hosts in parts.items()}
        folder = tmp_path / "inventory"
        (folder / "group_vars").mkdir(parents=True)
        hosts = {"all": {"children": {"machines": {"hosts": machines}, **groups}}}
        (folder / "hosts.yml").write_text(yaml.safe_dump(hosts, sort_keys=False), encoding="utf-8")
        values = {"lab_name": "nowhere", **LOCAL, **settings}
        (folder / "group_vars/all.yml").write_text(yaml.safe_dump(values), encoding="utf-8")
        files = [str(path) for role in roles for path in (clone / "roles" / role).glob("*/main.yml")]
        files = [path for path in files if path.endswith(("defaults/main.yml", "vars/main.yml"))]
        play = [
            {
                "hosts": host,
                "gather_facts": False,
                "vars_files": sorted(files),
                "tasks": [
                    *before,
                    {
                        # One word, which Ansible prints as it is.
                        "ansible.builtin.debug": {"msg": "{{ answers | to_json | b64encode }}"},
                        "vars": {
                            "answers": {name: f"{{{{ {text} }}}}" for name, text in expressions.items()},
                        },
                    },
                ],
            }
        ]
        (tmp_path / "play.yml").write_text(yaml.safe_dump(play), encoding="utf-8")
        (tmp_path / "group_vars").symlink_to(clone / "playbooks/group_vars")
        done = ansible_playbook("-i", str(folder), str(tmp_path / "play.yml"))
        assert done.returncode == 0, done.stdout + done.stderr
        (answers,) = re.findall(r"^    msg: (\S+)$", done.stdout, re.MULTILINE)
        return json.loads(base64.b64decode(answers))

    return render


ONE = {part: ["kafka"] for part in ("zookeeper", "kafka", "connect", "mysql", "workspace")}


def test_an_inventory_changes_the_projects_defaults(ask: Ask) -> None:
    """In its group_vars/all.yml, which Ansible by itself puts below those of the playbooks."""
    wanted = {"openjdk_version": 17, "lab_services_enabled": False}
    assert ask(ONE, "kafka", {name: name for name in wanted}, **wanted) == wanted


@pytest.mark.parametrize(
    ("parts", "bind", "student"),
    [
        (ONE, "127.0.0.1", "localhost"),
        ({**ONE, "workspace": ["desk"]}, "0.0.0.0", "%"),
        ({**ONE, "connect": ["worker"]}, "0.0.0.0", "localhost"),
    ],
    ids=["one host", "workspace elsewhere", "worker elsewhere"],
)
def test_mysql_listens_for_who_is_elsewhere(clone: Path, ask: Ask, parts: dict, bind: str, student: str) -> None:
    tasks = yaml.safe_load((clone / "roles/mysql/tasks/users.yml").read_text(encoding="utf-8"))
    users = next(task for task in tasks[0]["block"] if task["name"] == "Make the users")["loop"]
    host = next(user["host"] for user in users if user["name"] != "kafka").strip("{} ")
    seen = ask(parts, "kafka", {"bind": "mysql_bind_address", "student": host}, "mysql")
    assert seen == {"bind": bind, "student": student}


@pytest.mark.parametrize(
    ("without", "connect", "mysql"),
    [
        (("connect",), "localhost:8083", "kafka:3306"),
        (("connect", "mysql"), "localhost:8083", "localhost:3306"),
    ],
    ids=["connect", "connect and mysql"],
)
def test_a_workspace_does_without(ask: Ask, without: tuple, connect: str, mysql: str) -> None:
    """Programs and connector files keep the notes' addresses of parts that the lab does not have."""
    parts = {part: hosts for part, hosts in ONE.items() if part not in without}
    names = ("course_connect_address", "course_mysql_address", "course_webhdfs_address")
    seen = ask(parts, "kafka", {name: name for name in names}, "course")
    assert list(seen.values()) == [connect, mysql, "hadoopmaster:9870"]


def test_the_firewall_knows_hosts_by_the_addresses_that_preflight_chose(ask: Ask) -> None:
    """lab_address of a host that a run leaves out is what Ansible logs in to."""
    parts = {**ONE, "workspace": ["desk"]}
    chosen = {"kafka": "10.0.0.4", "desk": "10.0.0.5"}
    seen = ask(
        parts, "kafka", {"rules": "__firewall_rules"}, "firewall", lab_addresses=chosen, lab_address="desk.example.org"
    )
    assert {port: rule["sources"] for rule in seen["rules"] for port in rule["ports"]}[9092] == ["10.0.0.5"]


@pytest.mark.parametrize(
    ("host", "parts", "settings", "installed"),
    [
        ("kafka", ONE, {}, True),
        ("kafka", ONE, {"mysql_packages": []}, False),
        ("desk", {**ONE, "workspace": ["desk"]}, {}, True),
        ("desk", {"zookeeper": ["kafka"], "kafka": ["kafka"], "workspace": ["desk"]}, {}, False),
        ("worker", {**ONE, "connect": ["worker"]}, {}, False),
    ],
    ids=["server", "no packages", "client", "no server in the lab", "worker"],
)
def test_preflight_knows_where_mysqls_packages_are_installed(
    ask: Ask, host: str, parts: dict, settings: dict, installed: bool
) -> None:
    seen = ask(parts, host, {"client": "__preflight_mysql_client"}, "preflight", **settings)
    assert seen == {"client": installed}


def test_the_image_has_the_packages_that_the_inventory_says(ask: Ask) -> None:
    before = {"ansible.builtin.import_role": {"name": "containers", "tasks_from": "packages"}}
    recipe = {"packages": "__containers_packages", "mysql": "containers_packages_by_role.mysql"}
    seen = ask(ONE, "localhost", recipe, before=(before,), openjdk_version=17, host_packages=["curl", "htop"])
    assert seen == {
        "packages": ["curl", "htop", "nftables", "openjdk-17-jdk-headless", "python3-venv"],
        "mysql": ["mysql-server"],
    }


@pytest.fixture
def sudoers(clone: Path, ask: Ask) -> dict[str, str]:
    """The rules that the roles write in /etc/sudoers.d."""
    names = {role: str(clone / "roles" / role / "templates/sudoers.j2") for role in ("course", "hadoop")}
    return ask(ONE, "kafka", {role: f"lookup('ansible.builtin.template', '{name}')" for role, name in names.items()})


@pytest.mark.parametrize("program", ["visudo", "visudo-rs"])
def test_sudo_reads_the_rules(sudoers: dict[str, str], tmp_path: Path, program: str) -> None:
    """molecule/used-vm does this with sudo-rs on a host, and runs commands by these rules."""
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed (package {'sudo-rs' if program == 'visudo-rs' else 'sudo'})")
    for role, text in sudoers.items():
        (tmp_path / role).write_text(text, encoding="utf-8")
        checked = subprocess.run([program, "-c", "-f", tmp_path / role], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, f"{role}: {checked.stdout}{checked.stderr}"


def test_the_student_may_start_and_stop_servers_by_commands_in_full(sudoers: dict[str, str]) -> None:
    """No pattern: sudo-rs, in newer releases of Ubuntu, refuses a file that has one."""
    for role, text in sudoers.items():
        rules = [line for line in text.splitlines() if not line.startswith("#")]
        assert not set("*?[]^$\\!") & set("".join(rules)), role
    commands = [
        rule.strip() for line in sudoers["course"].splitlines() for rule in line.split("NOPASSWD:")[-1].split(",")
    ]
    for allowed in (
        "stop kafka",
        "status mysql.service",
        "stop kafka kafka-connect",
        "start zookeeper kafka kafka-connect",
    ):
        assert f"/usr/bin/systemctl {allowed}" in commands
    assert "/usr/bin/systemctl stop ssh" not in commands


@pytest.mark.parametrize(
    ("there", "theirs"), [(None, False), ("# Managed (role course)\n[client]", False), ("[client]\nuser=toni", True)]
)
def test_somebodys_own_mysql_settings_are_told_from_ours(ask: Ask, there: str | None, theirs: bool) -> None:
    found = {"content": base64.b64encode(there.encode()).decode()} if there else {"failed": False}
    seen = ask(ONE, "kafka", {"theirs": "__course_my_cnf_is_theirs"}, "course", __course_my_cnf=found)
    assert seen == {"theirs": theirs}


def test_a_standalone_worker_reads_both_places_of_secrets(clone: Path, ask: Ask) -> None:
    """The course's files name the distributed worker's; a student's own are in their home."""
    template = clone / "roles/kafka_connect/templates/connect-standalone.properties.j2"
    look = {"text": f"lookup('ansible.builtin.template', '{template}')"}
    text = ask(ONE, "kafka", look, "kafka_connect", __kafka_connect_prepared={"discovery": "service_load"})["text"]
    (allowed,) = [line.split("=")[1] for line in text.splitlines() if ".param.allowed.paths=" in line]
    named = json.loads((clone / "roles/course/files/connectors/debezium/mysql-source.json").read_text())["config"]
    place = named["database.password"].split(":")[1]
    assert allowed.split(",") == ["/home/student/.secrets", place]


def test_the_labs_own_servers_are_asked_without_a_proxy(clone: Path) -> None:
    def tasks(there: Any) -> Iterator[dict[str, Any]]:
        for entry in there if isinstance(there, list) else ():
            yield entry
            for inside in ("tasks", "pre_tasks", "post_tasks", "block", "rescue", "always"):
                yield from tasks(entry.get(inside))

    files = [*clone.glob("playbooks/*.yml"), *clone.glob("roles/*/tasks/*.yml"), *clone.glob("roles/*/handlers/*.yml")]
    asked = [
        (str(path.relative_to(clone)), task["ansible.builtin.uri"].get("use_proxy"))
        for path in files
        for task in tasks(yaml.safe_load(path.read_text(encoding="utf-8")))
        if "ansible.builtin.uri" in task
    ]
    assert asked, "nothing asks a server"
    assert [path for path, use_proxy in asked if use_proxy is not False] == []
