"""Addresses that an earlier run chose, for a run that leaves hosts out (--limit)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.streaming.lab.plugins.module_utils.machine import address_record
from tests.playbooks import ansible_playbook

PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact: {preflight_machine: {addresses: "{{ cards }}"}}
    - streaming.lab.lab_addresses:
      run_once: true
    - ansible.builtin.debug: {msg: "chosen {{ lab_addresses | to_json }}"}
      run_once: true
"""


def card(address: str) -> list[dict[str, str]]:
    """The addresses of a machine with one card in a /24."""
    return [{"address": address, "network": f"{address.rpartition('.')[0]}.0/24"}]


class Lab:
    """A lab of hosts that nobody connects to.

    Args:
        folder: for its inventory and its folder of state.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.record = folder / "state" / address_record.FILE
        self.output = ""

    def choose(self, hosts: dict[str, tuple[str, str]], *options: str) -> dict[str, str] | None:
        """Run the action; {host: address}, or None where it failed.

        Args:
            hosts: ansible_host and the machine's own address, by host.
            options: of ansible-playbook.
        """
        listed: dict[str, Any] = {
            name: {"ansible_host": login, "cards": card(own)} for name, (login, own) in hosts.items()
        }
        values = {"lab_address": "{{ ansible_host }}", "lab_state_dir": str(self.record.parent)}
        inventory = {"all": {"hosts": listed, "vars": values}}
        (self.folder / "hosts.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
        (self.folder / "play.yml").write_text(PLAY, encoding="utf-8")
        files = ("-i", str(self.folder / "hosts.yml"), str(self.folder / "play.yml"))
        done = ansible_playbook(*files, *options)
        self.output = done.stdout + done.stderr
        found = re.search(r"chosen (\{[^}]*\})", done.stdout)
        return json.loads(found[1].replace('\\"', '"')) if found else None


HOSTS = {"a": ("vm1.example.org", "10.0.0.4"), "b": ("vm2.example.org", "10.0.0.5")}
CHOSEN = {"a": "10.0.0.4", "b": "10.0.0.5"}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A lab without a record."""
    return Lab(tmp_path)


def test_a_limited_run_uses_the_addresses_of_the_run_before_and_the_next_full_run_replaces_them(lab: Lab) -> None:
    assert lab.choose(HOSTS) == CHOSEN
    assert lab.record.stat().st_mode & 0o777 == 0o600
    assert lab.choose(HOSTS, "--limit", "a") == CHOSEN
    moved = {**HOSTS, "b": ("vm2.example.org", "10.0.0.77")}
    assert lab.choose(moved) == {**CHOSEN, "b": "10.0.0.77"}
    assert lab.choose(moved, "--limit", "a") == {**CHOSEN, "b": "10.0.0.77"}


def test_a_dry_run_writes_no_record(lab: Lab) -> None:
    assert lab.choose(HOSTS, "--check") == CHOSEN
    assert not lab.record.exists()


def test_a_lab_with_the_inventorys_addresses_has_no_record(lab: Lab) -> None:
    assert lab.choose({"a": ("10.0.0.4", "10.0.0.4"), "b": ("10.0.0.5", "10.0.0.5")}) == CHOSEN
    assert not lab.record.parent.exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"b": "10.0.0.5"}', '{"b": {"address": 5, "lab_address": "x"}}', b"\xff"])
