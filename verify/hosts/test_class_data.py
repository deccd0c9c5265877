"""Servers that start with a class-data archive. Hosts that record their own use it from a server's next start."""

import json
from pathlib import Path

from verify.support.services import services_of

PRODUCTS = {
    "zookeeper": "kafka",
    "kafka": "kafka",
    "kafka-connect": "kafka",
    "hadoop-namenode": "hadoop",
    "hadoop-datanode": "hadoop",
}
LOOK = """
archive={home}/cds/classes.jsa
process=$(systemctl show --property=MainPID --value {unit})
jvm=$(grep --only-matching --max-count=1 '/.*/libjvm.so' /proc/$process/maps)
if [ ! -r $archive.stamp ]; then echo missing
elif grep --quiet /cds/classes.jsa /proc/$process/maps; then echo used
elif [ "$(stat --format=%Y /proc/$process)" -le "$(stat --format=%Z $archive)" ]; then echo 'older than the archive'
elif [ "$(stat --format='%s %Y' "$jvm")" != "$(sed -n 2p $archive.stamp)" ]; then echo 'upgraded JDK'
else echo ignored; fi
"""


def test_servers_use_the_archives_that_the_lab_ships(lab, evidence):
    """The JVM ignores an archive that does not fit without a message, so the process itself is looked at."""
    noted = Path(lab.values["lab_state_dir"]) / "class_data.json"
    shipped = json.loads(noted.read_text(encoding="utf-8")) if noted.is_file() else {}
    used = 0
    for machine in lab.machines:
        for unit, _ports in services_of(machine.info):
            product = PRODUCTS.get(unit, "")
            if product in shipped and machine.info.values[f"{product}_fast_commands"]:
                found = machine.root(LOOK.format(unit=unit, home=machine.info.values[f"{product}_home"])).strip()
                assert found not in ("missing", "ignored"), f"{unit} on {machine.name}: class-data archive {found}"
                used += found == "used"
    if used:
        evidence(f"{used} servers use class-data archives")
