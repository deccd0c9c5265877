"""Choose by which address each host of the lab is reached by the others; nothing is sent to a host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ansible_collections.streaming.lab.plugins.filter import lab_addresses
from ansible_collections.streaming.lab.plugins.module_utils.machine import address_record


class ActionModule(ActionBase):
    """The action. It reads what module machine_check registered as preflight_machine for each host.

    The chosen addresses are kept in the lab's folder of state, for runs that leave hosts out (--limit).
    """

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Set the fact lab_addresses, {host: address}, for all hosts of the inventory.

        Raises:
            AnsibleActionFail: if the address of a host cannot be chosen; names those hosts and what to set. If the
                record of earlier runs cannot be used.
        """
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        hostvars, hosts = variables["hostvars"], variables["groups"]["all"]
        machines = {host: hostvars[host].get("preflight_machine", {}) for host in hosts}
        wanted = {host: str(hostvars[host]["lab_address"]) for host in hosts}
        asked = [host for host in hosts if machines[host].get("addresses") is not None]
        # No later run would correct the entry of a host that is never asked.
        recordable = {
            host: address
            for host, address in wanted.items()
            if host in asked or boolean(hostvars[host].get("lab_host_install", True))
        }
        path = Path(str(hostvars[variables["inventory_hostname"]]["lab_state_dir"])) / address_record.FILE
        try:
            record = address_record.read(path)
            choices = lab_addresses.lab_addresses(
                wanted,
                {host: machine.get("addresses") for host, machine in machines.items()},
                one_machine=all(hostvars[host].get("ansible_connection") == "local" for host in hosts),
                recorded=address_record.recorded(record, recordable),
            )
            problems = [choice["problem"] for choice in choices.values() if choice["problem"]]
            if problems:
                raise AnsibleActionFail("; ".join(problems))
            chosen = {host: choice["address"] for host, choice in choices.items()}
            new = address_record.updated(record, recordable, chosen, asked)
            if new != record and not self._task.check_mode:
                address_record.write(path, new)
        except address_record.RecordError as error:
            raise AnsibleActionFail(str(error)) from error
        result["ansible_facts"] = {"lab_addresses": chosen}
        result["notes"] = [
            *lab_addresses.lab_twins({host: machine.get("machine_id", "") for host, machine in machines.items()}),
            *address_record.earlier_note(wanted, chosen, asked),
        ]
        return result