def test_a_damaged_record_ends_in_one_line_that_says_what_to_do(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / address_record.FILE
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(address_record.RecordError, match=r"is damaged; delete it, then run ./lab up without --limit"):
        address_record.read(path)


def test_the_run_shows_that_line(lab: Lab) -> None:
    lab.record.parent.mkdir()
    lab.record.write_text("{", encoding="utf-8")
    assert lab.choose(HOSTS) is None
    assert f"{lab.record}, the hosts' addresses of earlier runs, is damaged" in " ".join(lab.output.split())
    assert "Traceback" not in lab.output


def test_a_record_that_cannot_be_read_or_written_says_what_to_correct(tmp_path: Path) -> None:
    (tmp_path / address_record.FILE).mkdir()
    with pytest.raises(address_record.RecordError, match=r"cannot be read .Is a directory.; correct its owner or mode"):
        address_record.read(tmp_path / address_record.FILE)
    (tmp_path / "file").touch()
    with pytest.raises(address_record.RecordError, match=r"cannot be written .*; correct the folder's owner"):
        address_record.write(tmp_path / "file" / address_record.FILE, {"a": {"lab_address": "x", "address": "y"}})


def test_another_lab_address_in_the_inventory_ends_an_entry() -> None:
    record = {"a": {"lab_address": "vm1.example.org", "address": "10.0.0.4"}}
    assert address_record.recorded(record, {"a": "vm1.example.org"}) == {"a": "10.0.0.4"}
    assert address_record.recorded(record, {"a": "10.10.10.1"}) == {}
    assert address_record.updated(record, {"a": "10.10.10.1"}, {"a": "10.10.10.1"}, []) == {}


def test_a_record_keeps_hosts_that_were_left_out_and_forgets_those_that_are_gone() -> None:
    record = {name: {"lab_address": name, "address": f"10.0.0.{number}"} for number, name in enumerate("abc")}
    new = address_record.updated(record, {"a": "a", "b": "b"}, {"a": "10.0.0.9", "b": "10.0.0.1"}, ["a"])
    assert {host: entry["address"] for host, entry in new.items()} == {"a": "10.0.0.9", "b": "10.0.0.1"}


def test_an_entry_that_the_run_did_not_use_is_dropped() -> None:
    """DHCP gave the address of b to a: no later run may give it to both."""
    record = {"b": {"lab_address": "b", "address": "10.0.0.1"}}
    new = address_record.updated(record, {"a": "a", "b": "b"}, {"a": "10.0.0.1", "b": "b"}, ["a"])
    assert {host: entry["address"] for host, entry in new.items()} == {"a": "10.0.0.1"}


def test_an_address_that_two_hosts_have_in_the_record_counts_for_neither() -> None:
    record = {name: {"lab_address": name, "address": "10.0.0.1"} for name in "ab"}
    record["c"] = {"lab_address": "c", "address": "10.0.0.2"}
    assert address_record.recorded(record, {name: name for name in "abc"}) == {"c": "10.0.0.2"}


def test_two_hosts_never_get_one_address_after_an_address_has_moved(lab: Lab) -> None:
    three = {**HOSTS, "c": ("vm3.example.org", "10.0.0.6")}
    assert lab.choose(three) == {**CHOSEN, "c": "10.0.0.6"}
    moved = {**three, "a": ("vm1.example.org", "10.0.0.5")}
    assert lab.choose(moved, "--limit", "a") == {"a": "10.0.0.5", "b": "vm2.example.org", "c": "10.0.0.6"}
    assert lab.choose(moved, "--limit", "c") == {"a": "10.0.0.5", "b": "vm2.example.org", "c": "10.0.0.6"}


def test_a_host_on_which_nothing_is_installed_any_more_has_the_inventorys_address(lab: Lab) -> None:
    assert lab.choose(HOSTS) == CHOSEN
    cluster = ("--limit", "a", "-e", "{lab_host_install: false}")
    assert lab.choose(HOSTS, *cluster) == {"a": "10.0.0.4", "b": "vm2.example.org"}
    assert "b" not in json.loads(lab.record.read_text(encoding="utf-8"))


def test_addresses_of_an_earlier_run_are_named_in_one_line() -> None:
    assert address_record.earlier_note({"vm3": "vm3.example.org"}, {"vm3": "10.0.0.3"}, []) == [
        "hosts left out of this run keep their last known address: vm3 (10.0.0.3); if an address changed, start the "
        "host and run ./lab up without --limit"
    ]
    wanted = {name: f"{name}.example.org" for name in "abcdef"}
    [note] = address_record.earlier_note(wanted, dict.fromkeys(wanted, "10.0.0.1"), ["a"])
    assert "b (10.0.0.1), c (10.0.0.1), d (10.0.0.1) and 2 more;" in note
    assert address_record.earlier_note(wanted, wanted, ["a"]) == []
