"""With a full cache a lab is made from nothing without any network; and in its first run each server starts once."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from scenario_kit import INVENTORY, Ended, Scenario, offline

from verify.support.inventory import read_hosts
from verify.support.machine import Machine
from verify.support.services import services_of

STARTS = "journalctl --boot --no-pager --output=cat --unit={} _PID=1 | grep -c '^Starting ' || true"


@pytest.fixture(scope="module")
def first_run(
    scenario: Scenario, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Ended, dict[str, Machine], dict[tuple[str, int], bool]]]:
    """How the first `up` on new hosts ended, and which ports answered at that moment; nothing had a way out."""
    down = scenario.lab("down")
    assert down.status == 0, down.text
    scenario.make_hosts()
    machines = scenario.machines()
    for machine in machines.values():
        machine.root("ip route delete default")
        assert not machine.root("ip route show default").strip()
    ended = scenario.lab("up", "--no-verify", environment=offline(tmp_path_factory.mktemp("offline")))
    os.environ["LAB_NAME"] = scenario.name
    ports = {
        (info.name, port): answers(machines[info.name], str(info.values["ansible_host"]), port)
        for info in read_hosts(INVENTORY)
        for _unit, ports in services_of(info)
        for port in ports
        # MySQL serves its own host alone.
        if port != info.values["mysql_port"]
    }
    yield ended, machines, ports


def answers(machine: Machine, address: str, port: int) -> bool:
    """Whether a port of a host answers on the host itself; its firewall lets this machine reach few of them."""
    return machine.root(f"timeout 2 bash -c '</dev/tcp/{address}/{port}' && echo open", check=False).strip() == "open"


def test_made_without_network(first_run: tuple) -> None:
    ended = first_run[0]
    assert ended.status == 0, ended.text


def test_ports_answer_when_the_play_ends(first_run: tuple) -> None:
    assert [where for where, answered in first_run[2].items() if not answered] == []


def test_each_server_started_once(first_run: tuple) -> None:
    starts = {
        f"{unit} on {name}": int(machine.root(STARTS.format(unit)))
        for name, machine in first_run[1].items()
        for unit, _ports in services_of(machine.info)
    }
    assert starts == dict.fromkeys(starts, 1)


def test_second_run_changes_nothing(first_run: tuple, scenario: Scenario) -> None:
    ended = scenario.lab("up", "--no-verify")
    assert (ended.status, ended.changed) == (0, 0), ended.text
