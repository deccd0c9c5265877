"""What a server may do on its host beyond its work: nothing that its unit can take away."""

from verify.lib.services import services_of

MYSQL = "/etc/systemd/system/mysql.service.d/streaming-lab.conf"
WANTED = {
    "NoNewPrivileges": "yes",
    "PrivateTmp": "yes",
    "ProtectSystem": "strict",
    "ProtectKernelTunables": "yes",
    "CapabilityBoundingSet": "",
}


def test_units_are_hardened(lab, evidence):
    """Every server's unit, MySQL's too, whose own file has none of it; not one that was here before the lab."""
    count = 0
    for machine in lab.machines:
        for unit, _ports in services_of(machine.info):
            if unit == "mysql" and not machine.host.file(MYSQL).exists:
                continue
            said = machine.run(f"systemctl show --property={','.join(WANTED)} {unit}")
            assert dict(line.split("=", 1) for line in said.splitlines()) == WANTED, f"{unit} on {machine.name}"
            count += 1
    evidence(f"{count} units hardened")
