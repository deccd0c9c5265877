"""What root in a container of this machine can do to the machine: nothing. Real machines are not looked at."""

import json
import shlex
from pathlib import Path

KERNEL = ("kernel/core_pattern", "kernel/sysrq", "vm/max_map_count", "fs/protected_regular")
"""Settings of the machine's kernel, below /proc/sys, that no namespace has its own of."""
ATTEMPTS = f"""
import ctypes, errno, json, os, stat
answer = {{"writable": [], "devices": []}}
for name in {KERNEL!r}:
    try:
        os.close(os.open("/proc/sys/" + name, os.O_WRONLY))
        answer["writable"].append(name)
    except OSError:
        pass
# adjtimex(2) with a length of the tick that is always refused: EINVAL by a kernel that would let the caller set the
# clock, EPERM by one that does not. Nothing is changed either way. 0x4000 is ADJ_TICK.
libc = ctypes.CDLL(None, use_errno=True)
timex = ctypes.create_string_buffer(512)
ctypes.memmove(timex, (0x4000).to_bytes(4, "little"), 4)
libc.adjtimex(timex)
answer["clock"] = errno.errorcode[ctypes.get_errno()]
for folder, _, files in os.walk("/dev"):
    for path in (os.path.join(folder, file) for file in files):
        mode = os.lstat(path).st_mode
        if stat.S_ISBLK(mode):
            answer["devices"].append(path)
with open("/proc/self/uid_map") as file:
    answer["root"] = int(file.read().split()[1])
print(json.dumps(answer))
"""


def made_of(lab) -> dict:
    """What ./lab up noted when it made the containers; empty for real machines."""
    path = Path(lab.values["lab_state_dir"]) / "containers.json"
    return json.loads(path.read_text(encoding="utf-8")) if lab.values["lab_containers"] and path.is_file() else {}


def test_base(lab, evidence):
    """Say which system the containers hold, and why it is this one."""
    origin = made_of(lab).get("origin")
    if origin:
        evidence(f"containers of {origin}")


def test_root_in_a_container_is_an_ordinary_account_of_the_machine(lab, evidence):
    """Root in a container sets neither the machine's kernel nor its clock, and has no disk of it."""
    noted = made_of(lab)
    if not noted:
        return
    if not noted["mapped"]:
        evidence(f"root in a container is root of this machine: {noted['reason']}")
        return
    for machine in lab.machines:
        found = json.loads(machine.root(f"python3 -c {shlex.quote(ATTEMPTS)}"))
        assert found["root"] != 0, f"{machine.name}: root is root of the machine"
        assert found["writable"] == [], f"{machine.name}: root can set the machine's kernel"
        assert found["clock"] == "EPERM", f"{machine.name}: root can set the machine's clock"
        assert found["devices"] == [], f"{machine.name}: root has devices of the machine"
    assert Path("/dev/null").stat().st_uid == 0, "/dev/null of the machine belongs to the root of a container"
    evidence("root in a container is an ordinary account of this machine")
