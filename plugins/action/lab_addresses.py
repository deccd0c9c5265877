"""Choose by which address each host of the lab is reached by the others; nothing is sent to a host."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


def load_filters() -> ModuleType:
    """plugins/filter/lab_addresses.py, where the choice is made."""
    path = Path(__file__).resolve().parent.parent / "filter" / "lab_addresses.py"
    spec = importlib.util.spec_from_file_location("lab_addresses_filter", path)
    if not spec or not spec.loader:
        raise AnsibleActionFail(f"{path} is missing; the clone is not complete")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class ActionModule(ActionBase):
    """The action. It reads what module machine_check registered as preflight_machine for each host."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Set the fact lab_addresses, {host: address}, for all hosts of the inventory.

        Raises:
            AnsibleActionFail: if the address of a host cannot be chosen; names those hosts and what to set.
        """
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        hostvars, hosts = variables["hostvars"], variables["groups"]["all"]
        machines = {host: hostvars[host].get("preflight_machine", {}) for host in hosts}
        filters = load_filters()
        chosen = filters.lab_addresses(
            {host: str(hostvars[host]["lab_address"]) for host in hosts},
            {host: machine.get("addresses") for host, machine in machines.items()},
            one_machine=all(hostvars[host].get("ansible_connection") == "local" for host in hosts),
        )
        problems = [entry["problem"] for entry in chosen.values() if entry["problem"]]
        if problems:
            raise AnsibleActionFail("; ".join(problems))
        result["ansible_facts"] = {"lab_addresses": {host: entry["address"] for host, entry in chosen.items()}}
        result["notes"] = filters.lab_twins({host: machine.get("machine_id", "") for host, machine in machines.items()})
        return result
