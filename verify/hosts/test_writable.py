"""What every account of a host may write to: folders for temporary files, and nothing that root or a service trusts."""

import shlex

SHARED = {"/tmp", "/var/tmp", "/var/crash", "/run/lock", "/run/screen", "/dev/shm", "/dev/mqueue"}
"""Folders that systemd or Ubuntu make for everyone. They have the sticky bit: nobody renames another's file there."""
OWN = (
    "/etc/hdfs-sink",
    "/etc/kafka-connect",
    "/etc/streaming-lab",
    "/usr/local/lib/streaming-lab",
)
"""Folders that the lab makes, where no setting of `PLACES` names them."""
PLACES = ("kafka_home", "kafka_data_dir", "zookeeper_data_dir", "hadoop_home", "hadoop_data_dir", "course_venv")
"""Settings that name a folder of the lab."""
TEMPORARY = r"find /tmp /var/tmp -maxdepth 0 -perm -0002 -printf '%p %m\n'"
TOP = r"""find / -xdev -maxdepth 2 \( -path /tmp -o -path /var/tmp \) -prune -o \
  \( -type d -o -type f \) -perm -0002 -printf '%p %m\n'"""
SERVICES = r"""find {} \( -path '/run/lock/*' -o -path '/run/user/*' -o -path '/dev/shm/*' -o -path '/dev/mqueue/*' \) \
  -prune -o \( -type d -o -type f \) -perm -0002 -exec test ! -c {{}} \; -printf '%p %m\n'"""
# A device that a container gets is mounted over an empty file, and find sees the type of that file.


def search(values: dict) -> str:
    """The shell commands that print each path that every account may write to, with its mode in octal digits.

    A container is the lab's alone, so its whole root folder is judged. A real machine has folders and users of its own:
    there only what the lab made is judged, and /run without what is mounted in it, such as the containers of others.

    Args:
        values: the host's values of `verify.support.inventory.DEFAULTS`.
    """
    if values["lab_containers"]:
        return "\n".join([TEMPORARY, TOP, SERVICES.format("/run /dev")])
    folders = shlex.join(dict.fromkeys([*(str(values[name]) for name in PLACES), *OWN]))
    own = rf"find -H {folders} -xdev -maxdepth 3 \( -type d -o -type f \) -perm -0002 -printf '%p %m\n'"
    return "\n".join([TEMPORARY, own, SERVICES.format("/run -xdev")])


def unsafe(printed: str) -> dict[str, str]:
    """The modes by path of what `search` printed, without shared folders that have the sticky bit.

    Raises:
        AssertionError: the search did not find /tmp, so it proves nothing.
    """
    modes = dict(line.rsplit(" ", 1) for line in printed.splitlines())
    assert "/tmp" in modes, f"the file system could not be searched: {modes}"
    return {path: mode for path, mode in modes.items() if path not in SHARED or not int(mode, 8) & 0o1000}


def test_only_folders_for_temporary_files_are_writable_by_all(lab, evidence):
    """Nobody but root adds a file to / or /run: system services look for sockets, names and settings there."""
    for machine in lab.machines:
        writable = unsafe(machine.root(search(machine.info.values), check=False))
        assert writable == {}, f"{machine.name}: writable by every account: {writable}"
    evidence("only temporary folders writable by all")
