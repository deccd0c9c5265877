"""By which address the hosts of a lab reach each other, whatever address Ansible logs in by."""

from __future__ import annotations

from ansible_collections.streaming.lab.plugins.filter.lab_addresses import lab_addresses, lab_twins

NAT = {"address": "10.0.2.15", "network": "10.0.2.0/24"}
DOCKER = {"address": "172.17.0.1", "network": "172.17.0.0/16"}


def card(address: str) -> dict[str, str]:
    """A card in a /24."""
    return {"address": address, "network": f"{address.rpartition('.')[0]}.0/24"}


def chosen(wanted: dict[str, str], addresses: dict[str, list[dict[str, str]] | None]) -> dict[str, str]:
    """The chosen addresses, where no host has a problem."""
    result = lab_addresses(wanted, addresses)
    assert [entry["problem"] for entry in result.values() if entry["problem"]] == []
    return {host: entry["address"] for host, entry in result.items()}


def test_an_address_that_a_host_has_is_kept() -> None:
    wanted = {"student01": "10.10.10.101", "hadoopmaster": "10.10.10.10"}
    machines = {"student01": [NAT, card("10.10.10.101")], "hadoopmaster": [NAT, card("10.10.10.10")]}
    assert chosen(wanted, machines) == wanted


def test_behind_a_forwarded_port_the_second_card_is_taken() -> None:
    wanted = {"student01": "127.0.0.1", "hadoopmaster": "127.0.0.1"}
    machines = {"student01": [NAT, card("192.168.56.11")], "hadoopmaster": [NAT, card("192.168.56.10")]}
    assert chosen(wanted, machines) == {"student01": "192.168.56.11", "hadoopmaster": "192.168.56.10"}


def test_the_same_address_on_every_host_is_never_taken() -> None:
    wanted = {"a": "10.0.2.15", "b": "10.0.2.15"}
    assert chosen(wanted, {"a": [NAT, card("10.1.1.1")], "b": [NAT, card("10.1.1.2")]}) == {
        "a": "10.1.1.1",
        "b": "10.1.1.2",
    }


def test_behind_public_addresses_the_private_ones_are_taken() -> None:
    wanted = {"a": "203.0.113.7", "b": "203.0.113.8"}
    machines = {"a": [card("10.0.0.4"), DOCKER], "b": [card("10.0.0.5")]}
    assert chosen(wanted, machines) == {"a": "10.0.0.4", "b": "10.0.0.5"}


def test_a_dns_name_gets_the_hosts_address() -> None:
    wanted = {"a": "vm1.local", "b": "vm2.local"}
    assert chosen(wanted, {"a": [card("10.0.0.4")], "b": [card("10.0.0.5")]}) == {"a": "10.0.0.4", "b": "10.0.0.5"}


def test_one_machine_alone_may_be_its_own_loopback() -> None:
    assert chosen({"kafka": "127.0.0.1"}, {"kafka": [card("10.0.0.4"), DOCKER]}) == {"kafka": "127.0.0.1"}
    assert chosen({"kafka": "203.0.113.7"}, {"kafka": [card("10.0.0.4"), DOCKER]}) == {"kafka": "10.0.0.4"}


def test_two_names_of_one_machine_may_be_its_loopback() -> None:
    wanted = {"kafka": "127.0.0.1", "hadoopmaster": "127.0.0.1"}
    result = lab_addresses(wanted, {"kafka": [NAT], "hadoopmaster": [NAT]}, one_machine=True)
    assert [entry["address"] for entry in result.values()] == ["127.0.0.1", "127.0.0.1"]


def test_hosts_that_were_not_asked_keep_the_inventorys_address() -> None:
    wanted = {"student01": "10.10.10.101", "cluster": "10.10.10.10", "named": "nn.example.org"}
    machines = {"student01": [NAT, card("10.10.10.101")], "cluster": None, "named": None}
    assert chosen(wanted, machines) == wanted


def test_a_loopback_of_a_host_that_was_left_out_is_refused() -> None:
    result = lab_addresses({"a": "127.0.0.1", "b": "127.0.0.1"}, {"a": [card("10.1.1.1")], "b": None})
    assert result["a"] == {"address": "10.1.1.1", "problem": ""}
    assert result["b"]["problem"] == (
        "b: other hosts cannot reach it at 127.0.0.1, and --limit leaves it out; set its lab_address, or run without "
        "--limit"
    )


def test_a_host_that_was_left_out_has_the_address_of_an_earlier_run() -> None:
    wanted = {"a": "127.0.0.1", "b": "127.0.0.1", "named": "nn.example.org"}
    earlier = {"b": "10.1.1.2", "named": "10.1.1.3"}
    result = lab_addresses(wanted, {"a": [card("10.1.1.1")], "b": None, "named": None}, recorded=earlier)
    assert {host: entry["address"] for host, entry in result.items()} == {"a": "10.1.1.1", **earlier}
    assert [entry["problem"] for entry in result.values()] == ["", "", ""]


def test_an_earlier_address_that_another_host_has_now_is_not_used() -> None:
    result = lab_addresses(
        {"a": "a.example.org", "b": "b.example.org"}, {"a": [card("10.1.1.2")], "b": None}, recorded={"b": "10.1.1.2"}
    )
    assert result["b"]["address"] == "b.example.org"


def test_where_hosts_are_left_out_a_host_keeps_its_earlier_address() -> None:
    """Its own cards alone do not tell which address the others can reach."""
    wanted = {"a": "127.0.0.1", "b": "10.1.1.2"}
    machines = {"a": [NAT, card("10.1.1.1")], "b": None}
    assert lab_addresses(wanted, machines)["a"]["problem"] != ""
    assert lab_addresses(wanted, machines, recorded={"a": "10.1.1.1"})["a"]["address"] == "10.1.1.1"
    moved = {"a": [card("10.1.1.9")], "b": None}
    assert lab_addresses(wanted, moved, recorded={"a": "10.1.1.1"})["a"]["address"] == "10.1.1.9"


def test_where_all_hosts_answer_the_address_is_chosen_again() -> None:
    """A name's address may come from DHCP: each run without --limit takes the one that the host has now."""
    wanted = {"a": "a.example.org", "b": "10.1.1.2"}
    machines = {"a": [card("10.1.1.1"), DOCKER], "b": [card("10.1.1.2")]}
    assert lab_addresses(wanted, machines, recorded={"a": DOCKER["address"]})["a"]["address"] == "10.1.1.1"


def test_a_choice_that_cannot_be_made_names_the_addresses() -> None:
    machines = {"a": [card("10.1.1.1"), card("10.2.2.1")], "b": [card("10.1.1.2"), card("10.2.2.2")]}
    result = lab_addresses({"a": "127.0.0.1", "b": "10.1.1.2"}, machines)
    assert result["b"]["address"] == "10.1.1.2"
    assert result["a"]["problem"] == (
        "a: lab_address 127.0.0.1 is not an address of its own; set lab_address to one of: 10.1.1.1, 10.2.2.1"
    )


def test_copies_of_one_machine_are_noted() -> None:
    assert lab_twins({"a": "1f", "b": "2f", "c": ""}) == []
    [note] = lab_twins({"a": "1f", "b": "1f", "c": "2f"})
    assert note.startswith("a, b have the same machine-id")
