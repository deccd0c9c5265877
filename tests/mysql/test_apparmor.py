"""What the lab lets mysqld read and write is allowed by the AppArmor profile that Ubuntu's package brings.

Containers show no such fault: no profile confines mysqld there. On Ubuntu a path outside the profile is refused to
mysqld whatever the file's mode is. Patterns: apparmor.d(5); `*` ends at a slash, `**` does not.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.artifacts.kit import ROOT

ROLE = ROOT / "roles/mysql"
PROFILE = ROOT / "tests/data/apparmor/usr.sbin.mysqld.txt"
SOCKET = re.compile(r"/run/mysqld/[\w.]+")


def allowed(path: str, rights: str) -> bool:
    """Whether the profile allows all rights to a path."""
    given = set()
    for line in PROFILE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            pattern, letters = line.split()
            regex = re.escape(pattern).replace(r"\*\*", ".+").replace(r"\*", "[^/]*")
            given |= set(letters) if re.fullmatch(regex, path) else set()
    return set(rights) <= given


def settings(path: Path) -> list[str]:
    """The lines of a configuration file that are no comments."""
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] not in "#{["]


def paths(text: str) -> list[str]:
    """Absolute paths in a text."""
    return re.findall(r"(?<![\w.}/])/[\w./-]+", text)


def written_by_mysqld() -> list[str]:
    """Folders that the unit opens to mysqld."""
    [line] = [line for line in settings(ROLE / "templates/hardening.conf.j2") if line.startswith("ReadWritePaths=")]
    return paths(line)


def configuration_files() -> list[str]:
    """Files of the lab's below /etc/mysql, and what links there lead to."""
    tasks = yaml.safe_load((ROLE / "tasks/configure.yml").read_text(encoding="utf-8"))
    texts = re.findall(r"/etc/mysql/[\w./-]+\.cnf", yaml.safe_dump(tasks))
    [home] = re.findall(r"MYSQL_HOME=(\S+)", (ROLE / "templates/hardening.conf.j2").read_text(encoding="utf-8"))
    return [*texts, f"{home}/my.cnf"]


def test_folders_that_the_unit_opens_are_open_in_the_profile_too():
    folders = written_by_mysqld()
    assert "/var/lib/mysql" in folders and "/var/log/mysql" in folders
    for folder in folders:
        assert allowed(f"{folder}/", "r"), folder
        assert allowed(f"{folder}/below/file", "rw"), folder


def test_the_labs_configuration_can_be_read():
    files = configuration_files()
    assert len(files) >= 3
    assert [file for file in files if not allowed(file, "r")] == []


def test_no_option_names_a_path_that_the_profile_refuses():
    options = settings(ROLE / "templates/streaming-lab.cnf.j2")
    assert len(options) > 5
    assert [path for line in options for path in paths(line) if not allowed(path, "rw")] == []


def test_the_socket_by_which_the_lab_logs_in_can_be_made():
    sources = [
        *ROLE.rglob("*.yml"),
        *ROLE.rglob("*.sh"),
        ROOT / "collections/ansible_collections/streaming/lab/plugins/module_utils/machine/mysql.py",
    ]
    sockets = {name for source in sources for name in SOCKET.findall(source.read_text(encoding="utf-8"))}
    assert sockets == {"/run/mysqld/mysqld.sock"}
    assert all(allowed(socket, "rw") for socket in sockets)


@pytest.mark.parametrize(
    ("path", "rights"),
    [("/srv/mysql/ibdata1", "r"), ("/etc/mysql/my.cnf", "w"), ("/var/lib/mysqlx/a", "r"), ("/run/mysqld/x/y", "w")],
)
def test_a_path_outside_the_profile_is_refused(path, rights):
    assert not allowed(path, rights)
