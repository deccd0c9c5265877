"""What a server may do on its host beyond its work: nothing that its unit can take away."""

from verify.support.services import services_of

MYSQL = "/etc/systemd/system/mysql.service.d/streaming-lab.conf"
WANTED = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "ProtectProc": "invisible",
    "ProtectHostname": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectKernelTunables": "yes",
    "SystemCallArchitectures": "native",
    "CapabilityBoundingSet": "",
}
# The network of a lab is there long before its addresses are: a boot without a cable must not wait for it.
FREE_OF = "network-online.target"


def refused_calls(machine, unit: str) -> bool:
    """Whether a unit's own processes may neither change owners nor priorities, as its system call filter has it."""
    allowed = machine.run(f"systemctl show --property=SystemCallFilter --value {unit}").split()
    return "read" in allowed and not {"chown", "setuid", "setpriority", "mount"} & set(allowed)


def test_no_server_waits_for_the_network_to_be_online(lab):
    """They listen on all addresses, and names are in /etc/hosts. MySQL's unit is its package's."""
    for machine in lab.machines:
        for unit, _ports in services_of(machine.info):
            if unit != "mysql":
                waits = machine.run(f"systemctl show --property=After,Wants --value {unit}")
                assert FREE_OF not in waits, f"{unit} on {machine.name}"


def test_units_are_hardened(lab, evidence):
    """Every server's unit, also MySQL's, which has no hardening of its own; not one that was here before the lab."""
    count = 0
    for machine in lab.machines:
        for unit, _ports in services_of(machine.info):
            if unit == "mysql" and not machine.host.file(MYSQL).exists:
                continue
            said = machine.run(f"systemctl show --property={','.join(WANTED)} {unit}")
            assert dict(line.split("=", 1) for line in said.splitlines()) == WANTED, f"{unit} on {machine.name}"
            # Files of a connector below /tmp are everybody's.
            private = machine.run(f"systemctl show --property=PrivateTmp --value {unit}").strip()
            assert private == ("no" if unit == "kafka-connect" else "yes"), f"{unit} on {machine.name}"
            assert refused_calls(machine, unit), f"{unit} on {machine.name}"
            count += 1
    evidence(f"{count} units hardened")
