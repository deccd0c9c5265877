"""The system of a machine: release, clock, addresses, locks, and who else writes its /etc/hosts."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.machine import system

SYSTEMS = {"Debian": "13", "Ubuntu": "24.04"}
NOBLE = {"ID": "ubuntu", "VERSION_ID": "24.04", "PRETTY_NAME": "Ubuntu 24.04.1 LTS"}
MINT = {"ID": "linuxmint", "VERSION_ID": "22", "UBUNTU_CODENAME": "noble", "PRETTY_NAME": "Linux Mint 22"}
# Two cards of a VirtualBox machine, and Docker's bridge.
FIB_TRIE = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 10.0.2.15
        /32 host LOCAL
     |-- 10.0.2.255
        /32 link BROADCAST
     |-- 127.0.0.1
        /32 host LOCAL
     |-- 169.254.7.7
        /32 host LOCAL
     |-- 10.10.10.101
        /32 host LOCAL
Local:
     |-- 10.0.2.15
        /32 host LOCAL
"""
ROUTES = """Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
eth0 00000000 0202000A 0003 0 0 100 00000000 0 0 0
eth0 0002000A 00000000 0001 0 0 100 00FFFFFF 0 0 0
eth1 000A0A0A 00000000 0001 0 0 101 00FFFFFF 0 0 0
"""


@pytest.mark.parametrize(
    "release", [NOBLE, {"ID": "debian", "VERSION_ID": "13"}, MINT, {**NOBLE, "VERSION_ID": "26.04"}]
)
def test_supported_systems_and_their_derivatives_pass(release: dict[str, str]) -> None:
    assert system.system_problems(release, SYSTEMS) == []


@pytest.mark.parametrize(
    "release",
    [
        {"ID": "debian", "VERSION_ID": "12", "PRETTY_NAME": "Debian GNU/Linux 12"},
        {"ID": "ubuntu", "VERSION_ID": "22.04", "PRETTY_NAME": "Ubuntu 22.04"},
        {"ID": "linuxmint", "VERSION_ID": "21", "UBUNTU_CODENAME": "jammy", "PRETTY_NAME": "Linux Mint 21"},
        {"ID": "fedora", "VERSION_ID": "41", "PRETTY_NAME": "Fedora 41"},
        {"ID": "debian", "PRETTY_NAME": "Debian GNU/Linux forky/sid"},
    ],
)
def test_other_systems_are_refused_by_name(release: dict[str, str]) -> None:
    [line] = system.system_problems(release, SYSTEMS)
    assert line == f"system: {release['PRETTY_NAME']} is not supported; use Debian 13 or later, Ubuntu 24.04 or later"


def test_a_derivative_is_noted_and_has_the_facts_of_its_base() -> None:
    assert system.system_notes(NOBLE) == []
    [note] = system.system_notes(MINT)
    assert "Linux Mint 22 is treated as Ubuntu 24.04" in note
    facts = system.system_facts(MINT)
    assert (facts["distribution"], facts["distribution_version"]) == ("Ubuntu", "24.04")


def test_os_release_is_read_with_and_without_quotes(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text(
        "# a comment\nID=ubuntu\nVERSION_ID=\"24.04\"\nNAME='U'\n", encoding="utf-8"
    )
    assert system.read_os_release(tmp_path) == {"ID": "ubuntu", "VERSION_ID": "24.04", "NAME": "U"}


@pytest.mark.parametrize("difference", [-60, 0, 60])
def test_a_clock_within_a_minute_is_right(difference: int) -> None:
    assert system.clock_problems(1e9, 1e9 + difference) == []


def test_a_wrong_clock_is_refused_with_side_and_seconds() -> None:
    assert "is 7200 s ahead of the control machine" in system.clock_problems(1e9, 1e9 + 7200)[0]
    assert "is 61 s behind the control machine" in system.clock_problems(1e9, 1e9 - 61)[0]
    assert system.clock_problems(0, 5) == []


def test_addresses_have_the_network_of_their_card(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net/fib_trie").write_text(FIB_TRIE, encoding="ascii")
    (tmp_path / "net/route").write_text(ROUTES, encoding="ascii")
    assert system.own_addresses(tmp_path) == [
        {"address": "10.0.2.15", "network": "10.0.2.0/24"},
        {"address": "10.10.10.101", "network": "10.10.10.0/24"},
    ]
    assert system.own_addresses(tmp_path / "nothing") == []


def test_this_machines_own_addresses_are_no_loopback() -> None:
    assert all(not entry["address"].startswith("127.") for entry in system.own_addresses())


def written(root: Path, path: str, text: str) -> None:
    """Write a file of a machine."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


def test_names_go_to_the_template_where_cloud_init_rewrites_the_hosts_file(tmp_path: Path) -> None:
    both = ["/etc/hosts", "/etc/cloud/templates/hosts.debian.tmpl"]
    written(tmp_path, "etc/hosts", "# Your system has configured 'manage_etc_hosts' as True.\n127.0.0.1 localhost\n")
    assert system.names_files(tmp_path) == ["/etc/hosts"]
    written(tmp_path, "etc/cloud/templates/hosts.debian.tmpl", "127.0.0.1 localhost\n")
    assert system.names_files(tmp_path) == both
    written(tmp_path, "etc/hosts", "127.0.0.1 localhost\n")
    assert system.names_files(tmp_path) == ["/etc/hosts"]
    written(tmp_path, "etc/cloud/cloud.cfg.d/90_lab.cfg", "manage_etc_hosts: true\n")
    assert system.names_files(tmp_path) == both
    written(tmp_path, "run/cloud-init/combined-cloud-config.json", '{"manage_etc_hosts": "localhost"}')
    assert system.names_files(tmp_path) == ["/etc/hosts"]


def test_wsl_is_known_by_its_hosts_file_until_it_is_told_to_stop(tmp_path: Path) -> None:
    written(tmp_path, "etc/hosts", "# [network]\n# generateHosts = false\n127.0.0.1 localhost\n")
    assert system.wsl_writes_hosts(tmp_path)
    written(tmp_path, "etc/wsl.conf", "[network]\ngenerateHosts = false\n")
    assert not system.wsl_writes_hosts(tmp_path)


def test_a_held_lock_of_apt_is_noted(tmp_path: Path) -> None:
    written(tmp_path, system.APT_LOCKS[0], "")
    assert system.apt_notes(900, tmp_path) == []
    with (tmp_path / system.APT_LOCKS[0]).open("r+", encoding="utf-8") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        [note] = system.apt_notes(900, tmp_path)
    assert note.startswith("apt is in use by process ") and "900 s" in note


def test_an_active_firewall_is_noted_with_the_ports(tmp_path: Path) -> None:
    written(tmp_path, "etc/ufw/ufw.conf", "ENABLED=no\n")
    assert system.firewall_notes(["9092"], tmp_path) == []
    written(tmp_path, "etc/ufw/ufw.conf", "ENABLED=yes\n")
    assert "any port 2181,9092" in system.firewall_notes(["9092", "0.0.0.0:2181"], tmp_path)[0]
    assert system.firewall_notes([], tmp_path) == []
